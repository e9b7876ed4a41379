from odoo import fields, models


class StockLocation(models.Model):
    _inherit = "stock.location"

    groupbuy_points = fields.Boolean(
        string="Holds Pickup Points",
        help="Parent of the locations of the group-buy pickup points.",
    )
