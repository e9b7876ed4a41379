import hashlib
import logging
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.payment import utils as payment_utils

from ..protocols.errors import UnknownOutcome

_logger = logging.getLogger(__name__)

# The providers of this addon: code, and how their methods begin.
PREFIXES = {"wechat_pay": "wechat", "alipay": "alipay"}
# How long an ordinary order of the shop can be paid.
UNPAID = timedelta(minutes=30)
# Codes are good for two hours; ours are renewed a little earlier.
CODE_LIFE = timedelta(minutes=110)
# Between two queries about the same payment: those of its page, and the others.
PAGE_PAUSE = timedelta(seconds=4)
QUERY_PAUSE = timedelta(minutes=1)
QUERY_PAUSE_MAX = timedelta(hours=6)
# Refunds of one payment that may be closed before nobody tries any more.
MAX_CLOSED_REFUNDS = 3
PHONE = re.compile(r"Mobi|Android|iPhone|iPad|HarmonyOS")


class PaymentTransaction(models.Model):
    """What payments and refunds at WeChat Pay and Alipay have in common.

    Each provider has the methods `_<prefix>_precreate`, `_<prefix>_query` and
    `_<prefix>_close`. A payment stays a draft until the provider has signed that it is
    paid; what becomes of the money then is decided by `_groupbuy_receive`.
    """

    _inherit = "payment.transaction"

    groupbuy_out_trade_no = fields.Char(
        string="Number at the Provider",
        help="The provider knows this payment or refund by this number. It is derived "
        "from the reference and never changes.",
        readonly=True,
        copy=False,
    )
    groupbuy_expires_at = fields.Datetime(
        string="To Be Paid Until", readonly=True, copy=False
    )
    groupbuy_query_at = fields.Datetime(
        string="Next Query", readonly=True, copy=False, help="When to ask the provider."
    )
    groupbuy_asked_at = fields.Datetime(readonly=True, copy=False)
    groupbuy_code = fields.Char(
        string="Code", readonly=True, copy=False, groups="base.group_system"
    )
    groupbuy_code_until = fields.Datetime(
        readonly=True, copy=False, groups="base.group_system"
    )

    _groupbuy_out_trade_no_uniq = models.UniqueIndex(
        "(provider_id, groupbuy_out_trade_no)"
    )

    # === NUMBERS AND TIMES === #

    @api.model
    def _get_specific_create_values(self, provider_code, values):
        """Override of `payment`: a number at the provider, and the time to pay."""
        res = super()._get_specific_create_values(provider_code, values)
        if provider_code not in PREFIXES:
            return res
        now = fields.Datetime.now()
        own = {
            "groupbuy_out_trade_no": self._groupbuy_get_number(values["reference"]),
            "groupbuy_query_at": now + QUERY_PAUSE,
        }
        if values.get("operation") != "refund":
            own["groupbuy_expires_at"] = self._groupbuy_get_expiry(values, now)
        return {**res, **own}

    @api.model
    def _groupbuy_get_number(self, reference):
        """Derive the number at the provider: at most 32 letters, digits and _.

        Other databases of the same merchant never get the same number.
        """
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        digest = hashlib.sha256(f"{uuid}:{reference}".encode()).hexdigest()
        readable = re.sub(r"[^0-9A-Za-z]+", "_", reference)[:19]
        return f"{readable}_{digest[:12]}"

    @api.model
    def _groupbuy_get_expiry(self, values, now):
        commands = values.get("sale_order_ids") or []
        order_ids = self._fields["sale_order_ids"].convert_to_cache(commands, self)
        joins = (
            self.env["sale.order"].browse(order_ids).filtered("groupbuy_campaign_id")
        )
        expiries = [join._get_groupbuy_expiry() for join in joins]
        expiry = min(filter(None, expiries), default=now + UNPAID)
        # Providers take no payment that must be paid within seconds.
        return max(expiry, now + timedelta(minutes=1))

    def _groupbuy_get_fen(self):
        """:return: the amount as a positive integer of fen"""
        self.ensure_one()
        return payment_utils.to_minor_currency_units(abs(self.amount), self.currency_id)

    def _groupbuy_call(self, name):
        """Call this provider's own method."""
        self.ensure_one()
        return getattr(self, f"_{PREFIXES[self.provider_code]}_{name}")()

    # === PAY PAGE === #

    @api.model
    def _groupbuy_is_phone(self):
        """:return: whether a phone pays, which opens the app by itself"""
        return bool(request and PHONE.search(self._groupbuy_get_user_agent()))

    @api.model
    def _groupbuy_get_user_agent(self):
        return (request and request.httprequest.headers.get("User-Agent")) or ""

    def _groupbuy_get_pay_url(self):
        """:return: the path of our own page for this payment, without its token"""
        self.ensure_one()
        return f"/payment/{self.provider_code}/pay/{self.id}"

    def _groupbuy_get_pay_token(self):
        """:return: what opens that page"""
        self.ensure_one()
        return payment_utils.generate_access_token(
            self.id, self.groupbuy_out_trade_no, env=self.env
        )

    def _groupbuy_get_seconds(self):
        """:return: seconds that are left to pay; 0 when time is over"""
        self.ensure_one()
        left = self.groupbuy_expires_at - fields.Datetime.now()
        return max(int(left.total_seconds()), 0)

    def _groupbuy_get_code(self):
        """:return: the text of a QR code that pays this payment, a new one if the last
        has run out
        :raise UnknownOutcome, Refused: the provider gives none
        """
        self.ensure_one()
        now = fields.Datetime.now()
        if not self.groupbuy_code or self.groupbuy_code_until <= now:
            self.groupbuy_code = self._groupbuy_call("precreate")
            self.groupbuy_code_until = now + CODE_LIFE
        return self.groupbuy_code

    def _groupbuy_get_product(self):
        """:return: how this device pays on our page; native: it shows a QR code"""
        self.ensure_one()
        return "native"

    def _groupbuy_poll(self, ask=False):
        """Look after a payment whose page is open.

        :param bool ask: also ask the provider, unless that was done a moment ago
        """
        self.ensure_one()
        asked_at, now = self.groupbuy_asked_at, fields.Datetime.now()
        if (
            ask
            and self.state in ("draft", "pending")
            and not (asked_at and now - asked_at < PAGE_PAUSE)
        ):
            self._groupbuy_query()

    # === ASKING === #

    def action_groupbuy_query(self):
        """Ask the provider about these payments and refunds now.

        :raise AccessError: not an operator
        :raise UserError: the provider gives no answer, or is none of this addon's
        """
        self.check_access("read")
        self.env.user._groupbuy_check_operator()
        if not self or self.filtered(lambda tx: not tx.groupbuy_out_trade_no):
            raise UserError(self.env._("There is no provider to ask about this."))
        # Operators may not write transactions; what is written is what was signed.
        if len(self.sudo()._groupbuy_query()) < len(self):
            raise UserError(
                self.env._("The provider gives no answer now: try again later.")
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _groupbuy_query(self):
        """Ask the provider about these, and apply what it has signed.

        :return: those that it has answered about
        """
        answered = self.browse()
        for tx in self:
            try:
                with self.env.cr.savepoint():
                    tx._groupbuy_call("query")
                answered |= tx
            except UnknownOutcome as error:
                _logger.info("No answer about %s: %s", tx.reference, error)
            tx._groupbuy_plan_query()
        return answered

    def _groupbuy_close_unpaid(self):
        """Close these payments at the provider, so that nobody can pay them any more.

        One that has been paid meanwhile is taken over instead.

        :return: those that are known to be closed or paid
        """
        answered = self.browse()
        for tx in self.filtered(lambda tx: tx.state in ("draft", "pending")):
            try:
                with self.env.cr.savepoint():
                    tx._groupbuy_call("close")
                answered |= tx
            except UnknownOutcome as error:
                _logger.info("%s could not be closed: %s", tx.reference, error)
            tx._groupbuy_plan_query()
        return answered

    def _groupbuy_plan_query(self):
        """The older something is, the more rarely it is asked about."""
        now = fields.Datetime.now()
        since = self.last_state_change or self.create_date
        pause = min(max((now - since) / 2, QUERY_PAUSE), QUERY_PAUSE_MAX)
        self.groupbuy_asked_at = now
        self.groupbuy_query_at = now + pause

    @api.model
    def _groupbuy_query_pending(self, limit=200):
        """Ask about what is open: payments that may have been made, refunds under way.

        Payments whose time is over are closed. Each is committed by itself.
        """
        now = fields.Datetime.now()
        open_domain = [
            ("groupbuy_out_trade_no", "!=", False),
            ("provider_id.state", "!=", "disabled"),
            "|",
            "&",
            ("operation", "!=", "refund"),
            ("state", "in", ("draft", "pending")),
            ("state", "=", "pending"),
            "|",
            ("groupbuy_query_at", "=", False),
            ("groupbuy_query_at", "<=", now),
        ]
        due = self.search(open_domain, order="groupbuy_query_at, id", limit=limit)
        commit_progress = self.env["ir.cron"]._commit_progress
        commit_progress(remaining=len(due))
        silent = self.env["payment.provider"]
        for tx in due:
            # Who does not answer once is not asked again this time.
            if tx.provider_id not in silent and tx.try_lock_for_update():
                if not tx._groupbuy_follow_up(now):
                    silent |= tx.provider_id
            if not commit_progress(1):
                break

    def _groupbuy_follow_up(self, now):
        """:return: whether the provider has answered"""
        over = self.operation != "refund" and self.groupbuy_expires_at <= now
        try:
            with self.env.cr.savepoint():
                return self._groupbuy_close_unpaid() if over else self._groupbuy_query()
        except UserError as error:
            _logger.warning("%s cannot be asked: %s", self.provider_id.name, error)
            return self.browse()

    # === WHAT FOLLOWS === #

    def _groupbuy_trigger_post_processing(self):
        """Process what has just been paid or refunded soon, nobody waiting for it."""
        self.env.ref("payment.cron_post_process_payment_tx").sudo()._trigger()

    def _groupbuy_replace_refund(self):
        """A refund that its provider has closed for good gives way to a new one.

        A number that is closed pays out nothing, so that this cannot refund twice. Who
        closes too often is left to the operators.
        """
        self.ensure_one()
        order = self.groupbuy_order_id
        if not order:
            return
        order._groupbuy_raise_to_operators(
            self.env._("Refund %s was closed by the provider", self.reference)
        )
        closed = self.source_transaction_id.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund" and tx.state == "cancel"
        )
        if len(closed) < MAX_CLOSED_REFUNDS:
            order._groupbuy_refund_surplus()
