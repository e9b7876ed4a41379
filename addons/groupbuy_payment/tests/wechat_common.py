from unittest.mock import patch

from odoo.tests import HttpCase

from odoo.addons.community_groupbuy.tests.common import GroupbuyCommon

from ..protocols import wechat_pay
from . import wechat_platform
from .wechat_platform import Platform, make_key, private_pem, public_pem

# Of the tests only: 32 bytes in base64.
SECRET_KEY = "dGVzdHMgb25seTogbm90IGEgc2VjcmV0IGtleSEhISE="


class WechatCommon(GroupbuyCommon, HttpCase):
    """A neighbourhood whose bank is WeChat Pay, as far as it can be seen from here."""

    @classmethod
    def setUpClass(cls):
        cls.enterClassContext(
            patch.dict("os.environ", {"GROUPBUY_SECRET_KEYS": SECRET_KEY})
        )
        super().setUpClass()
        cls.website = cls.env["website"].get_current_website()
        cls.website.company_id = cls.company

    @classmethod
    def _set_up_bank(cls):
        cls.bank = Platform()
        provider = cls.env.ref("groupbuy_payment.payment_provider_wechat_pay")
        if provider.company_id != cls.company:
            provider = provider.copy({"company_id": cls.company.id})
        provider.write(
            {
                "state": "test",
                "is_published": True,
                "wechat_appid": wechat_platform.APPID,
                "wechat_mchid": wechat_platform.MCHID,
                "wechat_serial_no": wechat_platform.SERIAL_NO,
                "wechat_private_key": private_pem(make_key("merchant")),
                "wechat_apiv3_key": wechat_platform.APIV3_KEY,
                "wechat_public_key_id": wechat_platform.PUBLIC_KEY_ID,
                "wechat_public_key": public_pem(make_key("platform")),
            }
        )
        cls.provider = provider
        cls.method = cls.env.ref("payment.payment_method_wechat_pay")
        cls.method.active = True

    def setUp(self):
        super().setUp()
        self.campaign = self._create_campaign(self._example())
        self.patch(wechat_pay.requests, "request", self._request)

    def _request(self, *args, **kwargs):
        return self.bank.request(*args, **kwargs)

    # === ACTING === #

    def _start(self, order=None, quantity=1):
        """:return: a payment of 10.00 a piece whose code is shown"""
        order = order or self._join(self.campaign, self.ann, quantity)
        tx = self._create_payment(order)
        tx._groupbuy_get_code()
        return tx

    def _post(self, message):
        """:return: the answer to a notification, over HTTP"""
        headers, body = message
        self.env.flush_all()
        response = self.url_open(
            "/payment/wechat_pay/notify",
            data=body,
            headers={"Content-Type": "application/json", **headers},
            method="POST",
        )
        self.env.invalidate_all()
        return response

    def _hear_paid(self, tx, **options):
        """:return: the status with which a payment's notification is answered"""
        message = self.bank.notify_paid(tx.groupbuy_out_trade_no, **options)
        return self._post(message).status_code

    def _hear_refunded(self, tx, **options):
        message = self.bank.notify_refunded(tx.groupbuy_out_trade_no, **options)
        return self._post(message).status_code

    def _pay(self, order, amount=None):
        """Override: by scanning; WeChat Pay notifies us."""
        tx = self._start(order)
        self.bank.pay(tx.groupbuy_out_trade_no)
        self.assertEqual(self._hear_paid(tx), 204)
        tx._post_process()
        self.env.invalidate_all()
        return tx

    def _ask(self):
        """Let time for the next queries come, and run their cron."""
        open_txs = self.env["payment.transaction"].search(
            [("provider_id", "=", self.provider.id)]
        )
        open_txs.groupbuy_query_at = False
        self._run_cron("groupbuy_payment.query_cron")

    def _post_process_all(self):
        self.env["payment.transaction"].search(
            [("provider_id", "=", self.provider.id), ("is_post_processed", "=", False)]
        )._post_process()
        self._run_jobs()
        self.env.invalidate_all()

    # === CHECKING === #

    def _get_refunded(self, order):
        """Override: what WeChat Pay says it paid back."""
        fen = sum(
            self.bank.refunds[tx.groupbuy_out_trade_no]["amount"]["refund"]
            for tx in self._get_refunds(order)
            if self.bank.refunds.get(tx.groupbuy_out_trade_no, {}).get("status")
            == "SUCCESS"
        )
        return fen / 100

    def assertBooksAgree(self, order):
        """WeChat Pay has what we think that it has."""
        txs = order.transaction_ids
        there = sum(self.bank.get_money(tx.groupbuy_out_trade_no) for tx in txs)
        here = order.currency_id.round(order._groupbuy_get_balances()[order] * 100)
        self.assertEqual(there, here)
