"""WeChat Pay APIv3: a client whose requests are signed and whose answers are verified.

Source: WeChat Pay's developer documentation, "APIv3". Amounts are integers of fen.
"""

import json
import logging
import secrets
import time
from urllib.parse import urlencode, urlsplit

import requests

from .errors import Refused, UnknownOutcome
from .wechat_crypto import (
    Forged,
    UnknownSerial,
    check,
    get_authorization,
    get_pay_message,
    get_request_message,
    get_serial,
    load_certificate,
    load_object,
    open_resource,
    read_notification,
    sign,
)

_logger = logging.getLogger(__name__)

BASE_URL = "https://api.mch.weixin.qq.com"
# Seconds to connect and to wait for an answer.
TIMEOUT = (5, 10)
# Refusals that leave open what has been done, or that only ask for patience.
UNCERTAIN = {
    "BIZ_ERR_NEED_RETRY",
    "FREQUENCY_LIMITED",
    "FREQUENCY_LIMIT_EXCEED",
    "RATELIMIT_EXCEEDED",
    "SYSTEM_ERROR",
}


class Client:
    """Signed requests of one merchant, whose answers are verified.

    :param str mchid: the merchant's number
    :param str serial_no: of the merchant's certificate
    :param private_key: the merchant's, of :func:`load_private_key`
    :param str api_v3_key: 32 bytes, opens what the platform encrypts
    :param dict keys: {serial: public key} of the platform
    :param str serial: which of these keys the platform should sign with
    :param str base_url: of the platform
    :param refresh: called without arguments when a message was signed with an unknown
        key; returns the keys known then
    """

    def __init__(
        self,
        mchid,
        serial_no,
        private_key,
        api_v3_key,
        keys,
        serial=None,
        base_url=BASE_URL,
        refresh=None,
    ):
        self.mchid = mchid
        self.serial_no = serial_no
        self.private_key = private_key
        self.api_v3_key = api_v3_key
        self.keys = keys
        self.serial = serial
        self.base_url = base_url.rstrip("/")
        self.refresh = refresh

    def request(self, method, path, body=None, params=None, timeout=TIMEOUT):
        """Send a request, verify the answer.

        :param dict body: sent as JSON
        :param dict params: of the query
        :return: the answer; empty if it has no body
        :rtype: dict
        :raise UnknownOutcome: no answer, or none that can be relied on
        :raise Refused: the platform has not done it, and says why
        """
        response = self._send(method, path, body, params, timeout)
        try:
            self._check(response.headers, response.content)
            answer = load_object(response.content) if response.content else {}
        except Forged as error:
            # What is said may help a person; nothing follows from it.
            said = " ".join(response.text[:200].split())
            raise UnknownOutcome(
                f"HTTP {response.status_code}: {error} {said}"
            ) from error
        if response.ok:
            return answer
        code = str(answer.get("code") or f"HTTP {response.status_code}")
        message = str(answer.get("message") or "")
        # 429: too many requests.
        if code in UNCERTAIN or response.status_code == 429:
            raise UnknownOutcome(f"{code}: {message}")
        raise Refused(code, message)

    def _check(self, headers, body):
        try:
            check(headers, body, self.keys)
        except UnknownSerial:
            if not self.refresh:
                raise
            self.keys = self.refresh()
            check(headers, body, self.keys)

    def _send(self, method, path, body=None, params=None, timeout=TIMEOUT):
        if params:
            path = f"{path}?{urlencode(params)}"
        # The bytes that are signed are the bytes that are sent.
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        timestamp, nonce = int(time.time()), secrets.token_hex(16)
        message = get_request_message(method, path, timestamp, nonce, text)
        headers = {
            "Accept": "application/json",
            "Authorization": get_authorization(
                self.mchid,
                self.serial_no,
                timestamp,
                nonce,
                sign(self.private_key, message),
            ),
            "Content-Type": "application/json",
            "User-Agent": "community-group-buying",
        }
        if self.serial:
            headers["Wechatpay-Serial"] = self.serial
        try:
            response = requests.request(
                method,
                self.base_url + path,
                data=text.encode(),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnknownOutcome(type(error).__name__) from error
        # Paths hold numbers of orders; bodies, which hold more, are never logged.
        _logger.info("WeChat Pay: %s %s: %s", method, path, response.status_code)
        if response.status_code >= 500 or 300 <= response.status_code < 400:
            raise UnknownOutcome(f"HTTP {response.status_code}")
        return response

    def download(self, url):
        """Fetch a bill from the address that the platform gave for it.

        The answer is not signed: compare it with the hash that came with the address.

        :return: bytes
        :raise Refused: the address is not the platform's
        :raise UnknownOutcome: no bill came
        """
        parts = urlsplit(url)
        own = urlsplit(self.base_url)
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            raise Refused("FOREIGN_ADDRESS", parts.netloc)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response = self._send("GET", path)
        if not response.ok:
            raise UnknownOutcome(f"HTTP {response.status_code}")
        return response.content

    def download_certificates(self):
        """Fetch the platform's certificates.

        What the APIv3 key opens was sealed by the platform; and one of the
        certificates, or a key known before, must have signed the answer.

        :return: [PEM]
        :raise UnknownOutcome: none came that can be relied on
        :raise Refused: the platform says why not
        """
        response = self._send("GET", "/v3/certificates")
        if not response.ok:
            # Without a certificate no answer can be verified: nothing follows from it.
            raise UnknownOutcome(f"HTTP {response.status_code}")
        try:
            pems = [
                open_resource(self.api_v3_key, row["encrypt_certificate"]).decode()
                for row in load_object(response.content)["data"]
            ]
            certificates = [load_certificate(pem) for pem in pems]
            keys = {get_serial(one): one.public_key() for one in certificates}
            check(response.headers, response.content, {**self.keys, **keys})
        except (Forged, KeyError, TypeError, ValueError) as error:
            raise UnknownOutcome(f"Certificates: {error}") from error
        return pems

    def read_notification(self, headers, body):
        """Check and decrypt a notification to this merchant.

        :param bytes body: as received
        :return: see :func:`read_notification`
        :raise Forged: see :func:`check` and :func:`read_notification`
        """
        self._check(headers, body)
        return read_notification(self.api_v3_key, body)

    def sign_pay(self, appid, prepay_id):
        """:return: what WeChat's own browser needs to start a payment"""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        message = get_pay_message(appid, timestamp, nonce, package)
        return {
            "appId": appid,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": sign(self.private_key, message),
        }
