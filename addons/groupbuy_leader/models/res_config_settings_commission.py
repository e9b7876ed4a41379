from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_service_rate = fields.Float(
        related="company_id.groupbuy_service_rate", readonly=False
    )
    groupbuy_referral_rate = fields.Float(
        related="company_id.groupbuy_referral_rate", readonly=False
    )
    groupbuy_commission_base = fields.Selection(
        related="company_id.groupbuy_commission_base", readonly=False, required=True
    )
