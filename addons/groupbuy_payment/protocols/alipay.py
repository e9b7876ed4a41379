"""Alipay's open platform: requests, answers and notifications, all signed (RSA2).

No Odoo here, so that the tests can use the same primitives. Amounts are integers of
fen; on the wire they are text in yuan. Every time is China's.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

import requests

from . import alipay_keys as keys
from .errors import Refused, UnknownOutcome

# Where Alipay keeps its bills, and those of its sandbox.
BILL_HOSTS = (".alipay.com", ".alipaydev.com")
GATEWAY = "https://openapi.alipay.com/gateway.do"
CHINA = timezone(timedelta(hours=8))
TIMEOUT = (5, 20)  # seconds: to connect, to answer

# Answers after which nobody knows what happened: ask, or send the same again.
UNKNOWN_CODES = {"20000"}
UNKNOWN_SUB_CODES = re.compile(r"SYSTEM_ERROR$|^aop\.unknow|^isp\.unknow")
SUCCESS = "10000"


def format_time(moment):
    """:return: an aware datetime in Alipay's format"""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


# === WHAT IS SIGNED === #


def get_signed_content(params, left_out=("sign",)):
    """Sort parameters and join them as `k=v` with `&`.

    :param dict params: text or bytes by name
    :param left_out: `sign` for requests; `sign` and `sign_type` for notifications
    :rtype: bytes
    """
    return b"&".join(
        keys.to_bytes(name) + b"=" + keys.to_bytes(value)
        for name, value in sorted(params.items())
        if name not in left_out
    )


def parse_members(content, charset="utf-8"):
    """Take an answer apart without losing its bytes.

    :param bytes content: the whole answer, a JSON object
    :return: {name: (the exact bytes of its value, value)}
    :raise ValueError: it is no such answer
    """
    text = content.decode(charset)
    decoder = json.JSONDecoder(strict=False)
    members = {}
    position = _skip_blanks(text, 0)
    separator = "{"
    while text[position : position + 1] == separator:
        name, position = decoder.raw_decode(text, _skip_blanks(text, position + 1))
        position = _skip_blanks(text, position)
        proper = isinstance(name, str) and name not in members
        if not proper or text[position : position + 1] != ":":
            raise ValueError("The answer is no proper JSON object.")
        start = _skip_blanks(text, position + 1)
        value, end = decoder.raw_decode(text, start)
        # Measured in the bytes received: they are signed, not their text.
        first, last = (len(text[:index].encode(charset)) for index in (start, end))
        members[name] = content[first:last], value
        position = _skip_blanks(text, end)
        separator = ","
    if text[position:].strip() != "}":
        raise ValueError("The answer is no proper JSON object.")
    return members


def _skip_blanks(text, position):
    while text[position : position + 1] in (" ", "\t", "\r", "\n"):
        position += 1
    return position


# === NOTIFICATIONS === #


def get_content_charset(content_type):
    """:return: the charset that a Content-Type header names, or ''"""
    found = re.search(r";\s*charset\s*=\s*\"?([\w.:-]+)", content_type or "", re.I)
    return found[1] if found else ""


@dataclass
class Notification:
    """A form that says it comes from Alipay.

    `raw` are the values as the bytes received, which the signature covers; `values`
    the same as text.
    """

    raw: dict
    values: dict
    charset: str

    @property
    def signature(self):
        """Signature in base64."""
        return self.values.get("sign", "")

    def is_signed_by(self, public_keys, left_out=("sign", "sign_type")):
        """Whether one of these keys signed it, with RSA2.

        :param left_out: what the signature does not cover
        """
        content = get_signed_content(self.raw, left_out)
        return self.values.get("sign_type") == "RSA2" and any(
            keys.verify(key, content, self.signature) for key in public_keys
        )


def parse_notification(body, content_type="", charset=""):
    """Read a form; its values may be GBK.

    :param bytes body: the form as received (or the query of a return)
    :param str charset: of the values, if neither the form nor the header names one
    :rtype: Notification
    :raise ValueError: it cannot be read without doubt
    """
    raw = {}
    for pair in filter(None, body.split(b"&")):
        name, _equals, value = pair.replace(b"+", b" ").partition(b"=")
        name = unquote_to_bytes(name).decode("ascii")
        if name in raw:
            raise ValueError(f"{name} is given twice.")
        raw[name] = unquote_to_bytes(value)
    charset = (
        raw.get("charset", b"").decode("ascii")
        or charset
        or get_content_charset(content_type)
        or "utf-8"
    )
    try:
        values = {name: value.decode(charset) for name, value in raw.items()}
    except LookupError as error:
        raise ValueError(f"{charset!r} is no charset.") from error
    return Notification(raw, values, charset)


