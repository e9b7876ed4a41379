from odoo import fields, models


class GroupbuyClaimReason(models.Model):
    _name = "groupbuy.claim.reason"
    _description = "After-sales Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_defect = fields.Boolean(
        string="Our Fault",
        default=True,
        help="Short, damaged, bad or wrong goods. Residents may say so as soon as they "
        "have the goods in hand, and others who bought the same may be asked.",
    )
