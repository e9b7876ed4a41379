from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    groupbuy_referral_days = fields.Integer(
        string="Links Count For",
        default=30,
        help="Days after following a leader's link in which an order counts as brought "
        "by that leader; the last link counts.",
    )

    _groupbuy_referral_days_check = models.Constraint(
        "CHECK(groupbuy_referral_days BETWEEN 0 AND 365)",
        "Leaders' links count for 0 to 365 days.",
    )
