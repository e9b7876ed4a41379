from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_payout_bank = fields.Boolean(
        related="company_id.groupbuy_payout_bank", readonly=False
    )
    groupbuy_payout_wechat = fields.Boolean(
        related="company_id.groupbuy_payout_wechat", readonly=False
    )
    groupbuy_payout_alipay = fields.Boolean(
        related="company_id.groupbuy_payout_alipay", readonly=False
    )
    groupbuy_payout_minimum = fields.Monetary(
        related="company_id.groupbuy_payout_minimum", readonly=False
    )
    groupbuy_payout_daily = fields.Monetary(
        related="company_id.groupbuy_payout_daily", readonly=False
    )
    groupbuy_payout_approval_limit = fields.Monetary(
        related="company_id.groupbuy_payout_approval_limit", readonly=False
    )
    groupbuy_payout_fee_percent = fields.Float(
        related="company_id.groupbuy_payout_fee_percent", readonly=False
    )
    groupbuy_payout_fee_fixed = fields.Monetary(
        related="company_id.groupbuy_payout_fee_fixed", readonly=False
    )
    groupbuy_wechat_scene = fields.Char(
        related="company_id.groupbuy_wechat_scene", readonly=False
    )
    groupbuy_wallet_refund = fields.Boolean(
        related="company_id.groupbuy_wallet_refund", readonly=False
    )
