import random
from collections import defaultdict
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..protocols.errors import Refused, UnknownOutcome
from .payout_common import OPENID, Killed, PayoutCommon

FAULTS = 1000


@tagged("post_install", "-at_install")
class TestPayoutTransfer(PayoutCommon):
    def setUp(self):
        super().setUp()
        self._earn(self.leader, 100)
        self.account = self._add_account(self.leader, "wechat")
        self.payout = self._request(self.leader, 80, self.account)

    def _run(self, payout=None, method="_transfer"):
        """Run a payout's job once; where it is killed, all that it wrote is lost."""
        payout = payout or self.payout
        try:
            with self.env.cr.savepoint():
                getattr(payout.sudo(), method)()
        except Killed:
            self.env.invalidate_all()

    def _notify(self, payout=None, **values):
        payout = payout or self.payout
        resource = {
            "out_bill_no": payout.name,
            "transfer_bill_no": "1330000000001",
            "transfer_amount": payout._get_net_units(),
            "state": "SUCCESS",
            **values,
        }
        return self.payouts.sudo()._wechat_notified(self.wechat, resource)

    # === WECHAT === #

    def test_number_and_state_are_there_before_the_provider_is_called(self):
        self._send(self.payout)
        self.assertEqual(self.payout.state, "sent")
        self.assertFalse(self.book.requests)
        jobs = self.jobs.enqueued_jobs
        self.assertIn(("_transfer", self.payout), [
            (job.method_name, job.recordset) for job in jobs
        ])  # fmt: skip

    def test_waits_for_the_payee_then_is_paid(self):
        self._send(self.payout)
        self._run()
        self.assertEqual(self.payout.state, "sent")
        body = self.book.requests[-1][2]
        self.assertEqual(body["out_bill_no"], self.payout.name)
        self.assertEqual((body["transfer_amount"], body["openid"]), (8000, OPENID))
        self.assertNotIn("user_name", body)
        self._run()
        self.assertEqual(self.payout.state, "awaiting")
        self.assertIn(
            self.payout.sudo().package_info,
            self.payout.sudo()._wechat_prepare_confirmation(),
        )
        self._run()
        self.assertEqual(self.payout.state, "paid")
        self.assertFalse(self.payout.sudo().package_info)
        self.assertEqual(self._get_payable(self.leader), 20)
        self.assertEqual(self.payout.payment_id.journal_id, self.wechat.journal_id)

    def test_name_is_encrypted_from_2000_yuan(self):
        self._earn(self.leader, 2000)
        payout = self._request(self.leader, 2000, self.account)
        body = payout.sudo()
        self._send(payout)
        body = payout.sudo()._wechat_prepare_body()
        self.assertNotIn("Sample", str(body))
        self.assertGreater(len(body["user_name"]), 300)

    def test_notification_pays_once_and_only_the_right_amount(self):
        self._send(self.payout)
        self._run()
        self.assertFalse(self._notify(out_bill_no="PO0"))
        self.assertTrue(self._notify(transfer_amount=8001))
        self.assertEqual(self.payout.state, "sent")
        self.assertIn("amount", self.payout.activity_ids.summary)
        for _time in range(100):
            self._notify()
        self.assertEqual(self.payout.state, "paid")
        for state in ("FAIL", "CANCELLED", "WAIT_USER_CONFIRM", "PROCESSING", "NEW"):
            self._notify(state=state)
        self.assertEqual(self.payout.state, "paid")
        payments = self.env["account.payment"].search(
            [("partner_id", "=", self.leader.partner_id.id)]
        )
        self.assertEqual(payments, self.payout.payment_id)

    def test_unconfirmed_transfer_expires_and_frees_the_money(self):
        self._send(self.payout)
        self._run()
        self.book.bills[self.payout.name]["fates"] = ["WAIT_USER_CONFIRM"]
        self._run()
        self.assertEqual(self.payout.state, "awaiting")
        self.assertEqual(self._get_available(self.leader), 20)
        self._notify(state="FAIL", fail_reason="OVERDUE_CLOSE")
        self.assertEqual(self.payout.state, "expired")
        self.assertEqual(self._get_available(self.leader), 100)
        self.assertEqual(self._get_payable(self.leader), 100)

    def test_giving_up_takes_it_back_from_the_payee(self):
        self._send(self.payout)
        self._run()
        self._run()
        self.assertEqual(self.payout.state, "awaiting")
        self.book.bills[self.payout.name]["fates"] = []
        self.payout.with_user(self.operator).action_give_up()
        self._run(method="_give_up")
        self.assertEqual(self.payout.state, "cancelled")
        self.assertEqual(self.book.bills[self.payout.name]["state"], "CANCELLED")

    def test_failed_transfer_says_why(self):
        self.book.fates = lambda number: ["FAIL"]
        self._send(self.payout)
        self._run()
        self._run()
        self.assertEqual(
            (self.payout.state, self.payout.reason), ("failed", "ACCOUNT_FROZEN")
        )
        self.assertEqual(self._get_available(self.leader), 100)

    def test_unknown_outcome_keeps_the_number_and_the_money(self):
        self._send(self.payout)
        for fault in ("lost", "silent"):
            faults = iter([None, fault])
            self.book.faults = lambda faults=faults: next(faults, None)
            self._run()
            self.assertEqual(self.payout.state, "sent")
            self.assertEqual(self._get_available(self.leader), 20)
            with self.assertRaises(UserError):
                self._request(self.leader, 21, self.account)
            with self.assertRaises(UserError):
                self.payout.with_user(self.operator).action_mark_failed("Lost")
        numbers = {body["out_bill_no"] for _m, _p, body in self.book.requests if body}
        self.assertEqual(numbers, {self.payout.name})
        self._run()
        self._run()
        self.assertEqual(self.payout.state, "paid")

    def test_killed_after_sending_does_not_send_twice(self):
        self._send(self.payout)
        faults = iter([None, "killed"])
        self.book.faults = lambda: next(faults, None)
        self._run()
        self.assertEqual((self.payout.state, self.payout.tries), ("sent", 0))
        self._run()
        self._run()
        self.assertEqual(self.payout.state, "paid")
        self.assertEqual(self.book.get_sent(), {self.payout.name: 8000})
        orders = [
            path for method, path, _body in self.book.requests if method == "POST"
        ]
        self.assertEqual(len(orders), 1)

    def test_refused_for_good_fails_only_when_nothing_can_be_under_way(self):
        self._send(self.payout)
        script = []

        def request(provider, method, path, body=None, params=None):
            if method == "GET":
                raise Refused("NOT_FOUND", "There is no such transfer.")
            raise script.pop(0)

        self.patch(self.book, "request", request)
        script.append(UnknownOutcome("ReadTimeout"))
        self._run()
        refusal = Refused("PARAM_ERROR", "The OpenID is wrong.")
        script.append(refusal)
        self._run()
        self.assertEqual(self.payout.state, "sent")
        self.payout.sudo().unknown_at -= timedelta(minutes=11)
        script.append(refusal)
        self._run()
        self.assertEqual(
            (self.payout.state, self.payout.reason), ("failed", "The OpenID is wrong.")
        )

    def test_no_money_at_the_provider_waits_and_calls_for_help(self):
        self._send(self.payout)
        faults = iter([None, "empty"])
        self.book.faults = lambda: next(faults, None)
        self._run()
        self.assertEqual(self.payout.state, "sent")
        self.assertIn("balance is too small", self.payout.activity_ids.summary)
        for _time in range(3):
            self._run()
        self.assertEqual(self.payout.state, "paid")
        self.assertFalse(self.payout.activity_ids)

    def test_money_that_left_after_all_is_written_down(self):
        self._send(self.payout)
        self._notify(state="FAIL")
        self.assertEqual(self.payout.state, "failed")
        self._notify()
        self.assertEqual(self.payout.state, "paid")
        self.assertEqual(self._get_payable(self.leader), 20)
        self.assertIn("after it had ended", self.payout.activity_ids.summary)

    def test_sweep_follows_what_is_under_way_with_growing_pauses(self):
        self._send(self.payout)
        self.jobs.enqueued_jobs = []
        self.payout.sudo().write({"tries": 3, "asked_at": fields.Datetime.now()})
        self._run_cron("groupbuy_payment.payout_cron")
        self.assertFalse(self.jobs.enqueued_jobs)
        with self._later(minutes=9):
            self._run_cron("groupbuy_payment.payout_cron")
        self.assertEqual(len(self.jobs.enqueued_jobs), 1)

    def test_provider_that_is_missing_stops_sending(self):
        self.payout.with_user(self.operator).action_approve()
        self.wechat.state = "disabled"
        with self.assertRaises(UserError):
            self.payout.with_user(self.operator).action_send()
        self.assertEqual(self.payout.state, "approved")

    # === ALIPAY === #

    def test_alipay_transfers(self):
        account = self._add_account(self.leader, "alipay")
        payout = self._request(self.leader, 12.5, account)
        known, requests = {}, []

        def request(provider, method, content):
            requests.append((method, content))
            number = content["out_biz_no"]
            if method.endswith("query"):
                if number not in known:
                    raise Refused("ORDER_NOT_EXIST", "There is no such transfer.")
                return {"status": "SUCCESS", **known[number]}
            known[number] = {"out_biz_no": number, "order_id": "2026", "trans_amount":
                             content["trans_amount"]}  # fmt: skip
            raise UnknownOutcome("ReadTimeout")

        self.classPatch(
            self.env.registry["payment.provider"], "_alipay_request", request
        )
        payout.sudo().write(
            {"state": "sent", "provider_id": self.wechat.id, "sent_at": "2026-01-01"}
        )
        self._run(payout)
        self.assertEqual(payout.state, "sent")
        self.assertEqual(requests[1][1]["trans_amount"], "12.50")
        self.assertEqual(
            requests[1][1]["payee_info"],
            {
                "identity": "13800000000",
                "identity_type": "ALIPAY_LOGON_ID",
                "name": "Sample Holder",
            },
        )
        self._run(payout)
        self.assertEqual((payout.state, payout.provider_reference), ("paid", "2026"))
        self.assertEqual(
            [method for method, _content in requests if method.endswith("transfer")],
            ["alipay.fund.trans.uni.transfer"],
        )


