"""The simulators themselves: their signatures, books and faults, without Odoo."""

import base64
import collections
import gzip
import hashlib
import io
import json
import random
import tempfile
import time
import unittest
import urllib.parse
import zipfile
from decimal import Decimal
from pathlib import Path

import requests
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from project import ADDONS

from sim import bills, signing
from sim.alipay import content
from sim.client import Process
from sim.merchant import AlipayMerchant, Ears, WechatMerchant

VECTORS = ADDONS / "groupbuy_payment" / "tests" / "vectors"
ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"


def setUpModule():
    global keys
    keys = tempfile.TemporaryDirectory()


def tearDownModule():
    keys.cleanup()


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text())["vectors"]


def pem(name):
    return (VECTORS / name).read_text().replace("TESTING KEY", "PRIVATE KEY")


class Signing(unittest.TestCase):
    """What the simulators sign with agrees with the providers' own fixtures."""

    def test_wechat_signatures(self):
        for vector in vectors("wechat_sign"):
            if vector["kind"] != "sign":
                continue
            with self.subTest(vector["id"]):
                key = signing.load_private(pem(vector["inputs"]["private_key_file"]))
                found = signing.sign(key, vector["inputs"]["message"])
                self.assertEqual(found, vector["expected"]["signature"])

    def test_alipay_signatures(self):
        for vector in vectors("alipay_rsa2_verify"):
            inputs = vector["inputs"]
            with self.subTest(vector["id"]):
                key = signing.load_public(pem(inputs["certificate_file"]))
                without = ["sign", "sign_type"][: 3 - int(inputs["content_rule"][1])]
                text = content(inputs["params"], *without).encode(inputs["charset"])
                found = signing.verify(key, text, inputs["params"]["sign"])
                self.assertEqual(found, vector["expected"]["valid"])

    def test_serial_numbers(self):
        for vector in vectors("wechat_verify"):
            if vector["kind"] != "certificate_serial":
                continue
            with self.subTest(vector["id"]):
                found = signing.serial_number(pem(vector["inputs"]["certificate_file"]))
                self.assertIn(found, vector["expected"].values())

    def test_certificate_numbers(self):
        for vector in vectors("alipay_certificate"):
            inputs = vector["inputs"]
            with self.subTest(vector["id"]):
                if vector["kind"] == "cert_sn":
                    found = signing.certificate_sn(pem(inputs["certificate_file"]))
                else:
                    found = signing.root_sn(pem(inputs["certificates_file"]))
                self.assertEqual(found, vector["expected"]["cert_sn"])


class Base:
    name = None
    accepts = (204, b"")

    @classmethod
    def setUpClass(cls):
        cls.sim = Process(cls.name, Path(keys.name))
        cls.addClassCleanup(cls.sim.stop)

    def setUp(self):
        self.sim.control("reset")
        self.ears = Ears(*self.accepts)
        self.addCleanup(self.ears.close)

    def assertBalanced(self):
        """What every trade, refund and transfer says is what the money did."""
        state = self.sim.state()
        due = collections.Counter()
        for trade in state["trades"]:
            due["in"] += trade["amount"] if trade["paid"] else 0
        for refund in state["refunds"]:
            due["back"] -= refund["amount"] if refund["state"] != "CLOSED" else 0
        failed = ("FAIL", "CANCELLED", "REFUND")
        for bill in state["transfers"]:
            due["out"] -= bill["amount"] if bill["state"] not in failed else 0
        moved = collections.Counter()
        for flow in state["flows"]:
            kind = flow["kind"]
            if "费" in kind:
                continue
            part = "out" if "转账" in kind else "back" if "退款" in kind else "in"
            moved[part] += flow["amount"] - flow["fee"]
        self.assertEqual(+moved, +due)
        self.assertEqual(-moved, -due)
        balance = sum(flow["amount"] for flow in state["flows"])
        self.assertEqual(state["balance"], balance)
        return state

    def page(self, path, **form):
        answer = requests.post(f"{self.sim.url}{path}", data=form, timeout=10)
        return answer.status_code


