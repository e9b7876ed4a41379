from odoo import api, fields, models
from odoo.fields import Domain


class GroupbuyOffer(models.Model):
    _inherit = "groupbuy.offer"

    withheld = fields.Boolean(
        related="product_id.product_tmpl_id.groupbuy_withheld",
        store=True,
        help="Nobody sees or joins it: the merchant's goods are not reviewed, not "
        "published, or the merchant does not sell.",
    )
    merchant_id = fields.Many2one(
        related="product_id.product_tmpl_id.groupbuy_merchant_id", string="Merchant"
    )

    @api.model
    def _get_shown_domain(self):
        """Override: nothing withheld is shown."""
        return super()._get_shown_domain() & Domain("withheld", "=", False)

    def _get_image_url(self, field):
        """Override: nor its picture."""
        return None if self.sudo().withheld else super()._get_image_url(field)

    def _prepare_storefront_values(self, progress):
        """Override to say from whom residents buy."""
        values = super()._prepare_storefront_values(progress)
        # Residents may know from whom they buy.
        values["seller"] = self.sudo().merchant_id.name or ""
        return values