# === REQUESTS === #


class Client:
    """One application of one merchant.

    :param str app_id: the application's number
    :param private_key: the application's RSA key
    :param public_keys: Alipay's public keys by serial of their certificate; in key mode
        one under `None`
    :param dict serials: in certificate mode `app_cert_sn` and `alipay_root_cert_sn`
    """

    def __init__(self, app_id, private_key, public_keys, serials=None, gateway=GATEWAY):
        self.app_id = app_id
        self.private_key = private_key
        self.public_keys = public_keys
        self.serials = serials or {}
        self.gateway = gateway

    def prepare(self, method, biz_content, **params):
        """Sign a request.

        :param str method: such as `alipay.trade.page.pay`
        :param dict biz_content: the request's own values
        :param params: `notify_url`, `return_url`
        :return: all parameters, with their signature
        """
        values = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": format_time(datetime.now(CHINA)),
            "version": "1.0",
            "biz_content": json.dumps(
                biz_content, ensure_ascii=False, separators=(",", ":")
            ),
            **self.serials,
            **params,
        }
        values = {name: value for name, value in values.items() if value}
        content = get_signed_content(values)
        return {**values, "sign": keys.sign(self.private_key, content)}

    def request(self, method, biz_content, **params):
        """Send a request and verify its answer.

        :return: the signed answer of a request that was successful
        :raise UnknownOutcome: time-out, fault, or an answer that cannot be verified
        :raise Refused: Alipay says why it will not
        """
        values = self.prepare(method, biz_content, **params)
        # The gateway reads the charset from the address before it reads the body.
        body = {"biz_content": values.pop("biz_content")}
        try:
            response = requests.post(
                f"{self.gateway}?{urlencode(values)}",
                data=body,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded;charset=utf-8"
                },
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # Its text would tell the address with the signature in it.
            raise UnknownOutcome(type(error).__name__) from None
        if response.status_code != 200:
            raise UnknownOutcome(f"HTTP {response.status_code}")
        charset = get_content_charset(response.headers.get("Content-Type")) or "utf-8"
        return self.read_answer(method, response.content, charset)

    def read_answer(self, method, content, charset="utf-8"):
        """Verify an answer; see :meth:`request`."""
        try:
            members = parse_members(content, charset)
        except (ValueError, LookupError):
            raise UnknownOutcome("The answer cannot be read.") from None
        key = method.replace(".", "_") + "_response"
        signed, answer = members.get(key) or members.get("error_response", (b"", None))
        _raw, signature = members.get("sign", (b"", None))
        # Answers in certificate mode name the certificate that they are signed with.
        _raw, serial = members.get("alipay_cert_sn", (b"", None))
        public_key = self.public_keys.get(serial)
        if not public_key or not isinstance(signature, str):
            raise UnknownOutcome("The answer is not signed with a known key.")
        if not keys.verify(public_key, signed, signature):
            raise UnknownOutcome("The signature of the answer is wrong.")
        if not isinstance(answer, dict):
            raise UnknownOutcome("The answer cannot be read.")
        return self._check_code(answer)

    def _check_code(self, answer):
        code, sub_code = answer.get("code"), answer.get("sub_code") or ""
        if code == SUCCESS:
            return answer
        text = answer.get("sub_msg") or answer.get("msg") or ""
        if not code or code in UNKNOWN_CODES or UNKNOWN_SUB_CODES.search(sub_code):
            raise UnknownOutcome(f"{text} ({sub_code or code})")
        raise Refused(sub_code or code, text)

    def download(self, url):
        """Fetch a bill from the address that a signed answer gave for it.

        :rtype: bytes
        :raise UnknownOutcome: it cannot be had now
        :raise Refused: the address is not Alipay's
        """
        parts = urlsplit(url)
        if parts.netloc != urlsplit(self.gateway).netloc:
            if not (parts.hostname or "").endswith(BILL_HOSTS):
                raise Refused("FOREIGN_ADDRESS", parts.netloc)
            # Alipay gives addresses without encryption, too.
            url = parts._replace(scheme="https").geturl()
        try:
            response = requests.get(url, timeout=(5, 60), allow_redirects=False)
        except requests.RequestException as error:
            raise UnknownOutcome(type(error).__name__) from None
        if response.status_code != 200:
            raise UnknownOutcome(f"HTTP {response.status_code}")
        return response.content
