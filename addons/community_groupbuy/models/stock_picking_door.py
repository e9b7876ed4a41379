from odoo import models


class StockPicking(models.Model):
    """Deliveries to the door: sent when validated."""

    _inherit = "stock.picking"

    def _action_done(self):
        """Override of `stock` to tell residents that their parcel is on its way."""
        result = super()._action_done()
        parcels = self.filtered(
            lambda picking: picking.groupbuy_kind == "door" and picking.state == "done"
        )
        if parcels:
            parcels.groupbuy_stage = "way"
            parcels.sale_id._groupbuy_notify("community_groupbuy.mail_template_sent")
        return result
