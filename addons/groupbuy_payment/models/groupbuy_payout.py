import math

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.community_groupbuy.record_id import find_record

# Money that is promised or on its way: nobody else may have it.
LIVE = ("requested", "approved", "sent", "awaiting")
MAX_KEY = 64
METHODS = {"bank": "bank_file", "wechat": "wechat", "alipay": "alipay"}


class GroupbuyPayout(models.Model):
    """One withdrawal of a leader or a merchant, with a number that never changes.

    requested → approved → sent → awaiting → paid; or it ends as refused, cancelled,
    failed, expired or, after it was paid, returned: the money can be withdrawn again.
    """

    _name = "groupbuy.payout"
    _description = "Payout"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _mail_post_access = "read"

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    payee_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    account_id = fields.Many2one(
        "groupbuy.payee.account",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    account_holder = fields.Char(related="account_id.holder")
    account_state = fields.Selection(
        related="account_id.state", string="Account Status"
    )
    method = fields.Selection(
        [
            ("bank_file", "Bank File"),
            ("wechat", "WeChat Transfer"),
            ("alipay", "Alipay Transfer"),
            ("manual", "By Hand"),
        ],
        required=True,
        readonly=True,
        tracking=True,
    )
    amount = fields.Monetary(required=True, readonly=True)
    fee = fields.Monetary(readonly=True)
    net_amount = fields.Monetary(
        string="Paid Out",
        compute="_compute_net_amount",
        store=True,
        help="What the payee receives: the amount less the fee.",
    )
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("sent", "Sent"),
            ("awaiting", "Awaiting Confirmation"),
            ("paid", "Paid"),
            ("failed", "Failed"),
            ("expired", "Not Confirmed in Time"),
            ("refused", "Refused"),
            ("cancelled", "Cancelled"),
            ("returned", "Came Back"),
        ],
        required=True,
        readonly=True,
        default="requested",
        copy=False,
        index=True,
        tracking=True,
    )
    reason = fields.Char(readonly=True, copy=False, help="Shown to the payee.")
    key = fields.Char(readonly=True, copy=False, groups="base.group_system")
    requested_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_at = fields.Datetime(readonly=True, copy=False)
    sent_at = fields.Datetime(readonly=True, copy=False)
    awaiting_at = fields.Datetime(readonly=True, copy=False)
    ended_at = fields.Datetime(readonly=True, copy=False)
    provider_id = fields.Many2one("payment.provider", readonly=True, copy=False)
    provider_reference = fields.Char(readonly=True, copy=False)
    package_info = fields.Char(
        readonly=True, copy=False, groups="base.group_system", exportable=False
    )
    tries = fields.Integer(readonly=True, copy=False)
    asked_at = fields.Datetime(string="Last Asked", readonly=True, copy=False)
    unknown_at = fields.Datetime(
        string="Last Unknown Answer",
        readonly=True,
        copy=False,
        help="When it was last not known whether the provider had taken the order.",
    )
    batch_id = fields.Many2one(
        "groupbuy.payout.batch", readonly=True, copy=False, index="btree_not_null"
    )
    payment_id = fields.Many2one("account.payment", readonly=True, copy=False)
    # Operators need no rights on payments to see which have left the bank.
    is_matched = fields.Boolean(
        related="payment_id.is_matched", string="On a Bank Statement", store=True
    )

    _name_unique = models.Constraint(
        "UNIQUE(name)", "A payout has a number of its own."
    )
    _name_check = models.Constraint(
        "CHECK(name ~ '^[A-Za-z0-9]{1,32}$')",
        "A payout's number has 1 to 32 letters and digits.",
    )
    _amount_check = models.Constraint(
        "CHECK(amount > 0 AND fee >= 0 AND fee < amount)",
        "A payout is above 0, and its fee is less than it.",
    )
    _key_unique = models.UniqueIndex("(payee_id, key) WHERE key IS NOT NULL")
    _live_index = models.Index(
        "(state) WHERE state IN ('requested', 'approved', 'sent', 'awaiting')"
    )

    @api.depends("amount", "fee")
    def _compute_net_amount(self):
        for payout in self:
            payout.net_amount = payout.currency_id.round(payout.amount - payout.fee)

    def _is_live(self):
        """Whether the money is promised or on its way."""
        self.ensure_one()
        return self.state in LIVE

    @api.model
    def _get_pending_domain(self):
        """:return: the payouts whose money no bill shows as paid yet"""
        return Domain("state", "in", LIVE) | (
            Domain("state", "=", "paid") & Domain("payment_id", "=", False)
        )

    @api.model
    def _sum_amounts(self, domain):
        ((total,),) = self._read_group(domain, [], ["amount:sum"])
        return total or 0.0

    # === REQUEST === #

    @api.model
    def request(self, amount, account_id, key=None):
        """Withdraw money that open bills owe the owner of an account.

        Payees withdraw to their own accounts, operators on behalf of anybody.

        :param float amount: with the fee, in the company's currency, above 0
        :param int account_id: of `groupbuy.payee.account`
        :param str key: at most 64 characters; the same key again is the same payout
        :return: {"payout_id": int, "name": str, "amount": float, "fee": float,
            "net_amount": float, "state": str}
        :raise AccessError: the account is somebody else's
        :raise UserError: bad input, or more than there is or than is allowed
        """
        account_sudo = self._find_account(account_id)
        payout_sudo = self._request(amount, account_sudo, key)
        return {
            "payout_id": payout_sudo.id,
            "name": payout_sudo.name,
            "amount": payout_sudo.amount,
            "fee": payout_sudo.fee,
            "net_amount": payout_sudo.net_amount,
            "state": payout_sudo.state,
        }

    @api.model
    def preview(self, amount, account_id):
        """Say what :meth:`request` would do, without doing it.

        :return: {"amount": float, "fee": float, "net_amount": float}
        :raise AccessError, UserError: as :meth:`request`
        """
        account_sudo = self._find_account(account_id)
        payee, company = account_sudo.partner_id, account_sudo.company_id
        payouts_sudo = self.sudo().with_company(company)
        payouts_sudo._check_account(account_sudo)
        payouts_sudo._check_amount(amount, payee, company)
        fee = company._groupbuy_get_payout_fee(amount)
        return {
            "amount": amount,
            "fee": fee,
            "net_amount": company.currency_id.round(amount - fee),
        }

    def _find_account(self, account_id):
        """:return: the account, sudoed, once the user may withdraw to it"""
        # Whose it is is checked below.
        account_sudo = find_record(
            self.env["groupbuy.payee.account"].sudo(), account_id
        )
        if not account_sudo:
            raise UserError(self.env._("Choose where to be paid."))
        return account_sudo.with_user(self.env.user)._check_own()

    def _request(self, amount, account_sudo, key=None):
        """:return: the payout, sudoed; see :meth:`request`"""
        if key is not None and (
            not isinstance(key, str) or not 0 < len(key) <= MAX_KEY
        ):
            raise UserError(
                self.env._("The key must have 1 to %s characters.", MAX_KEY)
            )
        payee, company = account_sudo.partner_id, account_sudo.company_id
        # Payees cannot write payouts; what they may do is checked before.
        payouts_sudo = self.sudo().with_company(company)
        payee._groupbuy_lock_payouts()
        if key and (
            same := payouts_sudo.search(
                [("payee_id", "=", payee.id), ("key", "=", key)], limit=1
            )
        ):
            if same.account_id != account_sudo or same.amount != amount:
                raise UserError(self.env._("This key was used for another payout."))
            return same
        payouts_sudo._check_account(account_sudo)
        payouts_sudo._check_amount(amount, payee, company)
        payout_sudo = payouts_sudo.create(
            {
                "name": self.env["ir.sequence"].sudo().next_by_code("groupbuy.payout"),
                "company_id": company.id,
                "payee_id": payee.id,
                "account_id": account_sudo.id,
                "method": METHODS[account_sudo.kind],
                "amount": amount,
                "fee": company._groupbuy_get_payout_fee(amount),
                "key": key,
                "requested_by_id": self.env.uid,
            }
        )
        return payout_sudo

    def _check_account(self, account_sudo):
        if (
            account_sudo.kind
            not in account_sudo.company_id._groupbuy_get_payout_kinds()
        ):
            raise UserError(self.env._("Payouts to such accounts are not offered."))
        if not account_sudo.active or account_sudo.state == "refused":
            raise UserError(self.env._("This account cannot be used. Add another one."))

    def _check_amount(self, amount, payee, company):
        """:raise UserError: `payee` cannot withdraw this amount now"""
        currency = company.currency_id
        if (
            not isinstance(amount, int | float)
            or isinstance(amount, bool)
            or not math.isfinite(amount)
            or abs(amount) > 1e12
            or currency.round(amount) != amount
            or amount <= 0
        ):
            raise UserError(
                self.env._("Write an amount above 0, with at most two decimals.")
                if currency.decimal_places == 2
                else self.env._("Write an amount above 0.")
            )
        if currency.compare_amounts(amount, company.groupbuy_payout_minimum) < 0:
            raise UserError(
                self.env._(
                    "The smallest payout is %s.",
                    currency.format(company.groupbuy_payout_minimum),
                )
            )
        fee = company._groupbuy_get_payout_fee(amount)
        if currency.compare_amounts(fee, amount) >= 0:
            raise UserError(
                self.env._("The fee of %s is not less than it.", currency.format(fee))
            )
        available = payee._groupbuy_get_money(company)["available"]
        if currency.compare_amounts(amount, available) > 0:
            raise UserError(
                self.env._("At most %s can be paid out.", currency.format(available))
            )
        self._check_daily(amount, payee, company)

    def _check_daily(self, amount, payee, company):
        most = company.groupbuy_payout_daily
        if not most:
            return
        today = company._get_groupbuy_date()
        recent = self.search(
            [
                ("payee_id", "=", payee.id),
                ("company_id", "=", company.id),
                ("state", "in", (*LIVE, "paid")),
                (
                    "create_date",
                    ">",
                    fields.Datetime.subtract(fields.Datetime.now(), days=2),
                ),
            ]
        )
        spent = sum(
            recent.filtered(
                lambda payout: company._get_groupbuy_date(payout.create_date) == today
            ).mapped("amount")
        )
        if company.currency_id.compare_amounts(spent + amount, most) > 0:
            raise UserError(
                self.env._(
                    "At most %(most)s a day; today %(spent)s were requested already.",
                    most=company.currency_id.format(most),
                    spent=company.currency_id.format(spent),
                )
            )

    # === CANCEL === #

    def action_cancel(self):
        """Withdraw requests that have not been sent; the money is free again.

        :raise AccessError: somebody else's
        :raise UserError: it has been sent
        """
        payouts_sudo = self.sudo().exists()
        own = payouts_sudo.payee_id == self.env.user._groupbuy_get_payee()
        if not payouts_sudo or not (own or self._is_operator()):
            raise AccessError(self.env._("You can cancel your own payouts only."))
        payouts_sudo._lock()
        if payouts_sudo.filtered(
            lambda payout: payout.state not in ("requested", "approved")
        ):
            raise UserError(
                self.env._("This payout is on its way: it cannot be cancelled.")
            )
        payouts_sudo._end("cancelled")

    def _is_operator(self):
        return self.env.su or self.env.user._groupbuy_is_operator()

    def _lock(self):
        """Decide about these payouts alone.

        :raise UserError: somebody else is doing so at this moment
        """
        self.env.flush_all()
        if self.try_lock_for_update() != self:
            raise UserError(
                self.env._("Somebody else is working on this payout. Try again.")
            )
        self.invalidate_recordset(["state", "tries", "payment_id"])

    def _end(self, state, reason=False):
        self.write(
            {
                "state": state,
                "reason": reason,
                "ended_at": fields.Datetime.now(),
                "package_info": False,
            }
        )
        self._end_warnings()

    def _end_warnings(self):
        """Take what was raised on these payouts off the operators' lists again."""
        warnings = self.activity_search(["mail.mail_activity_data_warning"])
        warnings.action_feedback()

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Payouts are kept. Cancel them instead."))
