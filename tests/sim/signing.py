"""Signatures and encryption of both providers, written apart from the addon's."""

import base64
import binascii
import hashlib
import secrets

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHORT_NAMES = {
    "commonName": "CN",
    "organizationalUnitName": "OU",
    "organizationName": "O",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
}


def _bytes(text):
    return text.encode() if isinstance(text, str) else text


def load_private(pem):
    return serialization.load_pem_private_key(_bytes(pem), None)


def load_public(pem):
    """:return: the key of a public key or of a certificate"""
    if "CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(_bytes(pem)).public_key()
    return serialization.load_pem_public_key(_bytes(pem))


def sign(private_key, text):
    """:return: base64 of the SHA256 with RSA signature"""
    signature = private_key.sign(_bytes(text), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def verify(public_key, text, signature):
    """Whether this base64 signature is the key owner's."""
    try:
        signature = base64.b64decode(signature, validate=True)
        public_key.verify(signature, _bytes(text), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def nonce():
    return secrets.token_hex(16)


def seal(key, text, associated_data):
    """Encrypt as WeChat Pay does: AES-256-GCM under the merchant's APIv3 key."""
    iv = secrets.token_hex(6)
    sealed = AESGCM(_bytes(key)).encrypt(
        _bytes(iv), _bytes(text), _bytes(associated_data)
    )
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": iv,
        "associated_data": associated_data,
        "ciphertext": base64.b64encode(sealed).decode(),
    }


def decrypt_name(private_key, text):
    """Read a payee's name, which merchants encrypt with RSA-OAEP (SHA-1, MGF1)."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return private_key.decrypt(base64.b64decode(text), oaep).decode()


def serial_number(certificate_pem):
    """:return: a certificate's number as WeChat Pay writes it: whole bytes"""
    number = x509.load_pem_x509_certificate(_bytes(certificate_pem)).serial_number
    return number.to_bytes((number.bit_length() + 7) // 8).hex().upper()


def certificate_sn(certificate_pem):
    """:return: a certificate's `cert_sn` as Alipay computes it"""
    certificate = x509.load_pem_x509_certificate(_bytes(certificate_pem))
    names = [
        f"{SHORT_NAMES[part.oid._name]}={part.value}"
        for part in reversed(list(certificate.issuer))
    ]
    text = ",".join(names) + str(certificate.serial_number)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def root_sn(bundle_pem):
    """:return: Alipay's `alipay_root_cert_sn`: the RSA certificates of a bundle"""
    numbers = []
    for block in bundle_pem.split("-----END CERTIFICATE-----")[:-1]:
        pem = f"{block.strip()}\n-----END CERTIFICATE-----\n"
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            continue  # of an algorithm that this library does not know
        if certificate.signature_algorithm_oid._name.endswith("RSAEncryption"):
            numbers.append(certificate_sn(pem))
    return "_".join(numbers)
