from odoo import fields, models


class StockScrap(models.Model):
    _inherit = "stock.scrap"

    groupbuy_issue_id = fields.Many2one(
        "groupbuy.arrival.issue",
        string="Arrival Issue",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
