import base64
import json
import re
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MCHID, APPID, SERIAL_NO = "1900000001", "wx0000000000000001", "MERCHANT01"
APIV3_KEY = "0123456789abcdefghijklmnopqrstuv"
PUBLIC_KEY_ID = "PUB_KEY_ID_0000000001"
AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(.*?)",nonce_str="(.*?)",timestamp="(.*?)",'
    r'serial_no="(.*?)",signature="(.*?)"'
)


@cache
def make_key(name):
    """:return: one and the same RSA key for each name"""
    return rsa.generate_private_key(65537, 2048)


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key):
    return (
        key.public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode()
    )


@cache
def make_certificate(name, days=0):
    """:return: the certificate of that key, valid from `days` days from now"""
    key = make_key(name)
    start = datetime.now(UTC) + timedelta(days=days - 1)
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=366))
        .sign(key, hashes.SHA256())
    )


class Refusal(Exception):
    """An answer with a code: status, code."""


class Platform:
    """WeChat Pay's side, with books of its own; code that shares nothing with ours.

    `faults` are taken one per request: "lost" (never arrives), "timeout" (done, but no
    answer), "500" (done, but no answer), "unsigned", "forged", "skewed".
    """

    def __init__(self):
        self.orders = {}
        self.refunds = {}
        self.requests = []
        self.faults = []
        self.key, self.serial = make_key("platform"), PUBLIC_KEY_ID
        self.certificates = []
        self.refund_state = "SUCCESS"
        self.balance = True

    # === REQUESTS === #

    def request(self, method, url, data=b"", headers=None, **_options):
        """Stands for `requests.request`."""
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self.requests.append((method, path))
        fault = self.faults.pop(0) if self.faults else None
        if fault == "lost":
            raise requests.ConnectTimeout(url)
        self._check_signature(method, path, data.decode(), headers)
        try:
            status, answer = 200, self._answer(method, parts, json.loads(data or "{}"))
        except Refusal as refusal:
            status, code = refusal.args
            answer = {"code": code, "message": "No."}
        if fault == "timeout":
            raise requests.ReadTimeout(url)
        response = requests.Response()
        response.status_code = 500 if fault == "500" else status
        response._content = b"" if answer is None else json.dumps(answer).encode()
        if answer is None and status == 200:
            response.status_code = 204
        if fault != "unsigned":
            key = make_key("stranger") if fault == "forged" else self.key
            skew = -301 if fault == "skewed" else 0
            response.headers.update(self.sign(response.content, key=key, skew=skew))
        return response

    def _check_signature(self, method, path, body, headers):
        mchid, nonce, timestamp, serial, signature = AUTHORIZATION.fullmatch(
            headers["Authorization"]
        ).groups()
        message = f"{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n"
        make_key("merchant").public_key().verify(
            base64.b64decode(signature),
            message.encode(),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
        if (mchid, serial) != (MCHID, SERIAL_NO):
            raise ValueError("Another merchant")

    def _answer(self, method, parts, body):
        path = parts.path
        if method == "GET" and path == "/v3/certificates":
            return {"data": [self._seal_certificate(one) for one in self.certificates]}
        if path.startswith("/v3/pay/transactions/out-trade-no/"):
            number = path.split("/")[5]
            if path.endswith("/close"):
                return self._close(number)
            if parse_qs(parts.query) != {"mchid": [MCHID]}:
                raise Refusal(400, "PARAM_ERROR")
            return self._find(number)
        if path.startswith("/v3/pay/transactions/"):
            return self._order(path.rsplit("/", 1)[1], body)
        if path == "/v3/refund/domestic/refunds":
            return self._refund(body)
        if path.startswith("/v3/refund/domestic/refunds/"):
            refund = self.refunds.get(path.rsplit("/", 1)[1])
            if not refund:
                raise Refusal(404, "RESOURCE_NOT_EXISTS")
            return refund
        raise Refusal(404, "NOT_FOUND")

    def _order(self, product, body):
        if (
            body["appid"] != APPID
            or body["mchid"] != MCHID
            or "?" in body["notify_url"]
        ):
            raise Refusal(400, "PARAM_ERROR")
        if datetime.fromisoformat(body["time_expire"]) <= datetime.now(UTC):
            raise Refusal(400, "PARAM_ERROR")
        order = self.orders.setdefault(
            body["out_trade_no"], {"state": "NOTPAY", "total": body["amount"]["total"]}
        )
        if order["state"] != "NOTPAY":
            raise Refusal(400, "ORDER_CLOSED")
        order.update(product=product, codes=order.get("codes", 0) + 1, body=body)
        return {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={order['codes']}"},
            "h5": {"h5_url": "https://wx.tenpay.com/checkmweb?prepay_id=wx1"},
            "jsapi": {"prepay_id": "wx1"},
        }[product]

    def _find(self, number):
        if number not in self.orders:
            raise Refusal(404, "ORDER_NOT_EXIST")
        return self.get_transaction(number)

    def _close(self, number):
        if number not in self.orders:
            raise Refusal(404, "ORDER_NOT_EXIST")
        if self.orders[number]["state"] != "NOTPAY":
            closed = self.orders[number]["state"] == "CLOSED"
            raise Refusal(400, "ORDER_CLOSED" if closed else "ORDERPAID")
        self.orders[number]["state"] = "CLOSED"

    def _refund(self, body):
        order, number = self.orders[body["out_trade_no"]], body["out_refund_no"]
        amount = body["amount"]
        if number not in self.refunds:
            if not self.balance:
                raise Refusal(403, "NOT_ENOUGH")
            back = sum(one["amount"]["refund"] for one in self.refunds.values()
                       if one["out_trade_no"] == body["out_trade_no"]
                       and one["status"] != "CLOSED")  # fmt: skip
            if amount["total"] != order["total"] or (
                back + amount["refund"] > order["total"]
            ):
                raise Refusal(400, "INVALID_REQUEST")
            order["state"] = "REFUND"
            self.refunds[number] = {
                "refund_id": f"50{len(self.refunds):010}",
                "out_refund_no": number,
                "out_trade_no": body["out_trade_no"],
                "status": self.refund_state,
                "amount": dict(amount),
            }
        return self.refunds[number]

    # === PEOPLE === #

    def pay(self, number):
        """Somebody pays; not possible any more once it is closed.

        :return: whether it worked
        """
        order = self.orders.get(number, {"state": "CLOSED"})
        if order["state"] != "NOTPAY":
            return False
        order.update(state="SUCCESS", transaction_id=f"42{len(self.orders):010}")
        return True

    def get_money(self, number):
        """:return: fen that the platform has for this order, less refunds"""
        order = self.orders.get(number, {"state": "NOTPAY"})
        paid = order["total"] if order["state"] in ("SUCCESS", "REFUND") else 0
        return paid - sum(
            refund["amount"]["refund"]
            for refund in self.refunds.values()
            if refund["out_trade_no"] == number and refund["status"] == "SUCCESS"
        )

    # === MESSAGES === #

    def get_transaction(self, number):
        order = self.orders[number]
        paid = order["state"] in ("SUCCESS", "REFUND")
        return {
            "appid": APPID,
            "mchid": MCHID,
            "out_trade_no": number,
            "trade_state": order["state"],
            "transaction_id": order.get("transaction_id", ""),
            "amount": {"total": order["total"], "currency": "CNY"} if paid else {},
        }

    def get_refund(self, number):
        refund = {**self.refunds[number], "mchid": MCHID}
        refund["refund_status"] = refund.pop("status")
        refund["amount"] = {
            name: refund["amount"][name] for name in ("total", "refund")
        }
        return refund

    def notify(self, kind, resource, **options):
        """:return: (headers, body) of a notification"""
        nonce = "0123456789ab"
        sealed = AESGCM(APIV3_KEY.encode()).encrypt(
            nonce.encode(), json.dumps(resource).encode(), b"transaction"
        )
        event = {
            "id": "EV-1",
            "event_type": kind,
            "resource_type": "encrypt-resource",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
        body = json.dumps(event).encode()
        return self.sign(body, **options), body

    def notify_paid(self, number, **options):
        resource = self.get_transaction(number)
        return self.notify("TRANSACTION.SUCCESS", resource, **options)

    def notify_refunded(self, number, **options):
        resource = self.get_refund(number)
        kind = f"REFUND.{resource['refund_status']}"
        return self.notify(kind, resource, **options)

    def sign(self, body, key=None, skew=0, serial=None):
        timestamp, nonce = str(int(time.time()) + skew), "platformnonce"
        signature = (key or self.key).sign(
            f"{timestamp}\n{nonce}\n".encode() + body + b"\n",
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
        return {
            "Wechatpay-Serial": serial or self.serial,
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
        }

    def use_certificate(self, name, days=0):
        """Sign with this certificate from now on; it is offered for download."""
        certificate = make_certificate(name, days)
        self.key, self.serial = make_key(name), self._get_serial(certificate)
        self.certificates.append(certificate)

    def _get_serial(self, certificate):
        number = f"{certificate.serial_number:X}"
        return number if len(number) % 2 == 0 else f"0{number}"

    def _seal_certificate(self, certificate):
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        sealed = AESGCM(APIV3_KEY.encode()).encrypt(
            b"0123456789ab", pem, b"certificate"
        )
        return {
            "serial_no": self._get_serial(certificate),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": "0123456789ab",
                "associated_data": "certificate",
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }
