import random
from itertools import permutations
from urllib.parse import urlencode

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..protocols import alipay
from .alipay_common import APP_ID, AlipayCommon, make_key

MUTATIONS = 1000


@tagged("post_install", "-at_install")
class TestAlipayNotify(AlipayCommon, HttpCase):
    """Only what Alipay has signed is believed, and however often, once."""

    def setUp(self):
        super().setUp()
        self.tx = self._start()
        self.desk.pay(self.tx)

    def _notify(self, values=None, body=None, **headers):
        """:return: Alipay hears `success`"""
        self.env.flush_all()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        response = self.url_open(
            "/payment/alipay/notify",
            data=body if body is not None else self._read_form(values),
            headers=headers,
        )
        self.env.invalidate_all()
        return (response.status_code, response.text) == (200, "success")

    def test_payment(self):
        self.assertTrue(self._notify(self.desk.get_notification(self.tx)))
        self.assertEqual(self.tx.state, "done")
        trade = self.desk.trades[self.tx.groupbuy_out_trade_no]
        self.assertEqual(self.tx.provider_reference, trade["trade_no"])
        self.tx._post_process()
        self.assertEqual(self.tx.sale_order_ids.state, "sent")
        self.assertFalse(self.desk.requests)

    def test_the_same_a_hundred_times_has_one_effect(self):
        values = self.desk.get_notification(self.tx)
        self.assertTrue(self._notify(values))
        self.tx._post_process()
        order = self.tx.sale_order_ids
        # What follows from the payment is computed and written before.
        self.env.flush_all()
        self.env.invalidate_all()
        names = ["state", "write_date", "message_ids"]
        before = order.read(names) + self.tx.read(["state", "write_date"])
        for _time in range(99):
            self.assertTrue(self._notify(values))
        after = order.read(names) + self.tx.read(["state", "write_date"])
        self.assertEqual(after, before)
        self.tx._post_process()
        self._run_jobs()
        self.assertEqual(order.state, "sent")
        self.assertFalse(self._get_refunds(order))

    def test_no_mutation_is_accepted(self):
        values = self.desk.get_notification(self.tx)
        draw = random.Random(4)
        for _time in range(MUTATIONS):
            pairs = list(values.items())
            position = draw.randrange(len(pairs))
            name, value = pairs[position]
            spot = draw.randrange(len(value))
            other = draw.choice("0123456789abcXYZ+/= .-_")
            changed = value[:spot] + other + value[spot + 1 :]
            pairs[position : position + 1] = draw.choice(
                [
                    [(name, changed if changed != value else value + other)],
                    [(name, value + other)],
                    [(name, value[:spot])],
                    [(name, "")],
                    [(name + "x", value)],
                    [(name, value), (f"extra_{name}", other)],
                    [(name, value), (f"empty_{name}", "")],
                    [(name, value), (name, value)],
                    [],
                ]
            )
            body = urlencode(pairs).encode()
            self.assertFalse(self._notify(body=body), body)
        self.assertEqual(self.tx.state, "draft")
        self.assertTrue(self._notify(values))

    def test_gbk(self):
        values = self.desk.get_notification(self.tx)
        del values["sign"]
        values["charset"] = "GBK"
        values = self.desk.sign(values, charset="gbk")
        self.assertFalse(self._notify(values))
        self.assertTrue(self._notify(body=self._read_form(values, "gbk")))
        self.assertEqual(self.tx.state, "done")

    def test_charset_of_the_header(self):
        values = self.desk.get_notification(self.tx)
        for name in ("sign", "charset"):
            del values[name]
        body = self._read_form(self.desk.sign(values, charset="gbk"), "gbk")
        content_type = "application/x-www-form-urlencoded; charset=GBK"
        self.assertTrue(self._notify(body=body, **{"Content-Type": content_type}))

    def test_signed_but_not_about_this_payment(self):
        for changes in (
            {"app_id": "2021000000000002"},
            {"seller_id": "2088000000000002"},
            {"total_amount": "0.01"},
            {"total_amount": "20.001"},
            {"total_amount": "NaN"},
            {"total_amount": "-20.00"},
            {"out_trade_no": "unknown"},
            {"out_trade_no": self._start(self.ben, 1).groupbuy_out_trade_no},
            {"sign_type": "RSA"},
        ):
            values = self.desk.get_notification(self.tx, **changes)
            with self.subTest(changes=changes):
                self.assertFalse(self._notify(values))
                self.assertEqual(self.tx.state, "draft")
        self.assertFalse(
            self.env["payment.transaction"].search([("state", "=", "done")]) & self.tx
        )

    def test_signed_by_somebody_else(self):
        stranger, _pem, _public = make_key()
        values = self.desk.get_notification(self.tx)
        del values["sign"]
        self.assertFalse(self._notify(self.desk.sign(values, stranger)))
        # Not even with our own key, which people who see our requests do not have.
        self.assertFalse(self._notify(self.desk.sign(values, self.desk.app_private)))

    def test_nonsense(self):
        for body in (b"", b"a", b"=&=", b"sign=x", b"%zz=%", b"\xff\xfe", b"a=1&a=2"):
            with self.subTest(body=body):
                self.assertFalse(self._notify(body=body))
        with mute_logger("odoo.http"):
            self.assertFalse(self._notify(body=b"a=" + b"x" * 70_000))
            response = self.url_open("/payment/alipay/notify")
        self.assertEqual(response.status_code, 405)

    def test_every_order_of_events(self):
        """Pay, partial refund, full refund, which closes: in whatever order."""
        names = ("pay", "part", "full")
        for user, order in zip(self.residents, permutations(names), strict=True):
            with self.subTest(order=order):
                tx = self._start(user, 1)
                trade = self.desk.pay(tx)
                heard = {"pay": self.desk.get_notification(tx)}
                # The payment is known by asking, before any notification arrives.
                tx._groupbuy_query()
                tx._post_process()
                part, full = (
                    tx._create_child_transaction(amount, is_refund=True)
                    for amount in (4.0, 6.0)
                )
                for name, refund, amount in (("part", part, 4), ("full", full, 10)):
                    refund._send_refund_request()
                    heard[name] = self.desk.get_notification(
                        tx,
                        refund_fee=f"{amount}.00",
                        out_biz_no=refund.groupbuy_out_trade_no,
                        gmt_refund="2026-01-02 00:00:00",
                    )
                for name in order:
                    self.assertTrue(self._notify(heard[name]))
                self.assertEqual(tx.state, "done")
                self.assertEqual((part + full).mapped("state"), ["done", "done"])
                self.assertEqual(trade["status"], "TRADE_CLOSED")
                self.assertEqual(sum(trade["refunds"].values()), 1000)

    def test_closed_unpaid_and_paid_after_all(self):
        values = self.desk.get_notification(self.tx, trade_status="TRADE_CLOSED")
        self.assertTrue(self._notify(values))
        self.assertEqual(self.tx.state, "cancel")
        self.assertTrue(self._notify(self.desk.get_notification(self.tx)))
        self.assertEqual(self.tx.state, "done")

    def test_closed_after_paid_changes_nothing(self):
        self.assertTrue(self._notify(self.desk.get_notification(self.tx)))
        values = self.desk.get_notification(self.tx, trade_status="TRADE_CLOSED")
        self.assertTrue(self._notify(values))
        self.assertEqual(self.tx.state, "done")

    def test_scanned_is_not_paid(self):
        values = self.desk.get_notification(self.tx, trade_status="WAIT_BUYER_PAY")
        self.assertTrue(self._notify(values))
        self.assertEqual(self.tx.state, "draft")

    def test_late_money_is_refunded_once(self):
        order = self.tx.sale_order_ids
        with self._later(minutes=40):
            self._sweep()
        self.assertEqual(order.state, "cancel")
        # Somebody else has taken the pieces meanwhile.
        self._buy(self.campaign, self.ben, 60)
        values = self.desk.get_notification(self.tx)
        for _time in range(2):
            self.assertTrue(self._notify(values))
            self.tx._post_process()
            self._run_jobs()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(self.desk.get_refunded(self.tx), 2000)
        self.assertEqual(self._get_refunds(order).mapped("state"), ["done"])

    def test_refund_that_alipay_tells_about_is_asked_about(self):
        self.tx._groupbuy_query()
        refund = self.tx._create_child_transaction(20.0, is_refund=True)
        trade = self.desk.trades[self.tx.groupbuy_out_trade_no]
        trade["refunds"][refund.groupbuy_out_trade_no] = 2000
        refund._set_pending()
        self.assertTrue(
            self._notify(
                self.desk.get_notification(
                    self.tx,
                    trade_status="TRADE_CLOSED",
                    refund_fee="20.00",
                    out_biz_no=refund.groupbuy_out_trade_no,
                )
            )
        )
        self.assertEqual(refund.state, "pending")
        self._run_cron("groupbuy_payment.query_cron")
        self.assertEqual(refund.state, "done")

    # === COMING BACK === #

    def _come_back(self, values):
        self.env.flush_all()
        self.desk.requests.clear()
        response = self.url_open(
            f"/payment/alipay/return?{urlencode(values)}", allow_redirects=False
        )
        self.env.invalidate_all()
        self.assertIn(response.status_code, (302, 303))
        self.assertTrue(response.headers["Location"].endswith("/payment/status"))

    def _get_return(self, **changes):
        trade = self.desk.trades[self.tx.groupbuy_out_trade_no]
        return self.desk.sign(
            {
                "app_id": APP_ID,
                "charset": "utf-8",
                "method": "alipay.trade.page.pay.return",
                "out_trade_no": trade["out_trade_no"],
                "seller_id": self.provider.alipay_seller_id,
                "sign_type": "RSA2",
                "timestamp": "2026-01-01 12:00:00",
                "total_amount": "20.00",
                "trade_no": trade["trade_no"],
                "version": "1.0",
                **changes,
            }
        )

    def test_coming_back_asks(self):
        self._come_back(self._get_return())
        self.assertEqual(self.desk.requests, ["alipay.trade.query"])
        self.assertEqual(self.tx.state, "done")

    def test_coming_back_pays_nothing(self):
        self.desk.trades[self.tx.groupbuy_out_trade_no]["status"] = "WAIT_BUYER_PAY"
        self._come_back(self._get_return(trade_status="TRADE_SUCCESS"))
        self.assertEqual(self.tx.state, "draft")

    def test_who_comes_back_unsigned_is_not_asked_about(self):
        values = self._get_return()
        self._come_back({**values, "total_amount": "20"})
        self._come_back({"out_trade_no": values["out_trade_no"]})
        self._come_back({})
        self.assertFalse(self.desk.requests)
        self.assertEqual(self.tx.state, "draft")

    def test_form_of_the_payment(self):
        values = alipay.parse_notification(self._read_form(self._get_return())).values
        self.assertEqual(values["out_trade_no"], self.tx.groupbuy_out_trade_no)
        self.assertLessEqual(len(self.tx.groupbuy_out_trade_no), 32)