class Wechat(Base, unittest.TestCase):
    name = "wechat"

    def setUp(self):
        super().setUp()
        self.shop = WechatMerchant(self.sim)

    def order(self, number, total=1000, product="native", **more):
        return self.shop.call(
            "POST",
            f"{ORDERS}/{product}",
            {
                "appid": self.sim.keys["appid"],
                "mchid": self.sim.keys["mchid"],
                "description": "平陰玫瑰",
                "out_trade_no": number,
                "notify_url": self.ears.url,
                "amount": {"total": total, "currency": "CNY"},
                **more,
            },
        )

    def query(self, number):
        mchid = self.sim.keys["mchid"]
        return self.shop.call("GET", f"{ORDERS}/out-trade-no/{number}?mchid={mchid}")

    def refund(self, trade, number, amount, total=1000):
        return self.shop.call(
            "POST",
            REFUNDS,
            {
                "out_trade_no": trade,
                "out_refund_no": number,
                "notify_url": self.ears.url,
                "amount": {"refund": amount, "total": total, "currency": "CNY"},
            },
        )

    def transfer(self, number, amount=5000, **more):
        return self.shop.call(
            "POST",
            TRANSFERS,
            {
                "appid": self.sim.keys["appid"],
                "out_bill_no": number,
                "transfer_scene_id": "1000",
                "openid": "oPayee",
                "transfer_amount": amount,
                "transfer_remark": "Commission",
                "notify_url": self.ears.url,
                **more,
            },
        )

    def heard(self):
        """:return: what the notifications hold, None where one is not to be believed"""
        self.sim.control("idle")
        return [
            json.loads(self.unseal(json.loads(text)["resource"]))
            if self.shop.is_true(headers, text)
            else None
            for headers, text in self.ears.heard
        ]

    def unseal(self, sealed):
        return AESGCM(self.sim.keys["apiv3_key"].encode()).decrypt(
            sealed["nonce"].encode(),
            base64.b64decode(sealed["ciphertext"]),
            sealed["associated_data"].encode(),
        )

    def test_paid_by_scanning(self):
        status, answer = self.order("ORDER-1")
        self.assertEqual(status, 200)
        self.assertRegex(answer["code_url"], r"^weixin://wxpay/bizpayurl\?pr=\w+$")
        self.assertEqual(self.query("ORDER-1")[1]["trade_state"], "NOTPAY")
        self.assertEqual(self.query("NOBODY")[0], 404)
        self.assertEqual(self.page("/pay", number="ORDER-1"), 200)
        [paid] = self.heard()
        self.assertEqual(paid, self.query("ORDER-1")[1])
        self.assertEqual(paid["amount"]["total"], 1000)
        self.assertEqual(self.page("/pay", number="ORDER-1"), 400)
        self.assertEqual(self.order("ORDER-1")[1]["code"], "OUT_TRADE_NO_USED")
        self.assertBalanced()

    def test_other_products(self):
        self.assertEqual(self.order("ORDER-1", product="jsapi")[0], 400)
        payer = {"openid": "oPayer"}
        _status, answer = self.order("ORDER-1", product="jsapi", payer=payer)
        parts = {
            "appId": self.sim.keys["appid"],
            "timeStamp": str(int(time.time())),
            "nonceStr": "nonce",
            "package": f"prepay_id={answer['prepay_id']}",
        }
        sign = signing.sign(self.shop.key, "".join(f"{p}\n" for p in parts.values()))
        url = f"{self.sim.url}/jsbridge"
        for signature, word in ((sign[::-1], "fail"), (sign, "ok")):
            body = {**parts, "signType": "RSA", "paySign": signature}
            answer = requests.post(url, json=body, timeout=10).json()
            self.assertEqual(answer["err_msg"], f"get_brand_wcpay_request:{word}")
        self.assertEqual(self.query("ORDER-1")[1]["payer"], payer)
        scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
        _status, answer = self.order("ORDER-2", product="h5", scene_info=scene)
        text = requests.get(answer["h5_url"], timeout=10).text
        self.assertIn("10.00", text)

    def test_who_pays_inside_wechat(self):
        query = {"appid": self.sim.keys["appid"], "redirect_uri": self.ears.url}
        answer = requests.get(
            f"{self.sim.url}/connect/oauth2/authorize",
            params=query,
            allow_redirects=False,
            timeout=10,
        )
        target = urllib.parse.urlsplit(answer.headers["Location"])
        code = dict(urllib.parse.parse_qsl(target.query))["code"]
        query |= {"code": code, "secret": self.sim.keys["app_secret"]}
        url = f"{self.sim.url}/sns/oauth2/access_token"
        found = [requests.get(url, params=query, timeout=10).json() for _ in (1, 2)]
        self.assertRegex(found[0]["openid"], r"^o\w{27}$")
        self.assertEqual(found[1]["errcode"], 40029, "good for once")

    def test_requests_that_are_not_the_merchants(self):
        target, body = f"{ORDERS}/native", "{}"
        stranger = signing.load_private(self.sim.keys["platform_key"])
        spoilt = (
            {"key": stranger},
            {"at": time.time() - 301},
            {"at": time.time() + 302},
            {"headers": {"Authorization": ""}},
        )
        for options in spoilt:
            with self.subTest(options):
                answer = self.shop.send("POST", target, body, **options)
                self.assertEqual(answer.status_code, 401, answer.text)
        answer = self.shop.send("POST", target, body)
        self.assertEqual(answer.json()["code"], "PARAM_ERROR")
        again = answer.request.copy()
        self.assertEqual(self.shop.http.send(again).status_code, 401, "a used nonce")

    def test_orders_that_are_refused(self):
        far = f"{self.ears.url}".replace("127.0.0.1", "example.com")
        for number, more in (
            ("A", {}),
            ("ORDER-1", {"total": 10.5}),
            ("ORDER-1", {"total": 0}),
            ("ORDER-1", {"total": "1000"}),
            ("ORDER-1", {"appid": "wx0"}),
            ("ORDER-1", {"mchid": "1"}),
            ("ORDER-1", {"notify_url": f"{self.ears.url}?a=1"}),
            ("ORDER-1", {"notify_url": far}),
            ("ORDER-1", {"time_expire": "2020-01-01T00:00:00+08:00"}),
            ("ORDER-1", {"time_expire": "tomorrow"}),
        ):
            with self.subTest(more=more):
                self.assertEqual(self.order(number, **more)[0], 400)
        self.order("ORDER-1")
        self.assertEqual(self.order("ORDER-1", 999)[1]["code"], "INVALID_REQUEST")

    def test_closed_and_late(self):
        self.order("ORDER-1")
        body = {"mchid": self.sim.keys["mchid"]}
        close = f"{ORDERS}/out-trade-no/ORDER-1/close"
        self.assertEqual(self.shop.call("POST", close, body), (204, None))
        self.assertEqual(self.shop.call("POST", close, body)[0], 400)
        self.assertEqual(self.query("ORDER-1")[1]["trade_state"], "CLOSED")
        self.assertEqual(self.page("/pay", number="ORDER-1"), 400)
        self.sim.control("pay", number="ORDER-1", late=True)
        self.assertEqual(self.heard()[0]["trade_state"], "SUCCESS")
        self.assertEqual(self.shop.call("POST", close, body)[0], 400)

    def test_refunds(self):
        self.order("ORDER-1")
        self.assertEqual(self.refund("ORDER-1", "REFUND-1", 100)[0], 400, "unpaid")
        self.sim.control("pay", number="ORDER-1")
        first = self.refund("ORDER-1", "REFUND-1", 300)[1]
        self.assertEqual(first["status"], "PROCESSING")
        self.assertEqual(self.refund("ORDER-1", "REFUND-1", 300)[1], first, "once")
        self.assertEqual(self.refund("ORDER-1", "REFUND-1", 301)[0], 400)
        self.assertEqual(self.refund("ORDER-1", "REFUND-2", 701)[0], 400)
        self.assertEqual(self.refund("ORDER-1", "REFUND-2", 700, 999)[0], 400)
        self.assertEqual(self.refund("NOBODY", "REFUND-3", 100)[0], 404)
        self.sim.control("idle")
        self.sim.control("options", refund_seconds=3600)
        self.refund("ORDER-1", "REFUND-2", 700)
        self.sim.control("settle", number="REFUND-2", state="ABNORMAL")
        self.sim.control("options", refund_seconds=0.1)
        self.assertEqual(self.refund("ORDER-1", "REFUND-2", 700)[0], 200)
        time.sleep(0.5)
        found = self.shop.call("GET", f"{REFUNDS}/REFUND-2")[1]
        self.assertEqual(found["status"], "SUCCESS")
        self.assertEqual(self.shop.call("GET", f"{REFUNDS}/REFUND-9")[0], 404)
        states = [note["event"] for note in self.sim.control("state")["notifications"]]
        paid, success = "TRANSACTION.SUCCESS", "REFUND.SUCCESS"
        self.assertEqual(states, [paid, success, "REFUND.ABNORMAL", success])

    def test_faults(self):
        for fault in ("timeout_before", "timeout_after"):
            self.sim.faults({"on": "order", "fault": fault})
            with self.assertRaises(requests.ConnectionError):
                self.order(f"ORDER-{fault}")
            done = self.query(f"ORDER-{fault}")[0] == 200
            self.assertEqual(done, fault == "timeout_after")
        for fault in ("error_before", "error_after"):
            self.sim.faults({"on": "order", "fault": fault})
            self.assertEqual(self.order(f"ORDER-{fault}")[0], 500)
            done = self.query(f"ORDER-{fault}")[0] == 200
            self.assertEqual(done, fault == "error_after")
        for fault in ("forged", "unknown_serial", "skewed", "garbled"):
            self.sim.faults({"on": "order", "fault": fault})
            with self.assertRaisesRegex(ValueError, "signature"):
                self.order(f"ORDER-{fault}")
            self.assertEqual(self.query(f"ORDER-{fault}")[0], 200)
        self.sim.faults({"on": "query", "fault": "gateway_before"})
        with self.assertRaises(KeyError):
            self.query("ORDER-1")
        with self.assertRaisesRegex(ValueError, "knows no fault"):
            self.sim.faults({"on": "query", "fault": "flood"})
        self.assertEqual(len(self.sim.state()["faults"]), 9)

    def test_notifications_in_disorder(self):
        for number in range(1, 9):
            self.order(f"ORDER-{number}")
        pay = self.sim.control
        self.sim.faults({"on": "notify", "fault": "drop"})
        pay("pay", number="ORDER-1")
        self.sim.faults({"on": "notify", "fault": "hold", "times": 2})
        pay("pay", number="ORDER-2")
        pay("pay", number="ORDER-3")
        pay("pay", number="ORDER-4")
        self.assertEqual([note["out_trade_no"] for note in self.heard()], ["ORDER-4"])
        pay("release")
        numbers = [note["out_trade_no"] for note in self.heard()]
        self.assertEqual(sorted(numbers), ["ORDER-2", "ORDER-3", "ORDER-4"])
        self.ears.heard.clear()
        self.sim.faults({"on": "notify", "fault": "duplicate", "copies": 5})
        pay("pay", number="ORDER-5")
        self.assertEqual(len(self.heard()), 5)
        self.ears.heard.clear()
        for fault in ("forged", "unknown_serial", "skewed", "garbled", "probe"):
            self.sim.faults({"on": "notify", "fault": fault})
            pay("notify", number="ORDER-5")
            with self.subTest(fault):
                false, true = self.heard()
                self.assertIsNone(false)
                self.assertEqual(true["out_trade_no"], "ORDER-5")
            self.ears.heard.clear()

    def test_refused_notifications_come_again(self):
        self.ears.answers = [(500, b"{}"), (401, b"{}")]
        self.order("ORDER-1")
        self.sim.control("pay", number="ORDER-1")
        first, second, third = self.heard()
        self.assertEqual(first, third)
        ids = {json.loads(text)["id"] for _headers, text in self.ears.heard}
        self.assertEqual(len(ids), 1, second)
        nonces = {headers["Wechatpay-Nonce"] for headers, _text in self.ears.heard}
        self.assertEqual(len(nonces), 3)

    def test_keys_are_replaced(self):
        for signer, serial in (
            (0, self.sim.keys["certificates"][0]["serial_no"]),
            (1, self.sim.keys["certificates"][1]["serial_no"]),
            ("public_key", self.sim.keys["public_key_id"]),
        ):
            self.sim.control("options", signer=signer)
            answer = self.shop.send("GET", "/v3/certificates")
            self.assertEqual(answer.headers["Wechatpay-Serial"], serial)
            self.assertTrue(self.shop.is_true(answer.headers, answer.text))
        [first, _second] = answer.json()["data"]
        plain = self.unseal(first["encrypt_certificate"]).decode()
        self.assertEqual(plain, self.sim.keys["certificates"][0]["certificate"])

    def test_transfers(self):
        status, answer = self.transfer("PAYOUT1")
        self.assertEqual((status, answer["state"]), (200, "WAIT_USER_CONFIRM"))
        self.assertEqual(self.transfer("PAYOUT1")[1], answer, "once")
        self.assertEqual(self.transfer("PAYOUT1", 5001)[0], 400)
        self.assertEqual(self.transfer("PAYOUT-2")[0], 400)
        self.assertEqual(self.transfer("PAYOUT2", 9)[0], 400)
        self.assertEqual(self.transfer("PAYOUT2", 200_000)[0], 400, "no name")
        self.page("/decide", number="PAYOUT1", state="SUCCESS")
        self.transfer("PAYOUT3")
        self.page("/decide", number="PAYOUT3", state="FAIL")
        self.transfer("PAYOUT4")
        cancelled = self.shop.call(
            "POST", f"{TRANSFERS}/out-bill-no/PAYOUT4/cancel", {}
        )
        self.assertEqual(cancelled[1]["state"], "CANCELING")
        found = {
            note["out_bill_no"]: (note["state"], note.get("fail_reason"))
            for note in self.heard()
        }
        self.assertEqual(
            found,
            {
                "PAYOUT1": ("SUCCESS", None),
                "PAYOUT3": ("FAIL", "OVERDUE_CLOSE"),
                "PAYOUT4": ("CANCELLED", None),
            },
        )
        query = self.shop.call("GET", f"{TRANSFERS}/out-bill-no/PAYOUT3")[1]
        self.assertEqual(query["state"], "FAIL")
        self.sim.control("options", balance=-10_000)
        self.assertEqual(self.transfer("PAYOUT5", 10)[1]["code"], "NOT_ENOUGH")
        self.assertBalanced()

    def test_bills(self):
        day = bills.day_of(time.time())
        target = f"/v3/bill/tradebill?bill_date={day}&tar_type=GZIP"
        self.assertEqual(self.shop.call("GET", target)[1]["code"], "STATEMENT_CREATING")
        self.sim.control("options", open_bills=True)
        self.assertEqual(self.shop.call("GET", target)[1]["code"], "NO_STATEMENT_EXIST")
        for number, total in (("ORDER-1", 1000), ("ORDER-2", 333), ("ORDER-3", 50)):
            self.order(number, total)
        self.sim.control("pay", number="ORDER-1")
        self.sim.control("pay", number="ORDER-2")
        self.refund("ORDER-1", "REFUND-1", 250)
        self.sim.state()
        text = self.download(target)
        rows = [line.split(",") for line in text.splitlines()[1:-2]]
        numbers = [(row[6], row[13], row[15], row[16]) for row in rows]
        self.assertEqual(
            numbers,
            [
                ("`ORDER-1", "`0.00", "`0", "`0.00"),
                ("`ORDER-2", "`0.00", "`0", "`0.00"),
                ("`ORDER-1", "`0.00", "`REFUND-1", "`2.50"),
            ],
        )
        self.assertEqual(len(rows[0]), len(bills.WECHAT_TRADE.split(",")))
        self.assertIn("`3,`13.33,`2.50", text.splitlines()[-1])
        text = self.download(f"/v3/bill/fundflowbill?bill_date={day}")
        rows = [line.split(",") for line in text.splitlines()[1:-2]]
        moved = sum(
            Decimal(row[6][1:]) * (1 if row[5] == "`收入" else -1) for row in rows
        )
        self.assertEqual(moved * 100, self.assertBalanced()["balance"])

    def download(self, target):
        status, answer = self.shop.call("GET", target)
        self.assertEqual(status, 200)
        path = answer["download_url"].removeprefix(self.sim.url)
        self.assertEqual(requests.get(answer["download_url"]).status_code, 401)
        file = self.shop.send("GET", path).content
        if "tar_type=GZIP" in target:
            file = gzip.decompress(file)
        self.assertEqual(hashlib.sha1(file).hexdigest(), answer["hash_value"])
        return file.decode("utf-8-sig")

    def test_random_lives(self):
        """Whatever is asked, twice, late and with faults: the books stay right."""
        rng = random.Random(7)
        self.sim.control("options", refund_seconds=0.01)
        faults = ["timeout_before", "timeout_after", "error_before", "error_after"]
        spec = {"on": "*", "fault": faults, "times": None, "chance": 0.2}
        self.sim.faults(spec, seed=7)
        for _step in range(300):
            trade = f"ORDER-{rng.randrange(20)}"
            do = rng.choice(
                [
                    lambda trade=trade: self.order(trade),
                    lambda trade=trade: self.sim.control("pay", number=trade),
                    lambda trade=trade: self.refund(
                        trade, f"{trade}-R{rng.randrange(5)}", rng.choice([100, 400])
                    ),
                    lambda: self.transfer(f"PAYOUT{rng.randrange(9)}"),
                ]
            )
            try:
                do()
            except (requests.ConnectionError, ValueError):
                continue
        state = self.assertBalanced()
        self.assertGreater(sum(state["faults"].values()), 20)
        for trade in state["trades"]:
            refunds = [
                row["amount"]
                for row in state["refunds"]
                if row["trade"] == trade["number"]
            ]
            self.assertLessEqual(sum(refunds), trade["amount"])


