import itertools
import json
import random
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.payment_provider import PaymentProvider
from .wechat_common import WechatCommon
from .wechat_platform import make_key

MUTATIONS = 1000


@tagged("post_install", "-at_install")
class TestWechatNotify(WechatCommon):
    """Only what WeChat Pay has signed for us changes something, and only once."""

    def setUp(self):
        super().setUp()
        self.tx = self._start(quantity=5)
        self.number = self.tx.groupbuy_out_trade_no
        self.order = self.tx.groupbuy_order_id
        self.bank.pay(self.number)

    def assertNothingHappened(self):
        self.assertEqual(self.tx.state, "draft")
        self.assertFalse(self.tx.provider_reference)

    # === ONCE === #

    def test_a_payment_is_taken_over(self):
        self.assertEqual(self._hear_paid(self.tx), 204)
        self.assertEqual(self.tx.state, "done")
        self.assertEqual(self.tx.provider_reference, "420000000001")
        self._run_cron("payment.cron_post_process_payment_tx")
        self.assertEqual(self.order.state, "sent")
        self.assertBooksAgree(self.order)

    def test_a_hundred_replays_have_one_effect(self):
        message = self.bank.notify_paid(self.number)
        for _replay in range(100):
            self.assertEqual(self._post(message).status_code, 204)
        self._post_process_all()
        self.assertEqual(self.tx.state, "done")
        self.assertEqual(self.order.state, "sent")
        self.assertEqual(self.order._groupbuy_get_balances()[self.order], 50)
        self.assertFalse(self._get_refunds(self.order))
        self._book()
        domain = [("payment_transaction_id", "=", self.tx.id)]
        self.assertEqual(self.env["account.payment"].search_count(domain), 1)

    def test_a_hundred_replays_of_a_refund_have_one_effect(self):
        self.bank.refund_state = "PROCESSING"
        self._hear_paid(self.tx)
        self._post_process_all()
        self.order.action_groupbuy_cancel()
        self._run_jobs()
        refund = self._get_refunds(self.order)
        self.assertEqual(refund.state, "pending")
        self.bank.refunds[refund.groupbuy_out_trade_no]["status"] = "SUCCESS"
        message = self.bank.notify_refunded(refund.groupbuy_out_trade_no)
        for _replay in range(100):
            self.assertEqual(self._post(message).status_code, 204)
        self._post_process_all()
        self.assertEqual(refund.state, "done")
        self.assertMoney(self.order, 50, 50, 0)
        self.assertBooksAgree(self.order)

    # === TIME === #

    def test_299_seconds_are_accepted(self):
        for skew in (-299, 299):
            with self.subTest(skew), self._later(seconds=0):
                tx = self._start(quantity=1)
                self.bank.pay(tx.groupbuy_out_trade_no)
                self.assertEqual(self._hear_paid(tx, skew=skew), 204)
                self.assertEqual(tx.state, "done")

    def test_301_seconds_are_refused(self):
        for skew in (-301, 301, -86400):
            with self.subTest(skew), self._later(seconds=0):
                self.assertEqual(self._hear_paid(self.tx, skew=skew), 401)
                self.assertNothingHappened()

    # === FORGED === #

    def _refuse(self, message):
        response = self._post(message)
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.json()["code"], "SIGN_ERROR")
        self.assertNothingHappened()

    def test_foreign_signatures_are_refused(self):
        self._refuse(self.bank.notify_paid(self.number, key=make_key("stranger")))

    def test_probes_are_refused(self):
        headers, body = self.bank.notify_paid(self.number)
        headers["Wechatpay-Signature"] = (
            "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
        )
        self._refuse((headers, body))

    def test_missing_headers_and_bodies_are_refused(self):
        headers, body = self.bank.notify_paid(self.number)
        for name in headers:
            rest = {key: value for key, value in headers.items() if key != name}
            self._refuse((rest, body))
        self._refuse((headers, b""))
        self._refuse(({}, b""))
        self._refuse((self.bank.sign(b"[]"), b"[]"))
        self._refuse((self.bank.sign(b"{"), b"{"))

    def _mutate(self, message, choose):
        """:return: the message with one field of it changed"""
        headers, body = dict(message[0]), message[1]
        event = json.loads(body)
        fields = [
            *((headers, name) for name in headers),
            *((event, name) for name in event if name != "resource"),
            *((event["resource"], name) for name in event["resource"]),
        ]
        holder, name = choose.choice(fields)
        value = holder[name]
        at = choose.randrange(len(value))
        other = choose.choice("ABCDEFabcdef0123456789+/=")
        holder[name] = choose.choice(
            (
                value[:at] + other + value[at + 1 :],
                value[:at] + value[at + 1 :],
                value[:at] + other + value[at:],
                value + other,
                "",
            )
        )
        if holder is headers:
            return None if headers == message[0] else (headers, body)
        changed = json.dumps(event).encode()
        return None if changed == body else (headers, changed)

    def test_a_thousand_changes_of_one_field_are_all_refused(self):
        """Headers, the notification's own fields, and its sealed resource's."""
        choose = random.Random(20261122)
        message = self.bank.notify_paid(self.number)
        count = 0
        while count < MUTATIONS:
            mutated = self._mutate(message, choose)
            if mutated:
                count += 1
                self.assertEqual(self._post(mutated).status_code, 401, mutated)
        self.assertNothingHappened()
        # None of this keeps the true one from being heard.
        self.assertEqual(self._post(message).status_code, 204)
        self.assertEqual(self.tx.state, "done")

    def test_signed_messages_about_something_else_are_refused(self):
        """Whoever signs it: it must be this payment, for this money, to us."""
        whole = self.bank.get_transaction(self.number)
        for change in (
            {"mchid": "1900000002"},
            {"mchid": None},
            {"appid": "wx0000000000000002"},
            {"out_trade_no": "X_0123456789ab"},
            {"out_trade_no": ""},
            {"out_trade_no": 5},
            {"out_refund_no": self.number},
            {"amount": None},
            {"amount": {}},
            {"amount": {"total": 4999, "currency": "CNY"}},
            {"amount": {"total": 5001, "currency": "CNY"}},
            {"amount": {"total": 50.0 * 100, "currency": "CNY"}},
            {"amount": {"total": "5000", "currency": "CNY"}},
            {"amount": {"total": -5000, "currency": "CNY"}},
            {"amount": {"total": 10**30, "currency": "CNY"}},
            {"amount": {"total": 5000, "currency": "USD"}},
            {"amount": {"total": 5000}},
        ):
            with self.subTest(change=change):
                resource = {**whole, **change}
                self._refuse(self.bank.notify("TRANSACTION.SUCCESS", resource))

    def test_a_cheap_genuine_payment_does_not_pay_for_a_dear_one(self):
        cheap = self._start(quantity=1)
        self.bank.pay(cheap.groupbuy_out_trade_no)
        resource = self.bank.get_transaction(cheap.groupbuy_out_trade_no)
        resource["out_trade_no"] = self.number
        self._refuse(self.bank.notify("TRANSACTION.SUCCESS", resource))

    def test_what_nobody_waits_for_is_acknowledged(self):
        resource = {"mchid": "1900000001", "openid": "x"}
        message = self.bank.notify("PAYSCORE.USER_OPEN_SERVICE", resource)
        self.assertEqual(self._post(message).status_code, 204)
        self.assertNothingHappened()

    def test_unpaid_states_change_nothing(self):
        for state in ("NOTPAY", "USERPAYING", "PAYERROR", "ACCEPT", "", None, 7):
            resource = self.bank.get_transaction(self.number)
            resource["trade_state"] = state
            message = self.bank.notify("TRANSACTION.SUCCESS", resource)
            self.assertEqual(self._post(message).status_code, 204)
            self.assertNothingHappened()

    def test_a_failure_of_ours_asks_for_a_repeat(self):
        message = self.bank.notify_paid(self.number)

        def fail(*_args):
            raise ZeroDivisionError

        with (
            patch.object(PaymentProvider, "_groupbuy_get_url", fail),
            patch.object(type(self.tx), "_wechat_process", fail),
            mute_logger("odoo.addons.groupbuy_payment.controllers.wechat"),
        ):
            response = self._post(message)
        self.assertEqual(response.status_code, 500)
        self.assertEqual(response.json()["code"], "SYSTEM_ERROR")
        self.assertNothingHappened()
        self.assertEqual(self._post(message).status_code, 204)
        self.assertEqual(self.tx.state, "done")

    def test_only_posts_are_heard(self):
        response = self.url_open("/payment/wechat_pay/notify", allow_redirects=False)
        self.assertEqual(response.status_code, 405)

    # === DISORDER === #

    def test_every_order_of_paying_closing_and_asking_ends_right(self):
        """Nobody is charged for what is closed, nothing paid gets lost."""

        def pay(tx):
            self.bank.pay(tx.groupbuy_out_trade_no)

        def hear(tx):
            if self.bank.orders[tx.groupbuy_out_trade_no]["state"] == "SUCCESS":
                self.assertEqual(self._hear_paid(tx), 204)

        def close(tx):
            tx._groupbuy_close_unpaid()

        def ask(tx):
            tx._groupbuy_query()

        for events in itertools.permutations((pay, hear, close, ask)):
            with self.subTest([event.__name__ for event in events]):
                tx = self._start(quantity=1)
                for event in events:
                    event(tx)
                # What may still be under way arrives in the end.
                hear(tx)
                self._post_process_all()
                paid = events.index(pay) < events.index(close)
                self.assertEqual(tx.state, "done" if paid else "cancel")
                order = tx.groupbuy_order_id
                self.assertEqual(order.state, "sent" if paid else "draft")
                self.assertBooksAgree(order)
                self.assertFalse(self._get_refunds(order))

    def test_every_order_of_messages_about_a_refund_ends_right(self):
        """Paid twice, refunded once: late, repeated and stale messages in any order."""
        self.bank.refund_state = "PROCESSING"
        orders = self.env["sale.order"]
        for names in itertools.permutations(("paid", "stale", "done", "ask")):
            with self.subTest(names):
                orders |= self._check_refund(names)
        self._book()
        for order in orders:
            self.assertAtRest(order)

    def _check_refund(self, names):
        tx = self._start(quantity=1)
        number = tx.groupbuy_out_trade_no
        self.bank.pay(number)
        paid = self.bank.notify_paid(number)
        self._post(paid)
        self._post_process_all()
        order = tx.groupbuy_order_id
        order.action_groupbuy_cancel()
        self._run_jobs()
        refund = self._get_refunds(order)
        refund_number = refund.groupbuy_out_trade_no
        stale = self.bank.notify("REFUND.PROCESSING",
                                 self.bank.get_refund(refund_number))  # fmt: skip
        self.bank.refunds[refund_number]["status"] = "SUCCESS"
        done = self.bank.notify_refunded(refund_number)
        for name in names:
            if name == "ask":
                (tx + refund)._groupbuy_query()
                tx._groupbuy_close_unpaid()
            else:
                message = {"paid": paid, "stale": stale, "done": done}[name]
                self.assertEqual(self._post(message).status_code, 204)
        self._post_process_all()
        self.assertEqual((tx.state, refund.state), ("done", "done"))
        self.assertEqual(self._get_refunds(order), refund)
        self.assertEqual(order._groupbuy_get_balances()[order], 0)
        self.assertBooksAgree(order)
        return order
