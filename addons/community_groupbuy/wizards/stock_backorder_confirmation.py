from odoo import api, fields, models


class StockBackorderConfirmation(models.TransientModel):
    _inherit = "stock.backorder.confirmation"

    groupbuy_has_transfers = fields.Boolean(compute="_compute_groupbuy_has_transfers")

    @api.depends("pick_ids")
    def _compute_groupbuy_has_transfers(self):
        for wizard in self:
            wizard.groupbuy_has_transfers = "transfer" in wizard.pick_ids.mapped(
                "groupbuy_kind"
            )
