import base64
import json
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..protocols import alipay, alipay_keys

VECTORS = Path(__file__).parent / "vectors"


@tagged("post_install", "-at_install")
class TestAlipayVectors(BaseCase):
    """Alipay's primitives agree with the fixtures of the public SDKs."""

    def each(self, count, name, *kinds):
        """:return: (inputs, expected) of the vectors of some kinds, `count` of them"""
        vectors = json.loads((VECTORS / name).read_text())["vectors"]
        vectors = [vector for vector in vectors if vector["kind"] in kinds]
        self.assertEqual(len(vectors), count)
        return [(vector["inputs"], vector["expected"]) for vector in vectors]

    def test_certificate_serials(self):
        name = "alipay_certificate.json"
        for inputs, expected in self.each(2, name, "cert_sn"):
            text = (VECTORS / inputs["certificate_file"]).read_text()
            [certificate] = alipay_keys.load_certificates(text)
            self.assertEqual(alipay_keys.get_issuer(certificate), expected["issuer"])
            self.assertEqual(str(certificate.serial_number), expected["serial_number"])
            self.assertEqual(alipay_keys.get_serial(certificate), expected["cert_sn"])
        for inputs, expected in self.each(1, name, "cert_sn_bundle"):
            text = (VECTORS / inputs["certificates_file"]).read_text()
            self.assertEqual(text.count("BEGIN CERT"), expected["certificates"])
            counted = alipay_keys.load_certificates(text)
            self.assertEqual(len(counted), expected["counted"])
            self.assertEqual(alipay_keys.get_bundle_serial(text), expected["cert_sn"])

    def test_signatures(self):
        for inputs, expected in self.each(
            8, "alipay_rsa2_verify.json", "alipay_verify"
        ):
            text = (VECTORS / inputs["certificate_file"]).read_text()
            [certificate] = alipay_keys.load_certificates(text)
            charset = inputs["charset"]
            left_out = ("sign",)
            if inputs["content_rule"] == "v1":
                left_out = ("sign", "sign_type")
            raw = {
                key: value.encode(charset) for key, value in inputs["params"].items()
            }
            content = alipay.get_signed_content(raw, left_out)
            if "content" in expected:
                self.assertEqual(content.decode(charset), expected["content"])
            valid = alipay_keys.verify(
                certificate.public_key(), content, inputs["params"]["sign"]
            )
            self.assertEqual(valid, expected["valid"])

    def test_signed_text_of_answers(self):
        name = "alipay_response_extract.json"
        for inputs, expected in self.each(13, name, "extract"):
            members = alipay.parse_members(inputs["response"].encode())
            raw, _value = members[inputs["response_key"]]
            self.assertEqual(raw.decode(), expected["signed_text"])
            self.assertEqual(members["sign"][1], expected["sign"])
        for inputs, expected in self.each(3, name, "extract_bytes"):
            content = bytes.fromhex(inputs["response_hex"])
            members = alipay.parse_members(content, inputs["charset"])
            raw, value = members[inputs["response_key"]]
            self.assertEqual(raw.hex(), expected["signed_hex"])
            self.assertLessEqual(expected["text"].items(), value.items())
            self.assertEqual(members.get("sign", (b"", None))[1], expected.get("sign"))

    def test_charsets(self):
        name = "alipay_notify_charset.json"
        for inputs, expected in self.each(5, name, "decode"):
            pair = b"".join(b"%%%02x" % byte for byte in bytes.fromhex(inputs["hex"]))
            body = b"subject=" + pair
            notification = alipay.parse_notification(body, charset=inputs["charset"])
            self.assertEqual(notification.values["subject"], expected["text"])
        for inputs, expected in self.each(7, name, "content_type"):
            charset = alipay.get_content_charset(inputs["content_type"])
            self.assertEqual(charset, expected["charset"])

    def test_notifications(self):
        for inputs, expected in self.each(
            5, "alipay_notify_charset.json", "notify_form"
        ):
            notification = alipay.parse_notification(
                inputs["form_body"].encode(),
                inputs["content_type"],
                inputs.get("charset_from_caller", ""),
            )
            self.assertEqual(notification.charset, expected["charset"])
            for key, value in expected["bytes_to_verify_hex"].items():
                self.assertEqual(notification.raw[key].hex(), value)
            for key, value in expected["text"].items():
                self.assertEqual(notification.values[key], value)
            signature = base64.b64decode(notification.signature)
            self.assertEqual(signature.hex(), expected["signature_hex"])

    def test_answers_that_cannot_be_read(self):
        for text in (
            "",
            "{",
            "[]",
            '{"a":1',
            '{"a":1,}',
            '{"a" 1}',
            '{"a":1,"a":2}',
            '{"a":1} {"a":2}',
            "{1:2}",
        ):
            with self.subTest(text=text), self.assertRaises(ValueError):
                alipay.parse_members(text.encode())

    def test_forms_that_cannot_be_read(self):
        for body in (b"a=1&a=2", b"charset=klingon", b"charset=gbk&a=%ff", b"%ff=1"):
            with self.subTest(body=body), self.assertRaises(ValueError):
                alipay.parse_notification(body)
