from odoo import models


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _can_return_content(self, field_name=None, access_token=None):
        """Override of `website`, which hands out files of whatever is published."""
        if self.sudo().groupbuy_withheld:
            return False
        return super()._can_return_content(field_name, access_token)

    def _is_add_to_cart_allowed(self):
        """Override of `website_sale`, which lets administrators buy everything."""
        return not self.sudo().groupbuy_withheld and super()._is_add_to_cart_allowed()
