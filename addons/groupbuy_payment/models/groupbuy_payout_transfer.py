import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..protocols.errors import UnknownOutcome

_logger = logging.getLogger(__name__)

MAX_TRIES = 5
ASK_LIMIT = 500
# Longer than any request of ours can be under way.
IN_FLIGHT = timedelta(minutes=10)
ENDED = ("failed", "expired", "cancelled")


class GroupbuyPayout(models.Model):
    """Transfers by WeChat and Alipay.

    The provider is asked about a number before it is sent, also the first time: a job
    that was killed anywhere is run again, and cannot know how far it had come. The
    number never changes, so whatever arrives twice is one transfer.
    """

    _inherit = "groupbuy.payout"

    fund_bill_id = fields.Many2one(
        "groupbuy.bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="On which the money leaves.",
    )
    return_bill_id = fields.Many2one(
        "groupbuy.bill",
        string="Fund Bill of the Return",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="On which the money comes back.",
    )

    def _enqueue(self, method="_transfer"):
        for payout in self:
            delayed = payout.with_delay(
                channel="root.groupbuy",
                identity_key=f"groupbuy-payout-{payout.id}-{method}",
                description=self.env._("Send payout %s", payout.name),
            )
            getattr(delayed, method)()

    def _transfer(self):
        """Bring one transfer a step further: ask, send if unknown, note the answer."""
        self.ensure_one()
        if not self.try_lock_for_update():
            return
        self.invalidate_recordset()
        if self.state not in ("sent", "awaiting") or not self.provider_id:
            return
        self.write({"tries": self.tries + 1, "asked_at": fields.Datetime.now()})
        try:
            answer = self._ask()
            if answer is None and self.state == "sent":
                answer = self._place()
        except UnknownOutcome as error:
            # Nobody knows whether the money is on its way: ask again later.
            self.unknown_at = fields.Datetime.now()
            _logger.info("Payout %s: no answer yet (%s)", self.name, error)
            answer = None
        except UserError as error:
            # The provider is not set up: nothing was sent this time.
            self._raise_to_operators(str(error))
            answer = None
        if answer:
            self._apply(answer)
        if self.state == "sent" and self.tries >= MAX_TRIES:
            self._raise_to_operators(
                self.env._("Payout %s: the provider does not say more", self.name)
            )

    def _place(self):
        """Send the transfer.

        :return: the provider's answer as :meth:`_apply` takes it; None: try again later
        """
        answer = getattr(self, f"_{self.method}_place")()
        if answer["state"] != "refused":
            return answer
        # Refused for good: unless an earlier try, whose answer was lost, is still
        # under way, the provider has no such transfer and never will.
        reason = answer["reason"]
        if answer["temporary"]:
            self.reason = reason
            self._raise_to_operators(
                self.env._("Payout %(name)s: %(reason)s", name=self.name, reason=reason)
            )
            return None
        known = self._ask()
        if known is not None:
            return known
        return {"state": "failed", "reason": reason} if self._is_forgotten() else None

    def _is_forgotten(self):
        """Whether none of our requests can still be under way."""
        return not self.unknown_at or (
            fields.Datetime.now() - self.unknown_at > IN_FLIGHT
        )

    def _ask(self):
        """:return: what the provider knows of this number; None: nothing"""
        return getattr(self, f"_{self.method}_ask")()

    def _give_up(self):
        """End a transfer that is not accepted or not confirmed, if that is certain."""
        self.ensure_one()
        if not self.try_lock_for_update():
            return
        self.invalidate_recordset()
        if self.state not in ("sent", "awaiting"):
            return
        try:
            answer = self._ask()
            if answer and answer["state"] == "awaiting":
                answer = getattr(self, f"_{self.method}_cancel")()
        except UnknownOutcome:
            self.unknown_at = fields.Datetime.now()
            return
        except UserError as error:
            self._raise_to_operators(str(error))
            return
        if answer is None and self.state == "sent" and self._is_forgotten():
            answer = {"state": "failed", "reason": self.reason}
        if answer:
            self._apply(answer)

    def _ask_anew(self):
        """Ask what has become of a transfer, also when it had ended: it may have come
        back since."""
        self.ensure_one()
        if not self.try_lock_for_update():
            return
        self.invalidate_recordset()
        if not self.provider_id or self.state in ("requested", "approved", "returned"):
            return
        try:
            answer = self._ask()
        except (UnknownOutcome, UserError) as error:
            # The sweep goes on with those under way; bills show what it misses.
            _logger.info("Payout %s: no answer yet (%s)", self.name, error)
            return
        if answer:
            self._apply(answer)

    # === ANSWERS === #

    def _apply(self, answer):
        """Note what a provider says, in a verified answer or notification.

        Repeated, reordered and late answers change nothing that is final, with two
        exceptions: money that did leave is always written down, and so is money that
        came back after that.

        :param dict answer: "state" (sent, awaiting, paid, failed, expired, cancelled,
            returned), and, if known, "amount" (in the smallest unit), "reference",
            "reason", "package_info"
        """
        self.ensure_one()
        state = answer["state"]
        amount = answer.get("amount")
        if amount is not None and amount != self._get_net_units():
            self._raise_to_operators(
                self.env._(
                    "Payout %(name)s: the provider's amount is another", name=self.name
                )
            )
            return
        if reference := answer.get("reference"):
            self.provider_reference = reference
        if self.state == "returned":
            return
        if state == "returned":
            if self.state == "paid":
                self._come_back(answer.get("reason") or False)
                return
            state = "failed"
        if state == "paid":
            late = self.state in ENDED
            if self.state != "paid":
                self._pay(self.provider_reference)
            if late:
                self._raise_to_operators(
                    self.env._("Payout %s was paid after it had ended", self.name)
                )
        elif self.state in ("sent", "awaiting"):
            if state in ENDED:
                self._end(state, answer.get("reason") or False)
            elif state == "awaiting":
                self._await(answer.get("package_info"))

    def _await(self, package_info):
        vals = {"package_info": package_info or self.sudo().package_info}
        if self.state != "awaiting":
            vals.update(state="awaiting", awaiting_at=fields.Datetime.now())
        self.write(vals)

    def _get_net_units(self):
        """:return: what the payee receives, in the currency's smallest unit"""
        return round(self.net_amount * 10**self.currency_id.decimal_places)

    def _raise_to_operators(self, note):
        """Leave an activity on this payout, once."""
        self.ensure_one()
        if note not in self.activity_ids.mapped("summary"):
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=note,
                user_id=(self.approved_by_id or self.env.user).id,
            )

    # === SWEEP === #

    @api.model
    def _sweep(self):
        """Follow transfers that have not ended, also after an outage.

        The pause doubles with every try, from one minute to an hour.
        """
        now = fields.Datetime.now()
        waiting = self.search(
            [("state", "in", ("sent", "awaiting")), ("provider_id", "!=", False)],
            order="asked_at, id",
            limit=ASK_LIMIT,
        )
        waiting.filtered(
            lambda payout: (
                not payout.asked_at
                or payout.asked_at + timedelta(minutes=min(2**payout.tries, 60)) <= now
            )
        )._enqueue()
        self._book_pending()
