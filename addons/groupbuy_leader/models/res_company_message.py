from odoo import fields, models


class ResCompany(models.Model):
    """How much leaders may write to residents."""

    _inherit = "res.company"

    groupbuy_leader_message_limit = fields.Integer(
        string="Leaders' Messages a Day",
        default=3,
        help="How often a leader may write to residents in a day; 0 for never.",
    )
    groupbuy_leader_sms = fields.Boolean(
        string="Leaders May Send SMS",
        help="Text messages cost; they say what their template says.",
    )

    _groupbuy_leader_message_check = models.Constraint(
        "CHECK(groupbuy_leader_message_limit BETWEEN 0 AND 50)",
        "A leader writes 0 to 50 messages a day.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_leader_message_limit = fields.Integer(
        related="company_id.groupbuy_leader_message_limit", readonly=False
    )
    groupbuy_leader_sms = fields.Boolean(
        related="company_id.groupbuy_leader_sms", readonly=False
    )
