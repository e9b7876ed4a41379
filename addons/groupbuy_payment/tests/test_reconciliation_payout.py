from odoo.tests import tagged

from ..protocols.wechat_bill import parse_wechat_fund
from . import bill_writer
from .test_reconciliation import ReconciliationCommon


@tagged("post_install", "-at_install")
class TestReconciliationPayout(ReconciliationCommon):
    """Transfers to payees stand on the bill of funds, one by one."""

    def setUp(self):
        super().setUp()
        self.company._groupbuy_ensure_books()
        # Bills begin with a provider's first payment.
        order = self._buy(self.campaign, self.ann, 2)
        self.first = self._get_movements(order.transaction_ids)
        self.account = self.env["groupbuy.payee.account"].create(
            {
                "partner_id": self.ben.partner_id.id,
                "kind": "alipay",
                "holder": "Sample Holder",
                "number": "13800000000",
            }
        )
        self.paid, self.other = self._transfer(12.5), self._transfer(30)
        self.both = self.paid | self.other

    def _tell(self, payout, status):
        """From now on this is what Alipay answers."""
        self.desk.transfers[payout.name] = {
            "out_biz_no": payout.name,
            "status": status,
            "fail_reason": "RETURNED",
        }

    def _transfer(self, amount):
        """:return: a payout that was paid just now"""
        payout = self.env["groupbuy.payout"].create(
            {
                "name": self.env["ir.sequence"].next_by_code("groupbuy.payout"),
                "company_id": self.company.id,
                "payee_id": self.ben.partner_id.id,
                "account_id": self.account.id,
                "method": "alipay",
                "amount": amount,
                "state": "sent",
                "provider_id": self.provider.id,
            }
        )
        self._tell(payout, "SUCCESS")
        payout._ask_anew()
        self.assertEqual(payout.state, "paid")
        return payout

    def _get_transfers(self, payouts, sign=-1):
        return [
            {
                "kind": "transfer",
                "number": payout.name,
                "payment": payout.name,
                "theirs": f"2026{payout.id:012}",
                "fen": sign * payout._get_net_units(),
                "fee": 0,
            }
            for payout in payouts
        ]

    def _reconcile_day(self, transfers, days=0, first=True):
        """:return: the day's bill of funds, matched the day after"""
        self._put([*(self.first if first else []), *transfers], days, ["fund"])
        self._put(self.first if first else [], days, ["trade"])
        self._go_to(days + 1, 11)
        bills = self._reconcile()
        date = max(bills.mapped("date"))
        return bills.filtered(lambda own: own.kind == "fund" and own.date == date)

    def _get_found(self, bill):
        return [
            (own.kind, own.payout_id, own.provider_amount, own.our_amount)
            for own in bill.difference_ids.sorted(lambda own: (own.kind, own.reference))
        ]

    def test_a_day_that_agrees(self):
        bill = self._reconcile_day(self._get_transfers(self.both))
        self.assertFalse(bill.difference_ids)
        self.assertEqual(bill.state, "matched")
        self.assertEqual(self.both.fund_bill_id, bill)
        self.assertEqual((bill.other_count, bill.other_amount), (2, -42.5))
        # Again is the same.
        bill.action_download()
        self.assertFalse(bill.difference_ids)
        self.assertEqual(self.both.fund_bill_id, bill)

    def test_every_difference_is_found(self):
        right = self._get_transfers(self.both)
        foreign = {**right[0], **dict.fromkeys(("number", "payment", "theirs"), "X1")}
        none = self.env["groupbuy.payout"]
        for movements, expected in (
            (right[1:], [("missing_there", self.paid, 0, -12.5)]),
            ([*right, right[0]], [("missing_here", self.paid, -12.5, 0)]),
            ([*right, foreign], [("missing_here", none, -12.5, 0)]),
            (
                [{**right[0], "fen": -1251}, right[1]],
                [("amount", self.paid, -12.51, -12.5)],
            ),
            (
                [{**right[0], "fen": -1249}, right[1]],
                [("amount", self.paid, -12.49, -12.5)],
            ),
        ):
            with self.subTest(expected=expected), self.env.cr.savepoint() as point:
                bill = self._reconcile_day(movements)
                self.assertEqual(self._get_found(bill), expected)
                self.assertTrue(bill.difference_ids.advice)
                self.assertEqual(bill.state, "differences")
                point.rollback()
                self.env.invalidate_all()
                self._go_to(0, 12)

    def test_found_by_the_providers_number(self):
        self.both.provider_reference = False
        movements = self._get_transfers(self.both)
        for payout, movement in zip(self.both, movements, strict=True):
            payout.provider_reference = movement["theirs"]
            movement["payment"] = ""
        bill = self._reconcile_day(movements)
        self.assertFalse(bill.difference_ids)

    def test_what_was_missed_turns_up(self):
        right = self._get_transfers(self.both)
        bill = self._reconcile_day(right[1:])
        self.assertEqual(bill.difference_ids.state, "open")
        later = self._reconcile_day(right[:1], days=1, first=False)
        self.assertFalse(later.difference_ids)
        self.assertEqual(bill.difference_ids.state, "repaired")
        self.assertEqual(self.paid.fund_bill_id, later)

    def test_what_comes_back_is_asked_about(self):
        self._reconcile_day(self._get_transfers(self.both))
        back = self._get_transfers(self.paid, sign=1)
        self._tell(self.paid, "REFUND")
        bill = self._reconcile_day(back, days=1, first=False)
        self.assertEqual((self.paid.state, self.paid.reason), ("returned", "RETURNED"))
        self.assertEqual(self.paid.return_bill_id, bill)
        self.assertEqual(
            [(own.kind, own.state) for own in bill.difference_ids],
            [("state", "repaired")],
        )
        self.assertEqual(self.other.state, "paid")

    def test_what_should_have_come_back_and_has_not(self):
        self._reconcile_day(self._get_transfers(self.both))
        self.paid._come_back("Returned")
        bill = self._reconcile_day([], days=1, first=False)
        self.assertFalse(bill.difference_ids, "it may take a day")
        bill = self._reconcile_day([], days=2, first=False)
        self.assertEqual(self._get_found(bill), [("missing_there", self.paid, 0, 12.5)])
        bill = self._reconcile_day([], days=3, first=False)
        self.assertFalse(bill.difference_ids, "it was reported")

    def test_wechat_names_them_too(self):
        """The parser of its funds finds our number and its own."""
        transfers = [
            *self._get_transfers(self.paid),
            *self._get_transfers(self.paid, sign=1),
        ]
        bill = parse_wechat_fund(bill_writer.write_wechat_fund(transfers))
        self.assertEqual(
            [
                (row.kind, row.number, row.amount, "转账" in row.label)
                for row in bill.rows
            ],
            [
                ("other", self.paid.name, -1250, True),
                ("other", self.paid.name, 1250, True),
            ],
        )
