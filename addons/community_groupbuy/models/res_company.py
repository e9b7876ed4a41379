from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    groupbuy_hold_minutes = fields.Integer(
        string="Hold for Payment",
        default=15,
        help="Minutes for which a join is held until it is paid.",
    )
    groupbuy_nudge_hours = fields.Integer(
        string="Nudge Before Closing",
        default=3,
        help="Hours before closing at which those who joined hear how little is "
        "missing for the next price; 0 for never.",
    )
    groupbuy_nudge_percent = fields.Integer(
        string="Nudge When Missing",
        default=20,
        help="The nudge is sent when at most this percentage of the next tier's "
        "quantity is missing.",
    )
    groupbuy_nudge_sms = fields.Boolean(string="Nudge by SMS Too")

    _groupbuy_hold_minutes_check = models.Constraint(
        "CHECK(groupbuy_hold_minutes BETWEEN 1 AND 1440)",
        "Joins are held for 1 to 1,440 minutes.",
    )
    _groupbuy_nudge_check = models.Constraint(
        "CHECK(groupbuy_nudge_hours BETWEEN 0 AND 168"
        " AND groupbuy_nudge_percent BETWEEN 0 AND 100)",
        "Nudges go out 0 to 168 hours before closing, for 0 to 100 percent missing.",
    )
