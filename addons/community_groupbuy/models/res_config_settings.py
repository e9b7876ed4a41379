from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_hold_minutes = fields.Integer(
        related="company_id.groupbuy_hold_minutes", readonly=False
    )
    groupbuy_nudge_hours = fields.Integer(
        related="company_id.groupbuy_nudge_hours", readonly=False
    )
    groupbuy_nudge_percent = fields.Integer(
        related="company_id.groupbuy_nudge_percent", readonly=False
    )
    groupbuy_nudge_sms = fields.Boolean(
        related="company_id.groupbuy_nudge_sms", readonly=False
    )
    groupbuy_ready_sms = fields.Boolean(
        related="company_id.groupbuy_ready_sms", readonly=False
    )
    groupbuy_step_sms = fields.Boolean(
        related="company_id.groupbuy_step_sms", readonly=False
    )
    groupbuy_collect_days = fields.Integer(
        related="company_id.groupbuy_collect_days", readonly=False
    )
    groupbuy_uncollected_rule = fields.Selection(
        related="company_id.groupbuy_uncollected_rule", readonly=False, required=True
    )
    groupbuy_claim_days = fields.Integer(
        related="company_id.groupbuy_claim_days", readonly=False
    )
