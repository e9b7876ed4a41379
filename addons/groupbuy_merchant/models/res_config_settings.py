from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_merchant_fee = fields.Float(
        related="company_id.groupbuy_merchant_fee", readonly=False
    )
    groupbuy_merchant_price_change = fields.Float(
        related="company_id.groupbuy_merchant_price_change", readonly=False
    )
    groupbuy_merchant_terms = fields.Html(
        related="company_id.groupbuy_merchant_terms", readonly=False
    )
    groupbuy_merchant_terms_version = fields.Char(
        related="company_id.groupbuy_merchant_terms_version", readonly=False
    )
    groupbuy_merchant_remind_days = fields.Integer(
        related="company_id.groupbuy_merchant_remind_days", readonly=False
    )
