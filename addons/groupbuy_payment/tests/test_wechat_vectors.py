import json
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..protocols import wechat_crypto
from ..protocols.wechat_crypto import Forged

VECTORS = Path(__file__).parent / "vectors"


def read_pem(name):
    """:return: a key or certificate that a vector names"""
    return (VECTORS / name).read_text().replace("TESTING KEY", "PRIVATE KEY")


def load_trusted(inputs):
    """:return: {serial: public key}"""
    return {
        serial: wechat_crypto.load_public_key(read_pem(name))
        for serial, name in inputs["trusted"].items()
    }


@tagged("post_install", "-at_install")
class TestWechatVectors(BaseCase):
    """WeChat Pay's primitives agree with the fixtures of the public SDKs."""

    def each(self, count, name, *kinds):
        """:return: (inputs, expected) of the vectors of some kinds, `count` of them"""
        vectors = json.loads((VECTORS / name).read_text())["vectors"]
        vectors = [vector for vector in vectors if vector["kind"] in kinds]
        self.assertEqual(len(vectors), count)
        return [(vector["inputs"], vector["expected"]) for vector in vectors]

    def test_signatures(self):
        for inputs, expected in self.each(2, "wechat_sign.json", "sign"):
            key = wechat_crypto.load_private_key(read_pem(inputs["private_key_file"]))
            signature = wechat_crypto.sign(key, inputs["message"])
            self.assertEqual(signature, expected["signature"])

    def test_authorization_headers(self):
        for inputs, expected in self.each(3, "wechat_sign.json", "authorization"):
            message = wechat_crypto.get_request_message(
                inputs["method"],
                inputs["canonical_url"],
                inputs["timestamp"],
                inputs["nonce_str"],
                inputs["body"],
            )
            self.assertEqual(message, expected["message"])
            mock = inputs["mock_signature"]
            header = wechat_crypto.get_authorization(
                inputs["mchid"],
                inputs["serial_no"],
                inputs["timestamp"],
                inputs["nonce_str"],
                f"Sign:{message}" if mock.startswith("'Sign:'") else mock,
                scheme=inputs["scheme"],
            )
            self.assertEqual(header, expected["authorization"])

    def test_decryption(self):
        for inputs, expected in self.each(9, "wechat_aead.json", "aead_decrypt"):
            names = ("api_v3_key", "nonce", "associated_data", "ciphertext")
            sealed = [inputs[name] for name in names]
            if not expected["ok"]:
                with self.assertRaises(Forged):
                    wechat_crypto.decrypt(*sealed)
                continue
            plaintext = wechat_crypto.decrypt(*sealed).decode()
            self.assertEqual(plaintext, expected["plaintext"])
            sealed[3] = plaintext
            self.assertEqual(wechat_crypto.encrypt(*sealed), inputs["ciphertext"])

    def _receive(self, inputs):
        body = inputs["body"].encode()
        if "headers" in inputs:
            keys = load_trusted(inputs)
            wechat_crypto.check(inputs["headers"], body, keys, now=inputs["now"])
        return wechat_crypto.read_notification(inputs["api_v3_key"], body)

    def test_notifications(self):
        kinds = ("notify", "notify_body")
        for inputs, expected in self.each(7, "wechat_notify.json", *kinds):
            if not expected["valid"]:
                with self.assertRaises(Forged):
                    self._receive(inputs)
                continue
            resource = self._receive(inputs)["resource"]
            self.assertEqual(resource, json.loads(expected["plaintext"]))

    def test_signatures_of_the_platform(self):
        for inputs, expected in self.each(12, "wechat_verify.json", "verify"):
            key = load_trusted(inputs).get(inputs["serial"])
            valid = key and wechat_crypto.verify(
                key, inputs["message"], inputs["signature"]
            )
            self.assertEqual(bool(valid), expected["valid"])

    def test_serial_numbers(self):
        for inputs, expected in self.each(
            4, "wechat_verify.json", "certificate_serial"
        ):
            certificate = wechat_crypto.load_certificate(
                read_pem(inputs["certificate_file"])
            )
            serial = wechat_crypto.get_serial(certificate)
            self.assertEqual(serial, expected["serial"])

    def test_headers_of_answers(self):
        """The vectors' verifier is a mock that looks at the message itself."""

        def mock(serial, message, signature):
            messages.append(message.decode())
            return signature == f"[{serial}-{message.decode()}]"

        for inputs, expected in self.each(9, "wechat_verify.json", "response_headers"):
            messages = []
            headers, body = inputs["headers"], inputs["body"].encode()
            keys = {"SERIAL1234567890": "SERIAL1234567890"}
            with patch.object(wechat_crypto, "verify", mock):
                if expected["valid"]:
                    wechat_crypto.check(headers, body, keys, now=inputs["now"])
                    self.assertEqual(messages, [expected["message"]])
                else:
                    with self.assertRaises(Forged):
                        wechat_crypto.check(headers, body, keys, now=inputs["now"])
