from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_referral_days = fields.Integer(
        related="company_id.groupbuy_referral_days", readonly=False
    )