class Alipay(Base, unittest.TestCase):
    name = "alipay"
    accepts = (200, b"success")

    def setUp(self):
        super().setUp()
        self.shop = AlipayMerchant(self.sim, certificates=True)

    def precreate(self, number, amount="10.00", **more):
        biz = {"out_trade_no": number, "total_amount": amount, "subject": "章丘大葱"}
        url = self.ears.url
        return self.shop.call("alipay.trade.precreate", biz, notify_url=url, **more)

    def query(self, number):
        return self.shop.call("alipay.trade.query", {"out_trade_no": number})

    def refund(self, trade, number, amount):
        biz = {"out_trade_no": trade, "refund_amount": amount, "out_request_no": number}
        return self.shop.call("alipay.trade.refund", biz)

    def transfer(self, number, amount="50.00", **payee):
        biz = {
            "out_biz_no": number,
            "trans_amount": amount,
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "order_title": "Commission",
            "payee_info": {
                "identity": "payee@example.com",
                "identity_type": "ALIPAY_LOGON_ID",
                "name": "某某",
                **payee,
            },
        }
        return self.shop.call("alipay.fund.trans.uni.transfer", biz)

    def heard(self):
        self.sim.control("idle")
        return [
            dict(urllib.parse.parse_qsl(text)) if self.shop.is_true(text) else None
            for _headers, text in self.ears.heard
        ]

    def test_paid_by_scanning(self):
        answer = self.precreate("ORDER_1")
        self.assertEqual(answer["code"], "10000")
        self.assertRegex(answer["qr_code"], r"^https://qr\.alipay\.com/bax\w+$")
        missing = self.query("ORDER_1")
        self.assertEqual(missing["sub_code"], "ACQ.TRADE_NOT_EXIST", "not yet scanned")
        self.sim.control("sign_in", number="ORDER_1")
        self.assertEqual(self.query("ORDER_1")["trade_status"], "WAIT_BUYER_PAY")
        self.page("/pay", number="ORDER_1")
        [paid] = self.heard()
        self.assertEqual(paid["trade_status"], "TRADE_SUCCESS")
        self.assertEqual(paid["total_amount"], "10.00")
        self.assertEqual(paid["seller_id"], self.sim.keys["seller_id"])
        self.assertEqual(self.query("ORDER_1")["trade_no"], paid["trade_no"])
        answer = self.precreate("ORDER_1")
        self.assertEqual(answer["sub_code"], "ACQ.TRADE_HAS_SUCCESS")
        self.assertBalanced()

    def test_paid_on_a_page(self):
        for method, product in (
            ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
            ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
        ):
            biz = {
                "out_trade_no": product,
                "total_amount": "10",
                "subject": "a&b",
                "product_code": product,
            }
            back = "http://127.0.0.1:1/return?a=1"
            more = {"notify_url": self.ears.url, "return_url": back}
            values = self.shop.values(method, biz, **more)
            url = f"{self.sim.url}/gateway.do"
            for answer in (
                requests.get(url, params=values, timeout=10),
                requests.post(url, data=values, timeout=10),
            ):
                self.assertEqual(answer.status_code, 200)
                self.assertIn("a&amp;b", answer.text)
            values["biz_content"] = values["biz_content"].replace("10", "1")
            self.assertEqual(requests.get(url, params=values).status_code, 400)
            paid = requests.post(
                f"{self.sim.url}/pay", data={"number": product}, allow_redirects=False
            )
            target = paid.headers["Location"]
            self.assertTrue(target.startswith(f"{back}&"))
            query = urllib.parse.urlsplit(target).query.partition("&")[2]
            self.assertTrue(self.shop.is_true(query))
        self.assertEqual(len(self.heard()), 2)

    def test_requests_that_are_not_the_merchants(self):
        stranger = signing.load_private(self.sim.keys["alipay_key"])
        biz = {"out_trade_no": "ORDER_1"}
        for more, code in (
            ({"key": stranger}, "isv.invalid-signature"),
            ({"app_id": "1"}, "isv.invalid-app-id"),
            ({"timestamp": "2020-01-01 00:00:00"}, "isv.invalid-timestamp"),
            ({"sign_type": "RSA"}, "isv.invalid-signature-type"),
        ):
            with self.subTest(code):
                answer = self.shop.call("alipay.trade.query", biz, **more)
                self.assertEqual((answer["code"], answer["sub_code"]), ("40002", code))
        self.shop.certificates = False
        answer = self.transfer("PAYOUT1")
        self.assertEqual(answer["sub_code"], "isv.missing-app-cert-sn")

    def test_other_charset(self):
        answer = self.precreate("ORDER_1", charset="GBK")
        self.assertEqual(answer["code"], "10000")
        self.sim.control("pay", number="ORDER_1")
        self.sim.control("idle")
        [(_headers, text)] = self.ears.heard
        values = dict(urllib.parse.parse_qsl(text, encoding="gbk"))
        self.assertEqual(values["subject"], "章丘大葱")

    def test_closed_and_late(self):
        biz = {"out_trade_no": "ORDER_1"}
        self.precreate("ORDER_1")
        answer = self.shop.call("alipay.trade.close", biz)
        self.assertEqual(answer["sub_code"], "ACQ.TRADE_NOT_EXIST")
        self.sim.control("sign_in", number="ORDER_1")
        self.assertEqual(self.shop.call("alipay.trade.close", biz)["code"], "10000")
        with self.assertRaises(ValueError):
            self.sim.control("pay", number="ORDER_1")
        self.sim.control("pay", number="ORDER_1", late=True)
        states = [note["trade_status"] for note in self.heard()]
        self.assertEqual(sorted(states), ["TRADE_CLOSED", "TRADE_SUCCESS"])

    def test_refunds(self):
        self.precreate("ORDER_1")
        self.sim.control("pay", number="ORDER_1")
        missing = {"out_trade_no": "ORDER_1", "out_request_no": "REFUND-1"}
        query = "alipay.trade.fastpay.refund.query"
        self.assertNotIn("refund_status", self.shop.call(query, missing))
        first = self.refund("ORDER_1", "REFUND-1", "3.00")
        self.assertEqual((first["fund_change"], first["refund_fee"]), ("Y", "3.00"))
        again = self.refund("ORDER_1", "REFUND-1", "3.00")
        self.assertEqual((again["fund_change"], again["refund_fee"]), ("N", "3.00"))
        self.assertEqual(self.shop.call(query, missing)["refund_amount"], "3.00")
        for number, amount, code in (
            ("REFUND-1", "3.01", "ACQ.DISCORDANT_REPEAT_REQUEST"),
            ("REFUND-2", "7.01", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
            ("REFUND-2", "-1", "ACQ.INVALID_PARAMETER"),
            (None, "1", "ACQ.INVALID_PARAMETER"),
        ):
            with self.subTest(code):
                answer = self.refund("ORDER_1", number, amount)
                self.assertEqual(answer["sub_code"], code)
        self.assertEqual(self.refund("ORDER_1", "REFUND-2", "7")["refund_fee"], "10.00")
        self.assertEqual(self.query("ORDER_1")["trade_status"], "TRADE_CLOSED")
        told = [
            (note["refund_fee"], note["out_biz_no"])
            for note in self.heard()
            if "refund_fee" in note
        ]
        self.assertEqual(sorted(told), [("10.00", "REFUND-2"), ("3.00", "REFUND-1")])
        self.assertBalanced()

    def test_faults(self):
        self.precreate("ORDER_1")
        self.sim.control("pay", number="ORDER_1")
        for step, fault in enumerate(("error_before", "error_after", "timeout_after")):
            self.sim.faults({"on": "refund", "fault": fault})
            number = f"REFUND-{step}"
            try:
                answer = self.refund("ORDER_1", number, "1.00")
                self.assertEqual(answer["sub_code"], "ACQ.SYSTEM_ERROR")
            except requests.ConnectionError:
                self.assertEqual(fault, "timeout_after")
            done = self.refund("ORDER_1", number, "1.00")["fund_change"] == "N"
            self.assertEqual(done, fault.endswith("after"))
        self.sim.faults({"on": "transfer", "fault": "error_before", "code": "20000"})
        self.assertEqual(self.transfer("PAYOUT1")["code"], "20000")
        for fault in ("forged", "garbled"):
            self.sim.faults({"on": "query", "fault": fault})
            with self.assertRaisesRegex(ValueError, "signature"):
                self.query("ORDER_1")
        for fault in ("forged", "garbled"):
            self.ears.heard.clear()
            self.sim.faults({"on": "notify", "fault": fault})
            self.sim.control("notify", number="ORDER_1")
            false, true = self.heard()
            self.assertIsNone(false)
            self.assertEqual(true["out_trade_no"], "ORDER_1")

    def test_refused_notifications_come_again(self):
        self.ears.answers = [(200, b"fail"), (500, b"success!"), (200, b"")]
        self.precreate("ORDER_1")
        self.sim.control("pay", number="ORDER_1")
        notes = self.heard()
        self.assertEqual(len(notes), 4)
        self.assertEqual(len({note["notify_id"] for note in notes}), 1)

    def test_transfers(self):
        first = self.transfer("PAYOUT1")
        self.assertEqual(first["status"], "SUCCESS")
        self.assertEqual(self.transfer("PAYOUT1"), first, "once")
        for number, amount, payee, code in (
            ("PAYOUT1", "50.01", {}, "PAYMENT_INFO_INCONSISTENCY"),
            ("PAYOUT2", "0.05", {}, "EXCEED_LIMIT_SM_MIN_AMOUNT"),
            ("PAYOUT2", "1", {"identity": "nobody@example.com"}, "PAYEE_NOT_EXIST"),
            ("PAYOUT2", "1", {"name": ""}, "INVALID_PARAMETER"),
        ):
            with self.subTest(code):
                answer = self.transfer(number, amount, **payee)
                self.assertEqual(answer["sub_code"], code)
        query = "alipay.fund.trans.common.query"
        answer = self.shop.call(query, {"out_biz_no": "PAYOUT2"})
        self.assertEqual(answer["sub_code"], "ORDER_NOT_EXIST")
        self.sim.control("options", transfer_state="DEALING")
        self.transfer("PAYOUT3")
        self.sim.control("decide", number="PAYOUT3", state="FAIL", reason="NO_ACCOUNT")
        answer = self.shop.call(query, {"out_biz_no": "PAYOUT3"})
        self.assertEqual(
            (answer["status"], answer["error_code"]), ("FAIL", "NO_ACCOUNT")
        )
        self.assertBalanced()

    def test_bills(self):
        day = bills.day_of(time.time())
        query = "alipay.data.dataservice.bill.downloadurl.query"
        for number, amount in (("ORDER_1", "10.00"), ("ORDER_2", "3.33")):
            self.precreate(number, amount)
            self.sim.control("pay", number=number)
        self.refund("ORDER_1", "REFUND-1", "2.50")
        biz = {"bill_type": "trade", "bill_date": day}
        self.assertEqual(self.shop.call(query, biz)["sub_code"], "isp.bill_not_exist")
        self.sim.control("options", open_bills=True)
        rows = self.rows(self.shop.call(query, biz)["bill_download_url"])
        found = [(row[1].strip(), row[2], row[12], row[21].strip()) for row in rows]
        self.assertEqual(
            found,
            [
                ("ORDER_1", "交易", "10.00", ""),
                ("ORDER_2", "交易", "3.33", ""),
                ("ORDER_1", "退款", "-2.50", "REFUND-1"),
            ],
        )
        biz["bill_type"] = "signcustomer"
        rows = self.rows(self.shop.call(query, biz)["bill_download_url"])
        moved = sum(Decimal(row[6]) + Decimal(row[7]) for row in rows)
        self.assertEqual(moved * 100, self.assertBalanced()["balance"])

    def rows(self, url):
        """:return: the rows between the heads of the larger file of a zip"""
        answer = requests.get(url, timeout=10)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            name = archive.namelist()[0]
            self.assertIn("明细", name.encode("cp437").decode("gbk"))
            text = archive.read(name).decode("gbk")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        rows = [line.split(",") for line in lines]
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        return rows[1:]


if __name__ == "__main__":
    unittest.main()
