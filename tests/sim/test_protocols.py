"""The addon's clients of both providers against the simulators, without Odoo."""

import hashlib
import importlib.util
import sys
import tempfile
import time
import unittest
from pathlib import Path

from project import ADDONS

from sim import bills
from sim.client import Process
from sim.merchant import Ears

ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
BEFORE = ("timeout_before", "error_before", "gateway_before")
AFTER = ("timeout_after", "error_after", "gateway_after", "forged", "garbled")


def setUpModule():
    global keys, protocols
    keys = tempfile.TemporaryDirectory()
    folder = ADDONS / "groupbuy_payment" / "protocols"
    spec = importlib.util.spec_from_file_location(
        "protocols", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    protocols = sys.modules["protocols"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(protocols)
    for name in (
        "alipay",
        "alipay_bill",
        "alipay_keys",
        "errors",
        "wechat_bill",
        "wechat_crypto",
        "wechat_pay",
    ):
        importlib.import_module(f"protocols.{name}")


def tearDownModule():
    keys.cleanup()


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
        self.Refused = protocols.errors.Refused
        self.Unknown = protocols.errors.UnknownOutcome


class Wechat(Base, unittest.TestCase):
    name = "wechat"

    def setUp(self):
        super().setUp()
        self.client = self.connect()

    def connect(self, keys=None, serial=None, refresh=None):
        crypto, own = protocols.wechat_crypto, self.sim.keys
        if keys is None:
            keys = {own["public_key_id"]: crypto.load_public_key(own["public_key"])}
        return protocols.wechat_pay.Client(
            own["mchid"],
            own["serial_no"],
            crypto.load_private_key(own["merchant_key"]),
            own["apiv3_key"],
            keys,
            serial=serial,
            base_url=self.sim.url,
            refresh=refresh,
        )

    def order(self, number, total=1000):
        own = self.sim.keys
        body = {
            "appid": own["appid"],
            "mchid": own["mchid"],
            "description": "Leeks",
            "out_trade_no": number,
            "notify_url": self.ears.url,
            "amount": {"total": total, "currency": "CNY"},
        }
        return self.client.request("POST", f"{ORDERS}/native", body)

    def query(self, number):
        path = f"{ORDERS}/out-trade-no/{number}"
        mchid = {"mchid": self.sim.keys["mchid"]}
        return self.client.request("GET", path, params=mchid)

    def refund(self, trade, number, amount):
        body = {
            "out_trade_no": trade,
            "out_refund_no": number,
            "amount": {"refund": amount, "total": 1000, "currency": "CNY"},
        }
        return self.client.request("POST", REFUNDS, body)

    def test_a_life(self):
        self.assertIn("weixin://", self.order("ORDER-1")["code_url"])
        with self.assertRaisesRegex(self.Refused, "ORDER_NOT_EXIST"):
            self.query("ORDER-2")
        self.sim.control("pay", number="ORDER-1")
        self.sim.control("idle")
        [(headers, text)] = self.ears.heard
        data = self.client.read_notification(headers, text.encode())
        self.assertEqual(data["resource"], self.query("ORDER-1"))
        self.assertEqual(self.refund("ORDER-1", "R-1", 300)["status"], "PROCESSING")
        with self.assertRaises(self.Refused):
            self.refund("ORDER-1", "R-2", 701)

    def test_unknown_is_unknown(self):
        """Whatever goes wrong on the way is no refusal, and the number decides."""
        self.order("ORDER-1")
        self.sim.control("pay", number="ORDER-1")
        for fault in (*BEFORE, *AFTER, "unknown_serial", "skewed"):
            with self.subTest(fault):
                self.sim.faults({"on": "refund", "fault": fault})
                with self.assertRaises(self.Unknown):
                    self.refund("ORDER-1", f"R-{fault}", 10)
                self.refund("ORDER-1", f"R-{fault}", 10)
        refunds = self.sim.state()["refunds"]
        self.assertEqual(len(refunds), 10)
        self.assertEqual(sum(row["amount"] for row in refunds), 100)

    def test_299_seconds_are_accepted_301_refused(self):
        self.order("ORDER-1")
        for seconds in (295, -295):
            spec = {"on": "query", "fault": "skewed", "seconds": seconds}
            self.sim.faults(spec)
            self.assertEqual(self.query("ORDER-1")["trade_state"], "NOTPAY")
        for seconds in (301, -302):
            spec = {"on": "query", "fault": "skewed", "seconds": seconds}
            self.sim.faults(spec)
            with self.assertRaises(self.Unknown):
                self.query("ORDER-1")

    def test_keys_are_replaced(self):
        crypto = protocols.wechat_crypto
        asked = []

        def refresh():
            asked.append(1)
            found = map(crypto.load_certificate, self.client.download_certificates())
            return {crypto.get_serial(one): one.public_key() for one in found}

        self.client = self.connect({}, refresh=refresh)
        for signer in (0, 1):
            self.sim.control("options", signer=signer)
            self.order(f"ORDER-{signer}")
        self.assertEqual(len(asked), 1)

    def test_transfer_with_a_name(self):
        own = self.sim.keys
        public_key = protocols.wechat_crypto.load_public_key(own["public_key"])
        self.client = self.connect(serial=own["public_key_id"])
        body = {
            "appid": own["appid"],
            "out_bill_no": "PAYOUT1",
            "transfer_scene_id": "1000",
            "openid": "oPayee",
            "transfer_amount": 200_000,
            "transfer_remark": "Commission",
            "user_name": protocols.wechat_crypto.encrypt_field(public_key, "某某"),
        }
        path = "/v3/fund-app/mch-transfer/transfer-bills"
        answer = self.client.request("POST", path, body)
        self.assertEqual(answer["state"], "WAIT_USER_CONFIRM")
        [bill] = self.sim.state()["transfers"]
        self.assertEqual(bill["name"], "某某")

    def test_bills(self):
        for number in range(5):
            self.order(f"ORDER-{number}", 1000)
            self.sim.control("pay", number=f"ORDER-{number}")
            self.refund(f"ORDER-{number}", f"R-{number}", 333)
        self.sim.control("move", kind="提现", number="W1", amount=-100)
        state = self.sim.state()
        self.sim.control("options", open_bills=True)
        day = {"bill_date": bills.day_of(time.time())}
        trade = self.download("/v3/bill/tradebill", day, "parse_wechat_trade")
        self.assertEqual(sum(row.amount for row in trade.rows), 5 * 667)
        fund = self.download("/v3/bill/fundflowbill", day, "parse_wechat_fund")
        kinds = {row.kind for row in fund.rows}
        self.assertEqual(kinds, {"payment", "refund", "fee", "other"})
        money = sum(row.amount - row.fee * (row.kind == "refund") for row in fund.rows)
        self.assertEqual(money, state["balance"])

    def download(self, path, day, parse):
        answer = self.client.request("GET", path, params=day)
        file = self.client.download(answer["download_url"])
        self.assertEqual(hashlib.sha1(file).hexdigest(), answer["hash_value"])
        bill = getattr(protocols.wechat_bill, parse)(file)
        self.assertEqual(bill.mismatches, [])
        return bill


class Alipay(Base, unittest.TestCase):
    name = "alipay"
    accepts = (200, b"success")

    def setUp(self):
        super().setUp()
        self.client = self.connect()

    def connect(self, certificates=True):
        own, tools = self.sim.keys, protocols.alipay_keys
        public_keys = {None: tools.load_public_key(own["alipay_public_key"])}
        serials = {}
        if certificates:
            [app] = tools.load_certificates(own["app_certificate"])
            [alipay] = tools.load_certificates(own["alipay_certificate"])
            serials = {
                "app_cert_sn": tools.get_serial(app),
                "alipay_root_cert_sn": tools.get_bundle_serial(
                    own["root_certificates"]
                ),
            }
            public_keys = {tools.get_serial(alipay): alipay.public_key()}
        return protocols.alipay.Client(
            own["app_id"],
            tools.load_private_key(own["app_key"]),
            public_keys,
            serials,
            f"{self.sim.url}/gateway.do",
        )

    def precreate(self, number, amount="10.00"):
        biz = {"out_trade_no": number, "total_amount": amount, "subject": "章丘大葱"}
        url = self.ears.url
        return self.client.request("alipay.trade.precreate", biz, notify_url=url)

    def refund(self, trade, number, amount):
        biz = {"out_trade_no": trade, "refund_amount": amount, "out_request_no": number}
        return self.client.request("alipay.trade.refund", biz)

    def test_a_life_in_both_modes(self):
        for certificates in (True, False):
            self.client = self.connect(certificates)
            number = f"ORDER{certificates:d}"
            biz = {"out_trade_no": number}
            self.precreate(number)
            with self.assertRaisesRegex(self.Refused, "TRADE_NOT_EXIST"):
                self.client.request("alipay.trade.query", biz)
            self.ears.heard.clear()
            self.sim.control("pay", number=number)
            self.sim.control("idle")
            [(headers, text)] = self.ears.heard
            notice = protocols.alipay.parse_notification(
                text.encode(), headers["Content-Type"]
            )
            self.assertTrue(notice.is_signed_by(self.client.public_keys.values()))
            self.assertEqual(notice.values["trade_status"], "TRADE_SUCCESS")
            answer = self.client.request("alipay.trade.query", biz)
            self.assertEqual(answer["trade_no"], notice.values["trade_no"])
            self.assertEqual(self.refund(number, "R1", "3.00")["fund_change"], "Y")
            with self.assertRaises(self.Refused):
                self.refund(number, "R2", "7.01")

    def test_unknown_is_unknown(self):
        """Whatever goes wrong on the way is no refusal, and the number decides."""
        self.precreate("ORDER1")
        self.sim.control("pay", number="ORDER1")
        for fault in (*BEFORE, *AFTER, "unknown_serial"):
            for code in ("40004", "20000"):
                with self.subTest(fault, code=code):
                    self.sim.faults({"on": "refund", "fault": fault, "code": code})
                    number = f"R_{fault}_{code}"
                    with self.assertRaises(self.Unknown):
                        self.refund("ORDER1", number, "0.10")
                    self.refund("ORDER1", number, "0.10")
        refunds = self.sim.state()["refunds"]
        self.assertEqual(sum(row["amount"] for row in refunds), 180)

    def test_bills(self):
        for number in range(5):
            self.precreate(f"ORDER{number}")
            self.sim.control("pay", number=f"ORDER{number}")
            self.refund(f"ORDER{number}", f"R{number}", "3.33")
        state = self.sim.state()
        self.sim.control("options", open_bills=True)
        trade = self.download("trade", "parse_alipay_trade")
        self.assertEqual(sum(row.amount for row in trade.rows), 5 * 667)
        fund = self.download("signcustomer", "parse_alipay_fund")
        self.assertEqual(sum(row.amount for row in fund.rows), state["balance"])

    def download(self, kind, parse):
        biz = {"bill_type": kind, "bill_date": bills.day_of(time.time())}
        method = "alipay.data.dataservice.bill.downloadurl.query"
        answer = self.client.request(method, biz)
        file = self.client.download(answer["bill_download_url"])
        bill = getattr(protocols.alipay_bill, parse)(file)
        self.assertEqual(bill.mismatches, [])
        return bill


if __name__ == "__main__":
    unittest.main()
