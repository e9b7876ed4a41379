import json
from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.community_groupbuy.tests.browser_common import BrowserCommon
from odoo.addons.payment.tests.http_common import PaymentHttpCommon

from ..protocols import wechat_oauth
from .wechat_common import WechatCommon

COMPUTER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile"
WECHAT = f"{PHONE} MicroMessenger/8.0"
OPENID = "o0000000000000000000000000001"


@tagged("post_install", "-at_install")
class TestQrPage(WechatCommon):
    """The page on which a payment is made."""

    def setUp(self):
        super().setUp()
        self.order = self._join(self.campaign, self.ann, 2)
        self.tx = self._create_payment(self.order)
        self.tx.landing_route = self.order._get_groupbuy_url()
        self.token = self.tx._groupbuy_get_pay_token()

    def _open(self, agent=COMPUTER, tx=None, token=None, **params):
        tx = tx or self.tx
        self.env.flush_all()
        return self.url_open(
            f"/payment/wechat_pay/pay/{tx.id}",
            params={"access_token": self.token if token is None else token, **params},
            headers={"User-Agent": agent},
            allow_redirects=False,
        )

    def _poll(self, code="wechat_pay", tx_id=None, **params):
        """:return: (answer, error's data)"""
        self.env.flush_all()
        params = {"access_token": self.token, **params}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        with mute_logger("odoo.http"):
            url = f"/payment/{code}/poll/{tx_id or self.tx.id}"
            answer = self.url_open(url, json=body).json()
        self.env.invalidate_all()
        return answer.get("result"), answer.get("error", {}).get("data")

    def _get_page(self, response):
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text).cssselect(".o_groupbuy_pay")[0]

    # === FROM THE SHOP TO THE PAGE === #

    def test_the_shops_payment_page_leads_here(self):
        self.authenticate("gb_resident_1", "gb_resident_1")
        self.url_open(f"/groupbuy/pay/{self.order.id}")
        page = self.url_open("/shop/payment")
        context = PaymentHttpCommon._get_payment_context(self, page)
        self.assertIn(self.method.id, context["payment_method_ids"])
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "amount": self.order.amount_total,
                "flow": "redirect",
                "tokenization_requested": False,
                "landing_route": self.order._get_groupbuy_url(),
                "access_token": self.order._portal_ensure_token(),
            },
        }
        self.env.flush_all()
        url = f"/shop/payment/transaction/{self.order.id}"
        values = self.url_open(url, json=body).json()["result"]
        form = html.fromstring(values["redirect_form_html"])
        inputs = {node.get("name"): node.get("value") for node in form.xpath("//input")}
        page = self.url_open(
            form.get("action"), params=inputs, headers={"User-Agent": COMPUTER}
        )
        self.assertEqual(self._get_page(page).get("data-product"), "native")

    # === ACCESS === #

    def test_without_its_token_no_page_opens(self):
        other = self._create_payment(self.order)
        for response in (
            self._open(token=""),
            self._open(token="x"),
            self._open(token=other._groupbuy_get_pay_token()),
            self.url_open(
                f"/payment/wechat_pay/pay/{2**40}", params={"access_token": self.token}
            ),
            self.url_open(
                f"/payment/alipay/pay/{self.tx.id}", params={"access_token": self.token}
            ),
        ):
            self.assertEqual(response.status_code, 404)

    def test_without_its_token_nothing_is_told(self):
        for params in (
            {"access_token": ""},
            {"access_token": None},
            {"access_token": ["x"]},
            {"access_token": {"x": 1}},
            {"tx_id": 2**40},
            {"code": "alipay"},
        ):
            answer, error = self._poll(**params)
            self.assertIsNone(answer)
            self.assertTrue(error)

    def test_refunds_have_no_page(self):
        order = self._join(self.campaign, self.ben, 1)
        self._pay(order)
        order.action_groupbuy_cancel()
        refund = self._get_refunds(order)
        token = refund._groupbuy_get_pay_token()
        response = self._open(tx=refund, token=token)
        self.assertEqual(response.status_code, 404)

    # === COMPUTER === #

    def test_a_computer_shows_a_code_and_goes_on_by_itself(self):
        page = self._get_page(self._open())
        self.assertEqual(page.get("data-product"), "native")
        text = " ".join(page.text_content().split())
        self.assertIn("Scan the code with WeChat", text)
        self.assertIn("20.00", text)
        answer, _error = self._poll(image=True)
        self.assertRegex(answer["image"], r"^data:image/svg\+xml;base64,")
        self.assertEqual((answer["state"], answer["url"]), ("draft", ""))
        self.assertTrue(800 < answer["seconds"] <= 900)
        self.bank.pay(self.tx.groupbuy_out_trade_no)
        self._hear_paid(self.tx)
        answer, _error = self._poll()
        self.assertEqual(answer["state"], "done")
        self.assertEqual(answer["url"], self.tx.landing_route)
        self.assertEqual(self.order.state, "sent")
        self.assertEqual(self._open().status_code, 303)

    def test_the_page_needs_no_other_hosts(self):
        page = self._get_page(self._open())
        for node in page.xpath(".//*[@src or @href]"):
            url = node.get("src") or node.get("href")
            self.assertTrue(url.startswith("/"), url)
        self.assertFalse(page.xpath(".//script"))

    def test_no_notification_is_needed(self):
        self._poll(image=True)
        self.bank.pay(self.tx.groupbuy_out_trade_no)
        answer, _error = self._poll()
        self.assertEqual(answer["state"], "draft")
        answer, _error = self._poll(ask=True)
        self.assertEqual(answer["state"], "done")

    def test_however_often_the_page_asks_the_provider_is_asked_in_between(self):
        self._poll(image=True)
        before = len(self.bank.requests)
        for _poll in range(20):
            self._poll(ask=True)
        self.assertLessEqual(len(self.bank.requests) - before, 4)

    def test_what_keeps_the_code_away_is_told(self):
        self.bank.faults = ["lost"]
        answer, _error = self._poll(image=True)
        self.assertTrue(answer["error"])
        self.assertEqual((answer["image"], answer["state"]), ("", "draft"))
        answer, _error = self._poll(image=True)
        self.assertTrue(answer["image"])

    def test_when_time_is_over_no_code_is_shown(self):
        with self._later(minutes=16):
            answer, _error = self._poll(image=True)
            self.assertEqual((answer["seconds"], answer["image"]), (0, ""))
            self._ask()
            answer, _error = self._poll(image=True)
            self.assertEqual((answer["state"], answer["url"]), ("cancel", ""))
        self.assertFalse(self.bank.orders)

    # === PHONE === #

    def test_a_phone_opens_the_app_and_comes_back(self):
        response = self._open(PHONE, start="1")
        self.assertEqual(response.status_code, 303)
        location = response.headers["Location"]
        self.assertTrue(location.startswith("https://wx.tenpay.com/checkmweb?"))
        self.assertIn("redirect_url=http", location)
        self.assertNotIn("start%3D1", location)
        order = self.bank.orders[self.tx.groupbuy_out_trade_no]
        self.assertEqual(order["product"], "h5")
        self.assertTrue(order["body"]["scene_info"]["payer_client_ip"])
        # Back from the app, paid or not, the page waits for what WeChat Pay says.
        page = self._get_page(self._open(PHONE))
        self.assertEqual(page.get("data-product"), "h5")
        self.assertEqual(self.tx.state, "draft")

    def test_a_phone_is_told_why_the_app_does_not_open(self):
        self.bank.faults = ["lost"]
        page = self._get_page(self._open(PHONE, start="1"))
        self.assertEqual(page.get("data-failed"), "1")

    # === INSIDE WECHAT === #

    def _answer_openid(self, answer):
        class Answer:
            def json(self):
                return answer

        def get(url, params, **_options):
            self.assertEqual(url, "https://api.weixin.qq.com/sns/oauth2/access_token")
            self.asked.append(params)
            return Answer()

        self.asked = []
        self.enterContext(patch.object(wechat_oauth.requests, "get", get))

    def test_inside_wechat_the_payer_is_asked_for_once(self):
        self.provider.wechat_app_secret = "topsecret"
        self._answer_openid({"openid": OPENID})
        self.authenticate("gb_resident_1", "gb_resident_1")
        response = self._open(WECHAT)
        self.assertEqual(response.status_code, 303)
        location = response.headers["Location"]
        start = "https://open.weixin.qq.com/connect/oauth2/authorize?"
        self.assertTrue(location.startswith(start))
        page = self._get_page(self._open(WECHAT, code="code1", state="pay"))
        self.assertEqual(page.get("data-product"), "jsapi")
        values = json.loads(page.get("data-pay-values"))
        self.assertEqual(values["package"], "prepay_id=wx1")
        self.assertEqual(
            set(values),
            {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"},
        )
        order = self.bank.orders[self.tx.groupbuy_out_trade_no]
        self.assertEqual(order["body"]["payer"], {"openid": OPENID})
        self._get_page(self._open(WECHAT))
        self.assertEqual([params["code"] for params in self.asked], ["code1"])
        self.assertNotIn("topsecret", self._open(WECHAT).text)

    def test_a_false_code_ends_in_words_not_in_a_circle(self):
        self.provider.wechat_app_secret = "topsecret"
        for answer in ({"errcode": 40029}, {"openid": 5}, {"openid": "a b"}, []):
            self._answer_openid(answer)
            page = self._get_page(self._open(WECHAT, code="false"))
            self.assertEqual(page.get("data-failed"), "1")

    def test_inside_wechat_without_the_secret_another_phone_scans(self):
        page = self._get_page(self._open(WECHAT))
        self.assertEqual(page.get("data-product"), "native")


@tagged("post_install", "-at_install")
class TestQrPageTour(WechatCommon):
    """The same page in a browser."""

    def setUp(self):
        super().setUp()
        self.order = self._join(self.campaign, self.ann, 2)
        self.tx = self._create_payment(self.order)
        self.tx.landing_route = self.order._get_groupbuy_url()
        token = self.tx._groupbuy_get_pay_token()
        self.url = f"{self.tx._groupbuy_get_pay_url()}?access_token={token}"

    def test_the_page_goes_on_by_itself_without_a_notification(self):
        get_transaction = self.bank.get_transaction

        def pay_then_tell(number):
            self.bank.pay(number)
            return get_transaction(number)

        self.patch(self.bank, "get_transaction", pay_then_tell)
        self.start_tour(self.url, "groupbuy_qr_page", login="gb_resident_1")
        self.env.invalidate_all()
        self.assertEqual(self.tx.state, "done")
        self.assertEqual(self.order.state, "sent")

    def test_what_fails_can_be_tried_again(self):
        self.bank.faults = ["lost"]
        self.start_tour(self.url, "groupbuy_qr_page_fails", login="gb_resident_1")
        self.assertEqual(self.tx.state, "draft")

    def test_the_page_tells_when_time_is_over(self):
        self.tx.groupbuy_expires_at = fields.Datetime.now() + timedelta(seconds=5)
        self.start_tour(self.url, "groupbuy_qr_page_over", login="gb_resident_1")
        self.assertEqual(self.tx.state, "draft")


@tagged("post_install", "-at_install")
class TestQrPageUnits(BrowserCommon):
    def test_units(self):
        """What the page does by itself, with a clock that is moved on."""
        self.browser_js(
            "/web/tests?headless&loglevel=2&preset=desktop&timeout=60000"
            "&filter=%40groupbuy_payment",
            "",
            "",
            login="admin",
            timeout=300,
            success_signal="[HOOT] Test suite succeeded",
        )
