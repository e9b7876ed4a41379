"""Keys and certificates of Alipay's open platform."""

import base64
import binascii
import hashlib
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# A bundle is read block by block: some roots are refused by the X.509 parser.
_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL
)
# PKCS #1: all signature algorithms with RSA, and no other.
_RSA_SIGNATURES = "1.2.840.113549.1.1."


def to_bytes(text):
    """:return: text in UTF-8, bytes as they are"""
    return text if isinstance(text, bytes) else text.encode()


def _to_der(text):
    """:return: the DER inside a PEM, or inside the bare base64 that Alipay hands out"""
    body = re.sub(rb"-----[A-Z ]+-----|\s", b"", to_bytes(text))
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError("This is neither PEM nor base64.") from error


def load_private_key(text, checked=False):
    """Read the application's private key.

    :param str text: PEM or bare base64, PKCS #1 or PKCS #8
    :param bool checked: it has been loaded before, and need not be checked again, which
        takes 0.1 s
    :rtype: RSAPrivateKey
    :raise ValueError: it is no RSA key
    """
    try:
        key = serialization.load_der_private_key(
            _to_der(text), None, unsafe_skip_rsa_key_validation=checked
        )
    except TypeError as error:
        raise ValueError("The key must not have a password.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("The key must be an RSA key.")
    return key


def load_public_key(text):
    """Read Alipay's public key.

    :param str text: PEM or bare base64
    :rtype: RSAPublicKey
    :raise ValueError: it is no RSA key
    """
    key = serialization.load_der_public_key(_to_der(text))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("The key must be an RSA key.")
    return key


def load_certificates(text):
    """Read the certificates of a bundle that are signed with RSA; the others do not
    count.

    :param str text: PEM, one block or several
    :rtype: list[x509.Certificate]
    :raise ValueError: there is none
    """
    certificates = []
    for block in _CERTIFICATE.findall(to_bytes(text)):
        try:
            certificate = x509.load_pem_x509_certificate(block)
            algorithm = certificate.signature_algorithm_oid.dotted_string
        except ValueError:
            continue
        if algorithm.startswith(_RSA_SIGNATURES):
            certificates.append(certificate)
    if not certificates:
        raise ValueError("There is no certificate signed with RSA.")
    return certificates


def get_issuer(certificate):
    """:return: the issuer as Alipay writes it, the last name first"""
    return ",".join(
        f"{name.rfc4514_attribute_name}={name.value}"
        for rdn in reversed(certificate.issuer.rdns)
        for name in rdn
    )


def get_serial(certificate):
    """:return: the `…_cert_sn` of one certificate"""
    text = f"{get_issuer(certificate)}{certificate.serial_number}"
    # Alipay's own identifier, nothing is protected by it.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def get_bundle_serial(text):
    """:return: the `alipay_root_cert_sn` of the root certificates"""
    return "_".join(get_serial(certificate) for certificate in load_certificates(text))


def sign(private_key, content):
    """Sign with RSA2: SHA-256 with RSA.

    :param bytes content: what is signed
    :return: the signature in base64
    """
    signature = private_key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def verify(public_key, content, signature):
    """Check an RSA2 signature.

    :param bytes content: what was signed
    :param str signature: in base64
    :rtype: bool
    """
    try:
        public_key.verify(
            base64.b64decode(signature, validate=True),
            content,
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, ValueError):
        return False
    return True