@tagged("post_install", "-at_install")
class TestPayoutFaults(PayoutCommon):
    """A thousand faults: Σ paid = Σ due, no second number while one is unknown."""

    def test_thousand_faults(self):
        chance = random.Random(4)
        users = self.residents[:3]
        accounts, due = {}, {}
        for user in users:
            due[user] = chance.randrange(2000, 9000) / 100
            self._earn(user, due[user])
            accounts[user] = self._add_account(user, "wechat")
        self.faults = 0

        def fault():
            if self.faults >= FAULTS or chance.random() < 0.12:
                return None
            self.faults += 1
            return chance.choice(["lost", "silent", "killed", "empty"])

        self.book.faults = fault
        self.book.fates = lambda number: chance.choice(
            [
                ["PROCESSING", "WAIT_USER_CONFIRM", "TRANSFERING", "SUCCESS"],
                ["WAIT_USER_CONFIRM", "FAIL"],
                ["SUCCESS"],
                ["FAIL"],
            ]
        )
        for _round in range(20000):
            live = self.payouts.search([("state", "in", ("sent", "awaiting"))])
            if live and chance.random() > 0.05:
                self._step(chance.choice(list(live)))
                continue
            self._assert_nothing_twice(due)
            open_users = [user for user in users if self._get_available(user) >= 1]
            if not open_users and not live:
                if self.faults >= FAULTS:
                    break
                # Nothing is committed: PostgreSQL would plan as for empty tables.
                self.env.flush_all()
                self.env.cr.execute(
                    "ANALYZE account_move, account_move_line, account_payment,"
                    " account_partial_reconcile"
                )
                for user in users:
                    more = chance.randrange(2000, 9000) / 100
                    due[user] += more
                    self._earn(user, more)
                continue
            if open_users:
                self._ask_for_some(chance, chance.choice(open_users), accounts)
        else:
            self.fail("The payouts never end.")
        self.assertEqual(self.faults, FAULTS)
        sent = self.book.get_sent()
        paid = self.payouts.search([("state", "=", "paid")])
        self.assertEqual(
            sent, {payout.name: payout._get_net_units() for payout in paid}
        )
        self.assertEqual(len(paid.payment_id), len(paid))
        for user in users:
            # What is left is below the smallest payout.
            own = paid.filtered(lambda p, user=user: p.payee_id == user.partner_id)
            left = self.company.currency_id.round(due[user] - sum(own.mapped("amount")))
            self.assertEqual(self._get_payable(user), left)
            self.assertLess(left, 1)

    def _ask_for_some(self, chance, user, accounts):
        available = self._get_available(user)
        most = int(available * 100)
        amount = available if most < 1000 else chance.randrange(500, most) / 100
        self._send(self._request(user, amount, accounts[user]))

    def _step(self, payout):
        try:
            with self.env.cr.savepoint():
                payout.sudo()._transfer()
        except Killed:
            self.env.invalidate_all()

    def _assert_nothing_twice(self, due):
        """Never more orders at WeChat Pay than is owed, each under a number of ours."""
        payouts = self.payouts.search([]).grouped("name")
        promised = defaultdict(int)
        for number, bill in self.book.bills.items():
            if bill["state"] != "FAIL":
                payout = payouts[number]
                self.assertIn(payout.state, ("sent", "awaiting", "paid"))
                promised[payout.payee_id] += bill["transfer_amount"]
        for user, amount in due.items():
            self.assertLessEqual(promised[user.partner_id], round(amount * 100))
