from odoo import fields, models


class StockMove(models.Model):
    _inherit = "stock.move"

    groupbuy_claim_line_id = fields.Many2one(
        "groupbuy.claim.line",
        string="After-sales Request Line",
        index="btree_not_null",
        readonly=True,
    )
