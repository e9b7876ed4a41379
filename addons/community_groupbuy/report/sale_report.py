from odoo import fields, models


class SaleReport(models.Model):
    _inherit = "sale.report"

    groupbuy_campaign_id = fields.Many2one(
        "groupbuy.campaign", string="Group Buy", readonly=True
    )
    pickup_point_id = fields.Many2one("groupbuy.pickup.point", readonly=True)

    def _select_additional_fields(self):
        """Override of `sale` to analyse sales by group buy and pickup point."""
        return {
            **super()._select_additional_fields(),
            "groupbuy_campaign_id": "s.groupbuy_campaign_id",
            "pickup_point_id": "s.pickup_point_id",
        }

    def _group_by_sale(self):
        """Override of `sale`, see `_select_additional_fields`."""
        return f"""{super()._group_by_sale()},
            s.groupbuy_campaign_id,
            s.pickup_point_id"""
