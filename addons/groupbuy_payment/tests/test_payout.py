import base64
import csv
import io
from unittest.mock import patch

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .payout_common import CARD, PayoutCommon


@tagged("post_install", "-at_install")
class TestPayoutRequest(PayoutCommon):
    def setUp(self):
        super().setUp()
        self._earn(self.leader, 100)
        self.account = self._add_account(self.leader)

    def _refuse(self, amount, account_id=None, key=None, user=None, error=UserError):
        with self.assertRaises(error):
            self.payouts.with_user(user or self.leader).request(
                amount, self.account.id if account_id is None else account_id, key
            )
        self.assertFalse(self.payouts.search([]))

    def test_request_answers_what_will_be_paid(self):
        self.company.groupbuy_payout_fee_percent = 1
        self.company.groupbuy_payout_fee_fixed = 0.5
        answer = self.payouts.with_user(self.leader).request(100, self.account.id)
        payout = self.payouts.browse(answer.pop("payout_id"))
        self.assertEqual(
            answer,
            {
                "name": payout.name,
                "amount": 100,
                "fee": 1.5,
                "net_amount": 98.5,
                "state": "requested",
            },
        )
        self.assertRegex(payout.name, r"^[A-Za-z0-9]{1,32}$")
        self.assertEqual(payout.requested_by_id, self.leader)
        money = self.leader.partner_id._groupbuy_get_money(self.company)
        self.assertEqual((money["available"], money["pending"]), (0, 100))

    def test_amounts_that_are_none_are_refused(self):
        for amount in (0, -1, -0.01, 0.001, 10.005, 1e300, float("nan"), float("inf"),
                       "50", "", None, True, [50], {"amount": 50}):  # fmt: skip
            with self.subTest(amount=amount):
                self._refuse(amount)

    def test_accounts_that_are_none_are_refused(self):
        for account_id in (
            0,
            -1,
            2**31,
            2**70,
            "1",
            [self.account.id],
            True,
            2**31 - 1,
        ):
            with self.subTest(account_id=account_id):
                self._refuse(50, account_id=account_id)

    def test_nobody_withdraws_somebody_elses_money(self):
        self._refuse(50, user=self.stranger, error=AccessError)
        self._refuse(50, user=self.env.ref("base.public_user"), error=AccessError)

    def test_not_more_than_the_bills_less_what_is_pending(self):
        self._refuse(100.01)
        self._request(self.leader, 60, self.account)
        with self.assertRaises(UserError):
            self._request(self.leader, 40.01, self.account)
        self._request(self.leader, 40, self.account)
        with self.assertRaises(UserError):
            self._request(self.leader, 1, self.account)

    def test_what_is_frozen_or_unsettled_is_not_paid_out(self):
        self._earn(self.leader, 50, settle=False)
        self._refuse(100.01)

    def test_what_was_taken_back_since_is_kept_back(self):
        self._earn(self.leader, -30, settle=False)
        self.assertEqual(self._get_available(self.leader), 70)
        self._refuse(70.01)
        self._request(self.leader, 70, self.account)

    def test_minimum_and_most_per_day(self):
        self.company.groupbuy_payout_minimum = 20
        self.company.groupbuy_payout_daily = 50
        self._refuse(19.99)
        self._refuse(50.01)
        self._request(self.leader, 30, self.account)
        with self.assertRaises(UserError):
            self._request(self.leader, 20.01, self.account)
        with self._later(days=1):
            self._request(self.leader, 50, self.account)

    def test_fee_is_less_than_the_payout(self):
        self.company.groupbuy_payout_fee_fixed = 5
        self._refuse(5)
        self.assertEqual(
            self._request(self.leader, 5.01, self.account).net_amount, 0.01
        )

    def test_key_makes_it_once(self):
        first = self._request(self.leader, 30, self.account, key="a" * 64)
        again = self._request(self.leader, 30, self.account, key="a" * 64)
        self.assertEqual(first, again)
        with self.assertRaises(UserError):
            self._request(self.leader, 31, self.account, key="a" * 64)
        for key in ("", "a" * 65, 5, ["a"]):
            with self.assertRaises(UserError):
                self._request(self.leader, 10, self.account, key=key)
        self.assertEqual(self.payouts.search([]), first)

    def test_preview_writes_nothing(self):
        answer = self.payouts.with_user(self.leader).preview(40, self.account.id)
        self.assertEqual(answer, {"amount": 40, "fee": 0, "net_amount": 40})
        self.assertFalse(self.payouts.search([]))
        with self.assertRaises(UserError):
            self.payouts.with_user(self.leader).preview(101, self.account.id)
        with self.assertRaises(AccessError):
            self.payouts.with_user(self.stranger).preview(40, self.account.id)

    def test_cancelled_money_is_free_again(self):
        payout = self._request(self.leader, 100, self.account)
        with self.assertRaises(AccessError):
            payout.with_user(self.stranger).action_cancel()
        payout.with_user(self.leader).action_cancel()
        self.assertEqual(payout.state, "cancelled")
        self.assertEqual(self._get_available(self.leader), 100)
        with self.assertRaises(UserError):
            payout.with_user(self.leader).action_cancel()

    def test_payees_see_their_own_and_change_nothing(self):
        payout = self._request(self.leader, 10, self.account)
        self.assertEqual(self.payouts.with_user(self.leader).search([]), payout)
        self.assertFalse(self.payouts.with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            payout.with_user(self.stranger).read(["amount"])
        own = payout.with_user(self.leader)
        for call in (
            lambda: own.write({"state": "paid"}),
            lambda: own.write({"amount": 1}),
            lambda: own.unlink(),
            lambda: own.action_approve(),
            lambda: own.action_send(),
            lambda: own.action_mark_paid(),
            lambda: own.action_mark_failed("No"),
            lambda: own.action_refuse("No"),
            lambda: own.action_query(),
            lambda: own.action_give_up(),
            lambda: own.action_pay_by_hand(),
            lambda: own.read(["package_info"]),
            lambda: payout.with_user(self.operator).write({"amount": 1}),
            lambda: payout.with_user(self.operator).unlink(),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(payout.state, "requested")

    def test_payouts_are_never_deleted(self):
        payout = self._request(self.leader, 10, self.account)
        with self.assertRaises(UserError):
            payout.unlink()

    def test_operator_requests_for_a_payee(self):
        form = Form(self.env["groupbuy.payout.request"].with_user(self.operator))
        form.payee_id = self.leader.partner_id
        self.assertEqual(form.account_id, self.account)
        self.assertEqual(form.amount, 100)
        form.amount = 25
        action = form.save().action_request()
        payout = self.payouts.browse(action["res_id"])
        self.assertEqual(payout.payee_id, self.leader.partner_id)
        self.assertEqual((payout.amount, payout.requested_by_id), (25, self.operator))


@tagged("post_install", "-at_install")
class TestPayoutDecide(PayoutCommon):
    def setUp(self):
        super().setUp()
        self.company.groupbuy_payout_approval_limit = 50
        self._earn(self.leader, 200)

    def test_account_is_checked_before_money_goes_there(self):
        account = self._add_account(self.leader, checked=False)
        payout = self._request(self.leader, 10, account)
        with self.assertRaises(UserError):
            payout.with_user(self.operator).action_approve()
        account.with_user(self.operator).action_check()
        payout.with_user(self.operator).action_approve()
        # Refusing it later stops what has been approved, too.
        account.note = "Wrong"
        account.with_user(self.operator).action_refuse()
        with self.assertRaises(UserError):
            payout.with_user(self.operator).action_send()

    def test_second_person_above_the_limit(self):
        account = self._add_account(self.leader)  # checked by the colleague
        small = self._request(self.operator, 50, account)
        small.with_user(self.operator).action_approve()
        large = self._request(self.operator, 50.01, account)
        for user in (self.operator, self.colleague):
            with self.assertRaises(UserError):
                large.with_user(user).action_approve()
        third = self.env.ref("base.user_admin")
        large.with_user(third).action_approve()
        self.assertEqual(large.approved_by_id, third)

    def test_nobody_approves_payouts_to_themselves(self):
        self._earn(self.operator, 20)
        account = self._add_account(self.operator)
        payout = self._request(self.operator, 20, account)
        with self.assertRaises(UserError):
            payout.with_user(self.operator).action_approve()
        payout.with_user(self.colleague).action_approve()

    def test_refusing_needs_a_reason_and_frees_the_money(self):
        payout = self._request(self.leader, 10, self._add_account(self.leader))
        for reason in ("", "  ", None, 5):
            with self.assertRaises(UserError):
                payout.with_user(self.operator).action_refuse(reason)
        wizard = (
            self.env["groupbuy.payout.reason"]
            .with_user(self.operator)
            .create(
                {
                    "payout_ids": payout.ids,
                    "outcome": "refused",
                    "reason": "Wrong account",
                }
            )
        )
        wizard.action_confirm()
        self.assertEqual((payout.state, payout.reason), ("refused", "Wrong account"))
        self.assertEqual(self._get_available(self.leader), 200)

    def test_steps_are_taken_once_and_in_order(self):
        payout = self._request(self.leader, 10, self._add_account(self.leader))
        payout = payout.with_user(self.operator)
        for action in (payout.action_send, payout.action_mark_paid):
            with self.assertRaises(UserError):
                action()
        payout.action_approve()
        with self.assertRaises(UserError):
            payout.action_approve()
        payout.action_send()
        for action in (payout.action_send, payout.action_cancel):
            with self.assertRaises(UserError):
                action()
        payout.action_mark_paid()
        for action in (
            payout.action_mark_paid,
            lambda: payout.action_mark_failed("No"),
            lambda: payout.action_refuse("No"),
        ):
            with self.assertRaises(UserError):
                action()
        self.assertEqual(self._get_payable(self.leader), 190)

    def test_bills_paid_otherwise_stop_it(self):
        payout = self._request(self.leader, 200, self._add_account(self.leader))
        bill = self.leader.partner_id._groupbuy_get_open_bills(self.company)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=bill.ids
        ).create({})._create_payments()
        with self.assertRaises(UserError):
            payout.with_user(self.operator).action_approve()


@tagged("post_install", "-at_install")
class TestPayoutBank(PayoutCommon):
    def setUp(self):
        super().setUp()
        self.company.groupbuy_payout_fee_fixed = 2
        self._earn(self.leader, 60)
        self._earn(self.leader, 40)
        self._earn(self.stranger, 30)
        self.first = self._request(self.leader, 70, self._add_account(self.leader))
        self.second = self._request(self.stranger, 30, self._add_account(self.stranger))
        self.both = self.first | self.second

    def _read_file(self, batch):
        with batch._write_workbook() as file:
            file.seek(0)
            sheet = load_workbook(io.BytesIO(file.read())).worksheets[0]
        return [list(row) for row in sheet.iter_rows(values_only=True)]

    def _answer(self, batch, content, name="answer.xlsx", user=None):
        wizard = (
            self.env["groupbuy.payout.answer"]
            .with_user(user or self.operator)
            .create(
                {
                    "batch_id": batch.id,
                    "filename": name,
                    "content": base64.b64encode(content),
                }
            )
        )
        return wizard.action_import()

    def _to_csv(self, rows, encoding="utf-8"):
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        return out.getvalue().encode(encoding)

    def test_file_holds_each_payout_once(self):
        action = self._send(self.both)
        batch = self.env["groupbuy.payout.batch"].browse(action["res_id"])
        batch = batch.with_user(self.operator)
        self.assertEqual(set(self.both.mapped("state")), {"sent"})
        self.assertEqual(batch.payout_ids, self.both)
        self.assertEqual((batch.amount, batch.open_count), (96, 2))
        head, *rows = self._read_file(batch)
        self.assertEqual(
            [row[:6] for row in rows],
            [
                [payout.name, "Sample Holder", CARD, "Sample Bank", "", net]
                for payout, net in ((self.first, 68), (self.second, 28))
            ],
        )
        self.assertEqual(len(head), 9)
        # Nothing of it is stored.
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", "groupbuy.payout.batch")]
        )
        self.assertFalse(attachments)
        with self.assertRaises(AccessError):
            batch.with_user(self.leader)._write_workbook()

    def test_banks_answer_pays_and_fails(self):
        action = self._send(self.both)
        batch = self.env["groupbuy.payout.batch"].browse(action["res_id"])
        rows = self._read_file(batch.with_user(self.operator))
        rows[1][6:] = ["成功", "B-77", ""]
        rows[2][6:] = ["失败", "", "Unknown account"]
        content = self._to_csv(rows, "gb18030")
        self._answer(batch, content, "answer.csv")
        self.assertEqual(self.first.state, "paid")
        self.assertEqual(self.first.provider_reference, "B-77")
        self.assertEqual(
            (self.second.state, self.second.reason), ("failed", "Unknown account")
        )
        self.assertEqual(batch.state, "done")
        self.assertEqual(self._get_payable(self.leader), 30)
        self.assertEqual(self._get_payable(self.stranger), 30)
        self.assertEqual(self._get_available(self.stranger), 30)
        # The same answer once more changes nothing.
        self._answer(batch, content, "answer.csv")
        self.assertEqual(self._get_payable(self.leader), 30)
        rows[2][6] = "paid"
        with self.assertRaises(UserError):
            self._answer(batch, self._to_csv(rows), "answer.csv")
        self.assertEqual(self.second.state, "failed")

    def test_bad_answers_note_nothing(self):
        action = self._send(self.both)
        batch = self.env["groupbuy.payout.batch"].browse(action["res_id"])
        rows = self._read_file(batch.with_user(self.operator))
        good = [*rows[1][:6], "paid", "", ""]
        other = [*rows[2][:6], "paid", "", ""]
        bad = {
            "unknown.csv": [rows[0], good, ["PO0", *other[1:]]],
            "twice.csv": [rows[0], good, good],
            "result.csv": [rows[0], good, [*other[:6], "maybe", "", ""]],
            "titles.csv": [["A", "B"], good],
            "empty.csv": [],
        }
        for name, table in bad.items():
            with self.subTest(name=name):
                with self.assertRaises(UserError):
                    self._answer(batch, self._to_csv(table), name)
        for name, content in (
            ("answer.xlsx", b"no workbook"),
            ("answer.xls", self._to_csv([rows[0], good])),
            ("answer.csv", b"\xff\xfe\x00\x81"),
        ):
            with self.subTest(name=name):
                with self.assertRaises(UserError):
                    self._answer(batch, content, name)
        with self.assertRaises(AccessError):
            self._answer(batch, self._to_csv([rows[0], good]), user=self.leader)
        self.assertEqual(set(self.both.mapped("state")), {"sent"})

    def test_books_after_paying(self):
        self._send(self.both)
        self.both.with_user(self.operator).action_mark_paid()
        company = self.company
        fees = company.groupbuy_payout_fee_account_id
        transit = company.groupbuy_transit_account_id
        balances = dict(
            self.env["account.move.line"]._read_group(
                [
                    ("account_id", "in", (fees | transit).ids),
                    ("parent_state", "=", "posted"),
                ],
                ["account_id"],
                ["balance:sum"],
            )
        )
        self.assertEqual(balances, {fees: -4, transit: -96})
        self.assertEqual(self._get_payable(self.leader), 30)
        self.assertEqual(self._get_payable(self.stranger), 0)
        # Oldest bill first; it is paid, the next one in part.
        old, new = self.env["groupbuy.settlement"].search(
            [("payee_id", "=", self.leader.partner_id.id)], order="id"
        )
        self.assertEqual((old.state, new.state), ("paid", "posted"))
        self.assertEqual(new.move_id.amount_residual, 30)
        payment = self.first.payment_id
        self.assertEqual((payment.amount, payment.partner_id), (68, old.payee_id))
        self.assertEqual(payment.reconciled_bill_ids, (old | new).move_id)
        self.assertEqual(self._get_available(self.leader), 30)

    def test_money_that_cannot_be_booked_stays_pending_and_is_booked_later(self):
        self._send(self.first)
        payment = self.env.registry["account.payment"]
        with (
            patch.object(payment, "action_post", side_effect=ValueError("locked")),
            self.assertLogs("odoo.addons.groupbuy_payment", "WARNING"),
        ):
            self.first.with_user(self.operator).action_mark_paid()
        self.assertEqual(self.first.state, "paid")
        self.assertFalse(self.first.payment_id)
        self.assertIn("cannot be booked", self.first.activity_ids.summary)
        self.assertEqual(self._get_available(self.leader), 30)
        self.assertEqual(self._get_payable(self.leader), 100)
        self._run_cron("groupbuy_payment.payout_cron")
        self.assertTrue(self.first.payment_id)
        self.assertEqual(self._get_payable(self.leader), 30)
        self.assertEqual(self._get_available(self.leader), 30)

    def test_by_hand(self):
        self.first.with_user(self.operator).action_pay_by_hand()
        self.assertFalse(self._send(self.first))
        self.assertFalse(self.first.batch_id)
        self.first.with_user(self.operator).action_mark_paid("cash")
        self.assertEqual(self._get_payable(self.leader), 30)
