from odoo import models
from odoo.fields import Domain


class Website(models.Model):
    _inherit = "website"

    def _product_domain(self):
        """Override of `website_sale`: nothing withheld is in the shop, its search, on
        its sitemap or in its snippets, whoever looks."""
        return [*super()._product_domain(), ("groupbuy_withheld", "=", False)]

    def _get_basic_feed_product_domain(self):
        """Override of `website_sale`: nor in what is fed to search engines."""
        domain = Domain(super()._get_basic_feed_product_domain())
        return domain & Domain("groupbuy_withheld", "=", False)
