from datetime import timedelta

from odoo import models
from odoo.fields import Domain

from .groupbuy_bill_match import MARGIN

# What both providers call money that goes to people.
TRANSFER = "转账"
# A transfer that has come to nothing is on the account again within this time.
BACK = timedelta(days=1)


class GroupbuyBill(models.Model):
    """Transfers on the bills of funds, one by one.

    Each leaves once; what was not confirmed, failed or was returned comes back once.
    """

    _inherit = "groupbuy.bill"

    def _match_payouts(self, rows, findings):
        """Match a bill's other movements with payouts.

        :param rows: of kind `other`
        :param dict findings: is added to
        """
        payouts = none = self.env["groupbuy.payout"]
        for mark in ("fund_bill_id", "return_bill_id"):
            none.search([(mark, "=", self.id)])[mark] = False
        if self.kind != "fund":
            return
        known = self._find_payouts(rows)
        for row in rows:
            payout = known.get(row.number) or known.get(row.provider_number) or none
            mark = "fund_bill_id" if row.amount < 0 else "return_bill_id"
            if payout and not payout[mark]:
                payout[mark] = self
                payouts |= payout
                ours = payout._get_net_units() * (1 if row.amount > 0 else -1)
                if ours != row.amount:
                    self._add_payout(findings, "amount", payout, row.amount, ours)
            elif payout or TRANSFER in row.label:
                # Not ours, or on a bill already.
                self._add_payout(findings, "missing_here", payout, row.amount, 0, row)
        for payout in payouts:
            if payout.return_bill_id and payout.state in ("sent", "awaiting", "paid"):
                back = payout._get_net_units()
                self._add_payout(findings, "state", payout, back, back)
        self._add_missing_payouts(findings)
        self._end_earlier_payouts(payouts)

    def _find_payouts(self, rows):
        """:return: {our number or the provider's: payout} of those that rows name"""
        numbers = {row.number for row in rows} - {""}
        theirs = {row.provider_number for row in rows} - {""}
        found = self.env["groupbuy.payout"].search(
            Domain("provider_id", "=", self.provider_id.id)
            & (
                Domain("name", "in", list(numbers))
                | Domain("provider_reference", "in", list(theirs))
            )
        )
        known = {payout.provider_reference: payout for payout in found}
        return {**known, **{payout.name: payout for payout in found}}

    def _add_missing_payouts(self, findings):
        """Payouts that have left, or come back, and are on no bill."""
        end = self._get_end()
        first = self.search(
            [("provider_id", "=", self.provider_id.id), ("kind", "=", "fund")],
            order="date",
            limit=1,
        )
        own = Domain("provider_id", "=", self.provider_id.id) & Domain(
            "ended_at", ">=", first._get_end() - timedelta(days=1)
        )
        reported = self.env["groupbuy.bill.difference"].search(
            [
                ("kind", "=", "missing_there"),
                ("bill_id", "!=", self.id),
                ("payout_id", "!=", False),
            ]
        )
        payouts = self.env["groupbuy.payout"]
        for mark, sign, domain in (
            (
                "fund_bill_id",
                -1,
                Domain("state", "in", ("paid", "returned"))
                & Domain("ended_at", "<", end - MARGIN),
            ),
            (
                "return_bill_id",
                1,
                Domain("state", "in", ("failed", "expired", "cancelled", "returned"))
                & Domain("fund_bill_id", "!=", False)
                & Domain("ended_at", "<", end - BACK),
            ),
        ):
            told = reported.filtered(lambda own, sign=sign: own.our_amount * sign > 0)
            domain &= Domain("id", "not in", told.payout_id.ids)
            for payout in payouts.search(own & Domain(mark, "=", False) & domain):
                ours = sign * payout._get_net_units()
                self._add_payout(findings, "missing_there", payout, 0, ours)

    def _add_payout(self, findings, kind, payout, given, counted, row=None):
        reference = payout.name or row.number or row.provider_number
        key = kind, reference
        while key in findings:
            # The same number leaves and comes back, or is there twice.
            reference += "*"
            key = kind, reference
        vals = self._prepare(kind, reference, given, counted)
        findings[key] = {**vals, "payout_id": payout.id}

    def _end_earlier_payouts(self, payouts):
        """What was missed on an earlier bill has turned up on this one."""
        missed = self.env["groupbuy.bill.difference"].search(
            [
                ("payout_id", "in", payouts.ids),
                ("bill_id", "!=", self.id),
                ("kind", "=", "missing_there"),
                ("state", "=", "open"),
            ]
        )
        found = missed.filtered(
            lambda own: (
                own.payout_id[
                    "fund_bill_id" if own.our_amount < 0 else "return_bill_id"
                ]
                == self
            )
        )
        found._end("repaired", self.env._("It is on the bill of %s.", self.date))
