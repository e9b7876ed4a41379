from odoo import fields, models

KINDS = ("bank", "wechat", "alipay")


class ResCompany(models.Model):
    """Rules of payouts, and the accounts that they are booked on."""

    _inherit = "res.company"

    groupbuy_payout_bank = fields.Boolean(string="Payouts to Banks", default=True)
    groupbuy_payout_wechat = fields.Boolean(string="Payouts to WeChat")
    groupbuy_payout_alipay = fields.Boolean(string="Payouts to Alipay")
    groupbuy_payout_minimum = fields.Monetary(
        string="Smallest Payout", default=10, help="A payout is at least this much."
    )
    groupbuy_payout_daily = fields.Monetary(
        string="Most per Day",
        default=50000,
        help="A payee can request at most this much in one day; 0 for no limit.",
    )
    groupbuy_payout_approval_limit = fields.Monetary(
        string="Second Person From",
        default=5000,
        help="A payout of more than this is approved by somebody who neither requested "
        "it nor entered or checked the account.",
    )
    groupbuy_payout_fee_percent = fields.Float(string="Fee in Percent")
    groupbuy_payout_fee_fixed = fields.Monetary(string="Fixed Fee")
    groupbuy_payout_journal_id = fields.Many2one(
        "account.journal",
        string="Payout Journal",
        copy=False,
        domain="[('type', '=', 'bank')]",
        help="Where payouts through the bank are booked. Those through WeChat and "
        "Alipay are booked where the payments that they brought are.",
    )
    groupbuy_transit_account_id = fields.Many2one(
        "account.account",
        string="Payouts in Transit",
        copy=False,
        domain="[('account_type', '=', 'asset_current')]",
        help="What was paid out through the bank and is on no statement of it yet.",
    )
    groupbuy_payout_fee_account_id = fields.Many2one(
        "account.account",
        string="Payout Fees",
        copy=False,
        domain="[('account_type', 'in', ('income', 'income_other'))]",
    )
    groupbuy_wechat_scene = fields.Char(
        string="WeChat Transfer Scene",
        default="1005",
        help="As agreed with WeChat Pay; 1005 is pay for services.",
    )

    _groupbuy_payout_check = models.Constraint(
        "CHECK(groupbuy_payout_minimum >= 0 AND groupbuy_payout_daily >= 0"
        " AND groupbuy_payout_approval_limit >= 0 AND groupbuy_payout_fee_fixed >= 0"
        " AND groupbuy_payout_fee_percent BETWEEN 0 AND 50)",
        "Limits and fees of payouts are not negative; the fee is at most 50 percent.",
    )

    def _groupbuy_get_payout_kinds(self):
        """:return: the kinds of accounts to which payouts are allowed"""
        self.ensure_one()
        return [kind for kind in KINDS if self[f"groupbuy_payout_{kind}"]]

    def _groupbuy_get_payout_fee(self, amount):
        """:return: what the platform keeps of a payout of `amount`"""
        self.ensure_one()
        return self.currency_id.round(
            amount * self.groupbuy_payout_fee_percent / 100
            + self.groupbuy_payout_fee_fixed
        )

    # === BOOKS === #

    def _groupbuy_get_account_specs(self):
        """Override to add the accounts of payouts."""
        return {
            **super()._groupbuy_get_account_specs(),
            "groupbuy_transit_account_id": (
                "100900",
                "asset_current",
                self.env._("Payouts in transit"),
            ),
            "groupbuy_payout_fee_account_id": (
                "505100",
                "income_other",
                self.env._("Payout fees"),
            ),
        }

    def _groupbuy_get_journal_specs(self):
        """Override to add the journal of payouts through the bank."""
        return {
            **super()._groupbuy_get_journal_specs(),
            "groupbuy_payout_journal_id": {
                "name": self.env._("Payouts"),
                "code": "GBPO",
                "type": "bank",
            },
        }

    def _groupbuy_ensure_books(self):
        """Override: what was paid stands on its own account until the bank's statement
        shows it."""
        new = self.filtered(lambda company: not company.groupbuy_payout_journal_id)
        result = super()._groupbuy_ensure_books()
        for company_sudo in new.filtered("groupbuy_payout_journal_id").sudo():
            transit = company_sudo.groupbuy_transit_account_id
            transit.reconcile = True
            journal = company_sudo.groupbuy_payout_journal_id
            journal.outbound_payment_method_line_ids.payment_account_id = transit
        return result
