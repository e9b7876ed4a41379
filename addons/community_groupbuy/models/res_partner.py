from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    groupbuy_pickup_point_id = fields.Many2one(
        "groupbuy.pickup.point",
        string="Pickup Point",
        help="Where this resident collected last, proposed when joining again.",
    )
