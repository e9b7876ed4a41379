"""Keys, certificates and numbers of an invented merchant at both providers."""

import datetime
import json
import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from sim import signing

PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
PRIVATE = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


def _key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private(key):
    return key.private_bytes(*PRIVATE).decode()


def _public(key):
    return key.public_key().public_bytes(*PUBLIC).decode()


def _name(organization, common_name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Simulator"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(key, name, issuer_key=None, issuer=None):
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1825))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .sign(issuer_key or key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def make_wechat():
    """:return: both sides of a merchant account at WeChat Pay"""
    merchant, platform = _key(), _key()
    root, root_name = _key(), _name("WeChat Pay Simulator", "Root")
    certificates = []
    for number in (1, 2):
        key = _key()
        name = _name("WeChat Pay Simulator", f"Platform {number}")
        pem = _certificate(key, name, root, root_name)
        certificates.append(
            {
                "key": _private(key),
                "certificate": pem,
                "serial_no": signing.serial_number(pem),
            }
        )
    merchant_pem = _certificate(
        merchant, _name("Merchant", "Merchant"), root, root_name
    )
    return {
        "appid": f"wx{secrets.token_hex(8)}",
        "mchid": f"19{secrets.randbelow(10**8):08}",
        "apiv3_key": secrets.token_hex(16),
        "app_secret": secrets.token_hex(16),
        "merchant_key": _private(merchant),
        "merchant_certificate": merchant_pem,
        "serial_no": signing.serial_number(merchant_pem),
        "public_key_id": f"PUB_KEY_ID_01{secrets.randbelow(10**30):030}",
        "public_key": _public(platform),
        "platform_key": _private(platform),
        "certificates": certificates,
    }


def make_alipay():
    """:return: both sides of an application at Alipay"""
    app, alipay, root = _key(), _key(), _key()
    root_name = _name("Alipay Simulator", "Root")
    # Alipay's bundle has roots of other algorithms, too, which must not count.
    curve = ec.generate_private_key(ec.SECP256R1())
    curve_pem = _certificate(curve, _name("Alipay Simulator", "Root EC"))
    return {
        "app_id": f"2021{secrets.randbelow(10**12):012}",
        "seller_id": f"2088{secrets.randbelow(10**12):012}",
        "app_key": _private(app),
        "app_public_key": _public(app),
        "alipay_key": _private(alipay),
        "alipay_public_key": _public(alipay),
        "root_certificates": _certificate(root, root_name) + curve_pem,
        "app_certificate": _certificate(
            app, _name("Merchant", "Application"), root, root_name
        ),
        "alipay_certificate": _certificate(
            alipay, _name("Alipay Simulator", "Alipay"), root, root_name
        ),
    }


def load(folder, provider):
    """:return: the keys kept in a folder, made there when they are missing"""
    path = Path(folder) / f"{provider}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {"wechat": make_wechat, "alipay": make_alipay}[provider]()
        part = path.with_suffix(".part")
        with open(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump(values, file, indent=1)
        part.rename(path)
    return json.loads(path.read_text())
