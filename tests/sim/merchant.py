"""A merchant of a few lines, to test the simulators without the shop."""

import json
import secrets
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from sim import signing
from sim.alipay import content, stamp


class Ears:
    """Hears notifications; `answers` are the next ones to give, then those of `ok`."""

    def __init__(self, status=204, body=b""):
        self.heard, self.answers = [], []
        ears = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                ears.heard.append((dict(self.headers.items()), text.decode()))
                known = ears.answers.pop(0) if ears.answers else (status, body)
                self.send_response(known[0])
                self.send_header("Content-Length", str(len(known[1])))
                self.end_headers()
                self.wfile.write(known[1])

            def log_message(self, *_arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        serve = self.server.serve_forever
        threading.Thread(target=serve, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/notify"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WechatMerchant:
    """Signs requests and reads answers of WeChat Pay."""

    def __init__(self, simulator):
        self.url, self.keys = simulator.url, simulator.keys
        self.key = signing.load_private(self.keys["merchant_key"])
        self.trusted = {
            self.keys["public_key_id"]: signing.load_public(self.keys["public_key"]),
            **{
                row["serial_no"]: signing.load_public(row["certificate"])
                for row in self.keys["certificates"]
            },
        }
        self.http = requests.Session()
        self.http.trust_env = False

    def send(self, method, target, body="", key=None, at=None, headers=None):
        """:return: the answer, unread"""
        text = body if isinstance(body, str) else json.dumps(body)
        at, nonce = int(at or time.time()), secrets.token_hex(16)
        message = f"{method}\n{target}\n{at}\n{nonce}\n{text}\n"
        parts = {
            "mchid": self.keys["mchid"],
            "nonce_str": nonce,
            "timestamp": at,
            "serial_no": self.keys["serial_no"],
            "signature": signing.sign(key or self.key, message),
        }
        joined = ",".join(f'{name}="{value}"' for name, value in parts.items())
        return self.http.request(
            method,
            self.url + target,
            data=text.encode(),
            headers={
                "Authorization": f"WECHATPAY2-SHA256-RSA2048 {joined}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
            timeout=30,
        )

    def call(self, method, target, body="", **options):
        """:return: (status, values) of an answer that was verified"""
        answer = self.send(method, target, body, **options)
        if not self.is_true(answer.headers, answer.text):
            raise ValueError("The answer's signature is not WeChat Pay's")
        return answer.status_code, answer.json() if answer.text else None

    def is_true(self, headers, text):
        """Whether WeChat Pay signed this, within five minutes."""
        stamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
        key = self.trusted.get(headers["Wechatpay-Serial"])
        return bool(
            key
            and abs(time.time() - int(stamp)) < 300
            and signing.verify(
                key, f"{stamp}\n{nonce}\n{text}\n", headers["Wechatpay-Signature"]
            )
        )


class AlipayMerchant:
    """Signs requests and reads answers of Alipay."""

    def __init__(self, simulator, certificates=False):
        self.url, self.keys = simulator.url, simulator.keys
        self.key = signing.load_private(self.keys["app_key"])
        self.trusted = signing.load_public(self.keys["alipay_public_key"])
        self.certificates = certificates
        self.http = requests.Session()
        self.http.trust_env = False

    def values(self, method, biz, key=None, **more):
        """:return: the signed parameters of a request"""
        values = {
            "app_id": self.keys["app_id"],
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": stamp(time.time()),
            "version": "1.0",
            "biz_content": json.dumps(biz, ensure_ascii=False),
            **more,
        }
        if self.certificates:
            own, root = self.keys["app_certificate"], self.keys["root_certificates"]
            values["app_cert_sn"] = signing.certificate_sn(own)
            values["alipay_root_cert_sn"] = signing.root_sn(root)
        text = content(values, "sign").encode(values["charset"])
        return {**values, "sign": signing.sign(key or self.key, text)}

    def call(self, method, biz, **more):
        """:return: the values of an answer that was verified"""
        values = self.values(method, biz, **more)
        body = urllib.parse.urlencode(values, encoding=values["charset"])
        answer = self.http.post(
            f"{self.url}/gateway.do",
            data=body.encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=30,
        )
        whole = answer.content.decode(values["charset"])
        name = f'{{"{method.replace(".", "_")}_response":'
        if answer.status_code != 200 or not whole.startswith(name):
            raise ValueError(f"Not an answer: {answer.status_code} {whole[:200]}")
        result, end = json.JSONDecoder().raw_decode(whole[len(name) :])
        text = whole[len(name) :][:end].encode(values["charset"])
        if not signing.verify(self.trusted, text, json.loads(whole)["sign"]):
            raise ValueError("The answer's signature is not Alipay's")
        return result

    def is_true(self, text):
        """Whether Alipay signed this notification; rule: no sign, no sign_type."""
        values = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        known = content(values, "sign", "sign_type")
        return signing.verify(self.trusted, known, values["sign"])
