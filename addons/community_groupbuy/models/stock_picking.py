from odoo import fields, models


class StockPicking(models.Model):
    """The ways of group-buy goods: warehouse, pickup point, resident, and back."""

    _inherit = "stock.picking"

    groupbuy_kind = fields.Selection(
        [
            ("transfer", "To a Pickup Point"),
            ("handover", "Hand-over"),
            ("door", "To the Door"),
            ("takeback", "Back from a Resident"),
            ("return", "Back to the Warehouse"),
        ],
        string="Group-buy Way",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    groupbuy_campaign_id = fields.Many2one(
        "groupbuy.campaign",
        string="Group Buy",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    pickup_point_id = fields.Many2one(
        "groupbuy.pickup.point", index="btree_not_null", copy=False, readonly=True
    )
    groupbuy_stage = fields.Selection(
        [
            ("warehouse", "In the Warehouse"),
            ("way", "On the Way"),
            ("point", "At the Point"),
        ],
        string="Goods Are",
        copy=False,
        readonly=True,
        help="Of a transfer: left when validated, at the point once arrival has been "
        "recorded. Of a hand-over: as far as the last of its goods has come.",
    )
