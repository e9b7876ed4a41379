from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    groupbuy_settlement_period = fields.Selection(
        related="company_id.groupbuy_settlement_period", readonly=False, required=True
    )
    groupbuy_settlement_minimum = fields.Monetary(
        related="company_id.groupbuy_settlement_minimum", readonly=False
    )
    groupbuy_share_journal_id = fields.Many2one(
        related="company_id.groupbuy_share_journal_id", readonly=False
    )
    groupbuy_bill_journal_id = fields.Many2one(
        related="company_id.groupbuy_bill_journal_id", readonly=False
    )
    groupbuy_merchant_account_id = fields.Many2one(
        related="company_id.groupbuy_merchant_account_id", readonly=False
    )
    groupbuy_leader_account_id = fields.Many2one(
        related="company_id.groupbuy_leader_account_id", readonly=False
    )
    groupbuy_merchant_expense_account_id = fields.Many2one(
        related="company_id.groupbuy_merchant_expense_account_id", readonly=False
    )
    groupbuy_leader_expense_account_id = fields.Many2one(
        related="company_id.groupbuy_leader_expense_account_id", readonly=False
    )
