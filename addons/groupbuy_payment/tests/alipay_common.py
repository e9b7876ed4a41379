import io
import json
import os
from datetime import datetime
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from odoo.fields import Command

from odoo.addons.community_groupbuy.tests.common import Bank, GroupbuyCommon

from ..protocols import alipay, alipay_keys

APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"


def make_key():
    """:return: (private key, its PEM, the public key's PEM)"""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, private.decode(), public.decode()


class Desk:
    """Alipay's side: it keeps its own books, and signs what it says.

    Amounts are fen. `faults` are what befalls the next requests: `before` and `after`
    are time-outs on either side of doing what was asked, `500`, `forged`, `unsure`.
    """

    def __init__(self, key, app_key):
        self.key = key
        self.app_key = app_key
        self.trades = {}
        # What is told of transfers, by our number.
        self.transfers = {}
        self.files = {}
        self.requests = []
        self.faults = []
        self.extra = {}

    def post(self, url, data=None, **kwargs):
        values = dict(parse_qsl(urlsplit(url).query)) | data
        signature = values.pop("sign")
        content = alipay.get_signed_content(values)
        if not alipay_keys.verify(self.app_key, content, signature):
            raise AssertionError("The request is not signed by the application.")
        method = values["method"]
        self.requests.append(method)
        fault = self.faults.pop(0) if self.faults else None
        if fault == "before":
            raise requests.Timeout()
        body = json.loads(values["biz_content"])
        result = getattr(self, method.replace("alipay.", "").replace(".", "_"))(body)
        if fault == "after":
            raise requests.Timeout()
        if fault == "unsure":
            result = self.refuse("ACQ.SYSTEM_ERROR")
        key = self.app_private if fault == "forged" else self.key
        return self.answer(method, result, 500 if fault == "500" else 200, key)

    def answer(self, method, result, status, key):
        # Blanks where no serializer would put them: the text itself is signed.
        text = json.dumps({"code": "10000", "msg": "Success", **result}, indent=1)
        members = {method.replace(".", "_") + "_response": text}
        members |= {name: json.dumps(value) for name, value in self.extra.items()}
        members["sign"] = json.dumps(alipay_keys.sign(key, text.encode()))
        response = requests.Response()
        response.status_code = status
        response.headers["Content-Type"] = "text/html;charset=utf-8"
        whole = ", ".join(f'"{name}" : {value}' for name, value in members.items())
        response.raw = io.BytesIO(f"{{ {whole} }}".encode())
        return response

    def get(self, url, **kwargs):
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(self.files[url])
        return response

    def refuse(self, code):
        return {"code": "40004", "msg": "Business Failed", "sub_code": code}

    # === BOOKS === #

    def pay(self, tx, fen=None):
        """Somebody pays a transaction."""
        trade = self.trades.setdefault(
            tx.groupbuy_out_trade_no,
            {
                "out_trade_no": tx.groupbuy_out_trade_no,
                "trade_no": f"20260101{len(self.trades):08}",
                "total": round(tx.amount * 100) if fen is None else fen,
                "refunds": {},
            },
        )
        trade["status"] = "TRADE_SUCCESS"
        return trade

    def get_refunded(self, tx):
        trade = self.trades[tx.groupbuy_out_trade_no]
        return sum(trade["refunds"].values())

    def trade_precreate(self, body):
        number = body["out_trade_no"]
        return {"out_trade_no": number, "qr_code": f"https://qr.alipay.com/{number}"}

    def trade_query(self, body):
        trade = self.trades.get(body["out_trade_no"])
        if not trade:
            return self.refuse("ACQ.TRADE_NOT_EXIST")
        return {
            "out_trade_no": trade["out_trade_no"],
            "trade_no": trade["trade_no"],
            "trade_status": trade["status"],
            "total_amount": alipay_amount(trade["total"]),
        }

    def trade_close(self, body):
        trade = self.trades.get(body["out_trade_no"])
        if not trade:
            return self.refuse("ACQ.TRADE_NOT_EXIST")
        if trade["status"] != "WAIT_BUYER_PAY":
            return self.refuse("ACQ.REASON_TRADE_STATUS_INVALID")
        trade["status"] = "TRADE_CLOSED"
        return {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"]}

    def trade_refund(self, body):
        trade = self.trades[body["out_trade_no"]]
        number, fen = body["out_request_no"], round(float(body["refund_amount"]) * 100)
        known = number in trade["refunds"]
        if not known:
            if sum(trade["refunds"].values()) + fen > trade["total"]:
                return self.refuse("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
            trade["refunds"][number] = fen
            if sum(trade["refunds"].values()) == trade["total"]:
                trade["status"] = "TRADE_CLOSED"
        return {
            "out_trade_no": trade["out_trade_no"],
            "trade_no": trade["trade_no"],
            "fund_change": "N" if known else "Y",
            "refund_fee": alipay_amount(sum(trade["refunds"].values())),
        }

    def trade_fastpay_refund_query(self, body):
        trade = self.trades[body["out_trade_no"]]
        number = body["out_request_no"]
        if number not in trade["refunds"]:
            return {}
        return {
            "out_trade_no": trade["out_trade_no"],
            "trade_no": trade["trade_no"],
            "out_request_no": number,
            "refund_status": "REFUND_SUCCESS",
            "refund_amount": alipay_amount(trade["refunds"][number]),
        }

    def fund_trans_common_query(self, body):
        answer = self.transfers.get(body["out_biz_no"])
        return answer or self.refuse("ORDER_NOT_EXIST")

    def data_dataservice_bill_downloadurl_query(self, body):
        url = f"http://bill.alipay.com/{body['bill_type']}/{body['bill_date']}"
        url = url.replace("http:", "https:")
        if url not in self.files:
            return self.refuse("isp.bill_not_exist")
        return {"bill_download_url": url}

    # === NOTIFICATIONS === #

    def get_notification(self, tx, **changes):
        """:return: the values of what Alipay says about a payment, signed"""
        trade = self.trades[tx.groupbuy_out_trade_no]
        values = {
            "notify_time": "2026-01-01 12:00:00",
            "notify_type": "trade_status_sync",
            "notify_id": "ac05099524730693a8b330c5ecf72da978",
            "app_id": APP_ID,
            "charset": "utf-8",
            "version": "1.0",
            "sign_type": "RSA2",
            "trade_no": trade["trade_no"],
            "out_trade_no": trade["out_trade_no"],
            "seller_id": SELLER_ID,
            "trade_status": trade["status"],
            "total_amount": alipay_amount(trade["total"]),
            "subject": "團購 S00001",
            "gmt_create": "2026-01-01 11:59:00",
            **changes,
        }
        return self.sign(values)

    def sign(self, values, key=None, charset="utf-8", left_out=("sign", "sign_type")):
        raw = {name: value.encode(charset) for name, value in values.items()}
        content = alipay.get_signed_content(raw, left_out)
        return {**values, "sign": alipay_keys.sign(key or self.key, content)}


def alipay_amount(fen):
    return f"{fen / 100:.2f}"


class AlipayCommon(GroupbuyCommon):
    """The neighbourhood pays with Alipay, whose desk is in this very process."""

    @classmethod
    def _set_up_bank(cls):
        secret = Fernet.generate_key().decode()
        cls.enterClassContext(patch.dict(os.environ, GROUPBUY_SECRET_KEYS=secret))
        app_key, app_pem, cls.app_public_pem = make_key()
        alipay_key, _pem, cls.alipay_public_pem = make_key()
        cls.desk = Desk(alipay_key, app_key.public_key())
        cls.desk.app_private = app_key
        cls.bank = Bank()
        cls.provider = cls._get_provider("alipay")
        cls.method = cls.env.ref("payment.payment_method_alipay")
        cls.provider.write(
            {
                "alipay_app_id": APP_ID,
                "alipay_seller_id": SELLER_ID,
                "alipay_private_key": app_pem,
                "alipay_key_mode": "public_key",
                "alipay_public_key": cls.alipay_public_pem,
                "state": "test",
                "is_published": True,
                "payment_method_ids": [Command.set(cls.method.ids)],
            }
        )
        cls.classPatch(alipay.requests, "post", cls._post)
        cls.classPatch(alipay.requests, "get", cls._get_file)

    @classmethod
    def _get_provider(cls, code):
        """:return: a provider of these tests' company, without payments from before"""
        provider = cls.env.ref(f"groupbuy_payment.payment_provider_{code}").copy(
            {"company_id": cls.company.id}
        )
        # A journal has one line per kind of provider.
        provider.journal_id = cls.env["account.journal"].create(
            {
                "name": f"Test {code}",
                "code": code[:5].upper(),
                "type": "bank",
                "company_id": cls.company.id,
            }
        )
        return provider

    @classmethod
    def _post(cls, *args, **kwargs):
        return cls.desk.post(*args, **kwargs)

    @classmethod
    def _get_file(cls, *args, **kwargs):
        return cls.desk.get(*args, **kwargs)

    def setUp(self):
        super().setUp()
        self.desk.__init__(self.desk.key, self.desk.app_key)
        self.campaign = self._create_campaign(self._example(quota=60))

    # === ACTING === #

    def _start(self, user=None, pieces=2):
        """:return: a payment that has begun: nothing has arrived"""
        order = self._join(self.campaign, user or self.ann, pieces)
        return self._create_payment(order)

    def _pay(self, order, amount=None):
        tx = self._create_payment(order, amount)
        self.desk.pay(tx)
        tx._groupbuy_query()
        tx._post_process()
        self.env.invalidate_all()
        return tx

    def _get_refunded(self, order):
        """:return: what Alipay says it paid back of this order"""
        return sum(
            self.desk.get_refunded(tx) / 100 for tx in order._groupbuy_get_payments()
        )

    def _read_form(self, values, charset="utf-8"):
        return urlencode(values, encoding=charset).encode()

    def _today(self):
        return datetime.now(alipay.CHINA).date()
