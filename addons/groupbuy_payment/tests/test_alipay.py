import datetime
import json
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from lxml import html

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..protocols import alipay, alipay_keys
from .alipay_common import APP_ID, AlipayCommon, make_key


def make_certificate(key, common_name):
    """:return: PEM of a certificate that the key signed itself"""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@tagged("post_install", "-at_install")
class TestAlipay(AlipayCommon):
    """Payments and refunds at Alipay, whatever becomes of its answers."""

    # === STARTING === #

    def _render(self, tx, phone=False):
        """:return: the form that the browser submits"""
        tx.operation = "online_redirect"
        with patch.object(type(tx), "_groupbuy_is_phone", lambda _self: phone):
            values = tx._get_processing_values()
        return html.fromstring(values["redirect_form_html"])

    def _get_inputs(self, form):
        return {own.get("name"): own.get("value") for own in form.findall(".//input")}

    def test_pages_are_chosen_by_device(self):
        tx = self._start()
        for phone, method, product in (
            (False, "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
            (True, "alipay.trade.wap.pay", "QUICK_WAP_WAY"),
        ):
            form = self._render(tx, phone)
            self.assertEqual(form.get("method"), "post")
            self.assertEqual(form.get("action"), f"{alipay.GATEWAY}?charset=utf-8")
            inputs = self._get_inputs(form)
            self.assertEqual((inputs["app_id"], inputs["method"]), (APP_ID, method))
            body = json.loads(inputs["biz_content"])
            self.assertEqual(body["out_trade_no"], tx.groupbuy_out_trade_no)
            self.assertEqual(body["total_amount"], "20.00")
            self.assertEqual(body["product_code"], product)
            self.assertTrue(inputs["notify_url"].endswith("/payment/alipay/notify"))
            self.assertNotIn("?", inputs["notify_url"])
            signature = inputs.pop("sign")
            content = alipay.get_signed_content(inputs)
            self.assertTrue(alipay_keys.verify(self.desk.app_key, content, signature))
        self.assertEqual(tx.state, "draft")

    def test_time_to_pay_is_chinas(self):
        tx = self._start()
        tx.groupbuy_expires_at = "2026-01-01 17:00:00"
        self.assertEqual(
            tx._alipay_prepare_order()["time_expire"], "2026-01-02 01:00:00"
        )

    def test_code_on_our_page(self):
        self.provider.alipay_desktop_product = "precreate"
        tx = self._start()
        form = self._render(tx)
        self.assertEqual(form.get("action"), tx._groupbuy_get_pay_url())
        self.assertEqual(form.get("method"), "get")
        self.assertIn(tx.groupbuy_out_trade_no, tx._groupbuy_get_code())
        # No trade exists before somebody scans it: that is unpaid, not wrong.
        self.assertTrue(tx._groupbuy_query())
        self.assertEqual(tx.state, "draft")
        self.desk.pay(tx)
        tx._groupbuy_query()
        self.assertEqual(tx.state, "done")

    def test_odd_amounts(self):
        for amount, text in ((0.01, "0.01"), (19.99, "19.99"), (1129.6, "1129.60")):
            tx = self._start()
            tx.amount = amount
            self.assertEqual(tx._alipay_prepare_order()["total_amount"], text)
            self.desk.pay(tx)
            tx._groupbuy_query()
            self.assertEqual(tx.state, "done")
            tx.sale_order_ids.action_groupbuy_cancel()

    # === ASKING === #

    def test_missed_notification_is_made_up_for(self):
        tx = self._start()
        self.desk.pay(tx)
        with self._later(minutes=2):
            self._run_cron("groupbuy_payment.query_cron")
        self.assertEqual(tx.state, "done")

    def test_expired_payment_is_closed(self):
        tx = self._start()
        self.desk.pay(tx)["status"] = "WAIT_BUYER_PAY"
        with self._later(minutes=40):
            self._run_cron("groupbuy_payment.query_cron")
        self.assertEqual(tx.state, "cancel")
        trade = self.desk.trades[tx.groupbuy_out_trade_no]
        self.assertEqual(trade["status"], "TRADE_CLOSED")

    def test_paid_while_it_was_closed(self):
        tx = self._start()
        self.desk.pay(tx)
        tx._groupbuy_close_unpaid()
        self.assertEqual(tx.state, "done")

    def test_nothing_follows_from_answers_that_cannot_be_relied_on(self):
        for fault in ("before", "after", "500", "forged", "unsure"):
            tx = self._start()
            self.desk.pay(tx)
            self.desk.faults = [fault]
            self.assertFalse(tx._groupbuy_query())
            self.assertEqual(tx.state, "draft", fault)
            self.assertTrue(tx._groupbuy_query())
            self.assertEqual(tx.state, "done")
            tx.sale_order_ids.action_groupbuy_cancel()

    def test_answer_about_another_payment(self):
        tx, other = self._start(), self._start(self.ben)
        self.desk.pay(other)
        self.desk.trades[tx.groupbuy_out_trade_no] = self.desk.trades[
            other.groupbuy_out_trade_no
        ]
        self.assertFalse(tx._groupbuy_query())
        self.assertEqual(tx.state, "draft")

    def test_another_amount_pays_nothing(self):
        tx = self._start()
        self.desk.pay(tx, fen=1)
        tx._groupbuy_query()
        self.assertEqual(tx.state, "error")

    # === REFUNDS === #

    def _refund(self, tx, amount=None):
        """:return: the refund, sent as the core sends it"""
        vals_list = tx._groupbuy_prepare_refunds(
            tx.amount if amount is None else amount
        )
        refund = tx.create(vals_list)
        refund._groupbuy_send()
        return refund

    def _start_paid(self):
        order = self._buy(self.campaign, self.ann, 2)
        return order.transaction_ids

    def test_partial_refunds(self):
        tx = self._start_paid()
        refunds = self._refund(tx, 0.07) | self._refund(tx, 19.93)
        self.assertEqual(refunds.mapped("state"), ["done", "done"])
        self.assertEqual(self.desk.get_refunded(tx), 2000)
        self.assertEqual(len(set(refunds.mapped("groupbuy_out_trade_no"))), 2)

    @mute_logger("odoo.addons.community_groupbuy.models.payment_transaction")
    def test_refund_is_sent_again_under_its_number(self):
        for faults in (["before"], ["after"], ["500"], ["forged"], ["unsure"] * 3):
            tx = self._start_paid()
            self.desk.faults = list(faults)
            refund = self._refund(tx)
            number = refund.groupbuy_out_trade_no
            for _fault in faults[1:]:
                self.assertEqual(refund.state, "error")
                refund._groupbuy_send()
            self.assertEqual(refund.state, "error", faults)
            self.assertIn("not known yet", refund.state_message)
            refund._groupbuy_send()
            self.assertEqual(refund.state, "done", faults)
            trade = self.desk.trades[tx.groupbuy_out_trade_no]
            self.assertEqual(trade["refunds"], {number: 2000})
            tx.sale_order_ids.action_groupbuy_cancel()
            self._run_jobs()
            self.assertEqual(self.desk.get_refunded(tx), 2000)

    def test_refund_that_alipay_refuses(self):
        tx = self._start_paid()
        trade = self.desk.trades[tx.groupbuy_out_trade_no]
        trade["refunds"]["elsewhere"] = 1
        refund = self._refund(tx)
        self.assertEqual(refund.state, "error")
        self.assertIn("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", refund.state_message)

    def test_refund_that_alipay_has_not_decided(self):
        tx = self._start_paid()
        undecided = {
            "out_trade_no": tx.groupbuy_out_trade_no,
            "fund_change": "N",
        }
        with patch.object(self.desk, "trade_refund", lambda _body: undecided):
            refund = self._refund(tx)
        self.assertEqual(refund.state, "pending")
        refund._groupbuy_query()
        self.assertEqual(refund.state, "pending")
        with self._later(minutes=11):
            refund._groupbuy_query()
            self.assertEqual(refund.state, "error")
            refund._groupbuy_send()
        self.assertEqual(refund.state, "done")
        self.assertEqual(self.desk.get_refunded(tx), 2000)

    def test_closing_refunds_the_difference(self):
        first = self._buy(self.campaign, self.ann, 15)
        self._buy(self.campaign, self.ben, 10)
        self._close(self.campaign)
        self.assertEqual(self.desk.get_refunded(first.transaction_ids), 1500)
        self._book()
        self.assertMoney(first, 150, 15, 135)

    # === SETTING UP === #

    def test_keys_are_checked(self):
        for name, value in (
            ("alipay_private_key", "nonsense"),
            ("alipay_private_key", self.alipay_public_pem),
            ("alipay_public_key", "nonsense"),
            ("alipay_public_key", False),
        ):
            with self.subTest(name=name), self.assertRaises(ValidationError):
                self.provider.write({name: value})

    def test_bare_base64(self):
        bare = "".join(self.alipay_public_pem.splitlines()[1:-1])
        self.provider.alipay_public_key = bare
        tx = self._start()
        self.desk.pay(tx)
        self.assertTrue(tx._groupbuy_query())

    def test_private_key_is_encrypted(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT * FROM payment_provider WHERE id = %s", [self.provider.id]
        )
        self.assertNotIn("PRIVATE KEY", str(self.env.cr.fetchall()))
        self.assertIn("PRIVATE KEY", self.provider.alipay_private_key)

    def test_only_the_vendor_in_earnest(self):
        self.provider.groupbuy_base_url = "http://127.0.0.1:9"
        self.assertEqual(
            self.provider._alipay_client().gateway, "http://127.0.0.1:9/gateway.do"
        )
        with self.assertRaises(ValidationError):
            self.provider.state = "enabled"
        self.provider.groupbuy_base_url = "https://openapi.alipay.com"
        self.provider.state = "enabled"

    def test_only_yuan(self):
        currencies = self.provider._get_supported_currencies()
        self.assertEqual(currencies.mapped("name"), ["CNY"])

    def test_certificates(self):
        """Our certificate's and the roots' numbers go out; answers name theirs."""
        alipay_pem = make_certificate(self.desk.key, "Alipay")
        other_key, _pem, _public = make_key()
        app_pem = make_certificate(self.desk.app_private, "Application")
        self.provider.write(
            {
                "alipay_key_mode": "certificate",
                "alipay_app_certificate": app_pem,
                "alipay_root_certificate": alipay_pem + app_pem,
                "alipay_certificate": make_certificate(other_key, "Alipay")
                + alipay_pem,
            }
        )
        [app] = alipay_keys.load_certificates(app_pem)
        [own] = alipay_keys.load_certificates(alipay_pem)
        values = self.provider._alipay_client().prepare("alipay.trade.query", {})
        self.assertEqual(values["app_cert_sn"], alipay_keys.get_serial(app))
        self.assertIn("_", values["alipay_root_cert_sn"])
        tx = self._start()
        self.desk.pay(tx)
        self.assertFalse(tx._groupbuy_query())
        self.desk.extra = {"alipay_cert_sn": "0" * 32}
        self.assertFalse(tx._groupbuy_query())
        self.desk.extra = {"alipay_cert_sn": alipay_keys.get_serial(own)}
        self.assertTrue(tx._groupbuy_query())
        self.assertEqual(tx.state, "done")

    def test_provider_that_is_not_set_up(self):
        provider = self.provider.copy({"company_id": self.company.id})
        with self.assertRaises(UserError):
            provider._alipay_request("alipay.trade.query", {})
