from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..protocols.bill import match

CHUNK = 5000
# Clocks differ: what we noted so shortly before midnight may be on the next day's bill.
MARGIN = timedelta(minutes=10)


def _get_kind(tx):
    return "refund" if tx.operation == "refund" else "payment"


class GroupbuyBill(models.Model):
    """Matching with our transactions, to the fen.

    A bill says when money moved, we only know when we heard of it: perhaps a day later.
    So each transaction is matched once, on whichever day's bill it stands, and missed
    when it stands on none although it was known before the day was over.
    """

    _inherit = "groupbuy.bill"

    def _match(self):
        """Match this bill; doing it again gives the same, and keeps what was decided.

        :raise UserError: the bill cannot be read
        """
        self.ensure_one()
        bill = self._parse()
        bill.rows = self._put_our_numbers(bill.rows)
        rows = [row for row in bill.rows if row.kind in ("payment", "refund")]
        mark = self._get_mark()
        self.env["payment.transaction"].search([(mark, "=", self.id)])[mark] = False
        found = self._find_named(rows)
        candidates = found.filtered(lambda tx: not tx[mark])
        due = self._find_due()
        transactions = candidates | due
        # A transaction that is done goes before one that is not, whatever their order.
        transactions = transactions.sorted(lambda tx: (tx.state != "done", tx.id))
        equal, unequal, extra, alone = match(
            [((row.kind, row.number), row.amount) for row in rows],
            [(self._get_key(tx), self._get_fen(tx)) for tx in transactions],
        )
        findings, settled = {}, []
        for row_position, position in equal:
            row, tx = rows[row_position], transactions[position]
            settled.append(tx.id)
            if kind := self._get_disagreement(row, tx):
                self._add(findings, kind, row, tx)
        for row_position, position in unequal:
            row, tx = rows[row_position], transactions[position]
            settled.append(tx.id)
            self._add(findings, "amount", row, tx)
        # Of something that we know, but that is on a bill already.
        known = found.grouped(self._get_key)
        for position in extra:
            row = rows[position]
            tx = known.get((row.kind, row.number), found.browse())[:1]
            self._add(findings, "missing_here", row, tx, ours=0)
        due_ids = set(due.ids)
        for position in alone:
            if transactions[position].id in due_ids:
                self._add(findings, "missing_there", None, transactions[position])
        self._add_fees(findings, bill)
        for name, given, counted in bill.mismatches:
            findings["total", name] = self._prepare(
                "total", name, given=given, counted=counted
            )
        self._match_payouts([row for row in bill.rows if row.kind == "other"], findings)
        settled = self.env["payment.transaction"].browse(settled)
        settled[mark] = self
        self._end_earlier(settled)
        self._keep(findings)
        self._sum_up(bill)

    def _get_mark(self):
        return f"groupbuy_{self.kind}_bill_id"

    # === WHO IS WHO === #

    def _is_fund_of(self, code):
        return self.kind == "fund" and self.provider_id.sudo().code == code

    def _put_our_numbers(self, rows):
        """WeChat Pay's funds go by its own numbers of payments and refunds.

        :return: the rows by our numbers, as far as we know theirs
        """
        if not self._is_fund_of("wechat_pay"):
            return rows
        theirs = {row.provider_number for row in rows}
        numbers = {
            (_get_kind(tx), tx.provider_reference): tx.groupbuy_out_trade_no
            for tx in self._find_in("provider_reference", theirs)
        }
        return [
            replace(
                row,
                number=numbers.get((row.kind, row.provider_number))
                or (row.kind == "fee" and numbers.get(("payment", row.provider_number)))
                or row.number,
            )
            for row in rows
        ]

    def _get_key(self, tx):
        kind = _get_kind(tx)
        if kind == "refund" and self._is_fund_of("alipay"):
            # Alipay's funds name the payment, also where a refund is meant.
            tx = tx.source_transaction_id
        return kind, tx.groupbuy_out_trade_no

    def _get_fen(self, tx):
        return tx._groupbuy_get_fen() * (1 if tx.amount > 0 else -1)

    def _find_named(self, rows):
        """:return: our transactions that these rows name"""
        numbers = {row.number for row in rows}
        found = self._find_in("groupbuy_out_trade_no", numbers)
        if self._is_fund_of("alipay"):
            found |= found.child_transaction_ids.filtered(
                lambda tx: tx.operation == "refund"
            )
        return found

    def _find_in(self, name, numbers):
        numbers = sorted(filter(None, numbers))
        ids = []
        for start in range(0, len(numbers), CHUNK):
            own = Domain(name, "in", numbers[start : start + CHUNK])
            found = self.env["payment.transaction"].search(own & self._get_domain())
            ids += found.ids
        return self.env["payment.transaction"].browse(ids)

    def _get_domain(self):
        return Domain("provider_id", "=", self.provider_id.id) & Domain(
            "operation", "!=", "validation"
        )

    def _find_due(self):
        """:return: our transactions that have to be on this bill, if on none before"""
        reported = self.env["groupbuy.bill.difference"].search(
            [
                ("kind", "=", "missing_there"),
                ("bill_id.kind", "=", self.kind),
                ("bill_id", "!=", self.id),
                ("transaction_id", "!=", False),
            ]
        )
        first = self.search(
            [("provider_id", "=", self.provider_id.id), ("kind", "=", self.kind)],
            order="date",
            limit=1,
        )
        return self.env["payment.transaction"].search(
            self._get_domain()
            & Domain("state", "=", "done")
            & Domain(self._get_mark(), "=", False)
            & Domain("last_state_change", "<", self._get_end() - MARGIN)
            & Domain("last_state_change", ">=", first._get_end() - timedelta(days=1))
            & Domain("id", "not in", reported.transaction_id.ids)
        )

    def _get_disagreement(self, row, tx):
        """:return: the kind of difference between the states of the two, or None"""
        if row.failed:
            return "failed" if tx.state == "done" else None
        accepted = ["done"]
        if row.kind == "refund":
            # It is on the bill as soon as it is accepted.
            accepted.append("pending")
            if row.pending or self.kind == "fund":
                # It came to nothing later; among the funds it has a row of its own.
                accepted.append("cancel")
        return None if tx.state in accepted else "state"

    # === DIFFERENCES === #

    def _add(self, findings, kind, row, tx, ours=None):
        if ours is None:
            ours = self._get_fen(tx)
        reference = row.number or row.provider_number if row else tx.reference
        key = kind, reference
        while key in findings:
            # The same thing twice on one bill.
            reference += "*"
            key = kind, reference
        findings[key] = self._prepare(
            kind, reference, row.amount if row else 0, ours, tx
        )

    def _prepare(self, kind, reference, given=0, counted=0, tx=None):
        return {
            "bill_id": self.id,
            "kind": kind,
            "reference": reference,
            "provider_amount": given / 100,
            "our_amount": counted / 100,
            "transaction_id": tx.id if tx else False,
        }

    def _add_fees(self, findings, bill):
        """Fees for money that we know nothing of."""
        fees = [row for row in bill.rows if row.kind == "fee"]
        known = set(self._find_named(fees).mapped("groupbuy_out_trade_no"))
        amounts = defaultdict(int)
        for row in fees:
            if row.number not in known:
                amounts[row.number or row.provider_number] += row.amount
        for number, amount in amounts.items():
            findings["extra_fee", number] = self._prepare("extra_fee", number, amount)

    def _keep(self, findings):
        """Write what was found; what was decided about the same stays decided."""
        for own in self.difference_ids:
            vals = findings.pop((own.kind, own.reference), None)
            same = vals and not (
                own.currency_id.compare_amounts(
                    own.provider_amount, vals["provider_amount"]
                )
                or own.currency_id.compare_amounts(own.our_amount, vals["our_amount"])
            )
            if same or (not vals and own.state != "open"):
                continue
            if vals:
                own.write({**vals, "state": "open"})
            else:
                own.unlink()
        self.env["groupbuy.bill.difference"].create(list(findings.values()))

    def _end_earlier(self, transactions):
        """What was missed on an earlier bill has turned up on this one."""
        self.env["groupbuy.bill.difference"].search(
            [
                ("transaction_id", "in", transactions.ids),
                ("bill_id.kind", "=", self.kind),
                ("bill_id", "!=", self.id),
                ("kind", "=", "missing_there"),
                ("state", "=", "open"),
            ]
        )._end("repaired", self.env._("It is on the bill of %s.", self.date))

    def _sum_up(self, bill):
        sums, counts = defaultdict(int), defaultdict(int)
        for row in bill.rows:
            sums[row.kind] += row.amount
            counts[row.kind] += 1
        self.write(
            {
                "payment_count": counts["payment"],
                "payment_amount": sums["payment"] / 100,
                "refund_count": counts["refund"],
                "refund_amount": -sums["refund"] / 100,
                "fee_amount": sum(row.fee for row in bill.rows) / 100,
                "other_count": counts["other"],
                "other_amount": sums["other"] / 100,
                "matched_at": fields.Datetime.now(),
                "error": False,
            }
        )
