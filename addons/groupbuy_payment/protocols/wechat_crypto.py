"""WeChat Pay APIv3: what messages are signed and encrypted with.

Source: WeChat Pay's developer documentation, "APIv3". Amounts are integers of fen.
"""

import base64
import json
import re
import textwrap
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM = "AEAD_AES_256_GCM"
# Seconds by which a message's time may differ from ours.
TOLERANCE = 300
# What begins so is not meant to be right: the platform tests whether we look.
PROBE = "WECHATPAY/SIGNTEST/"
PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)


class Forged(Exception):
    """A message that is not the platform's, not for us, or too old."""


class UnknownSerial(Forged):
    """A message signed with a key that is not known here."""


# === KEYS === #


def _read_pem(text, kinds):
    """Pasted keys may have lost their line breaks."""
    match = PEM.search(text)
    if not match or match[1] not in kinds:
        raise ValueError("PEM")
    body = "\n".join(textwrap.wrap("".join(match[2].split()), 64))
    return f"-----BEGIN {match[1]}-----\n{body}\n-----END {match[1]}-----\n".encode()


def load_private_key(pem, checked=False):
    """Read an RSA key of 2048 bits or more.

    :param bool checked: it has been loaded before, and need not be checked again, which
        takes 0.1 s
    :raise ValueError: `pem` holds no such key
    """
    pem = _read_pem(pem, ("PRIVATE KEY", "RSA PRIVATE KEY"))
    key = serialization.load_pem_private_key(
        pem, None, unsafe_skip_rsa_key_validation=checked
    )
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise ValueError("RSA")
    return key


def load_public_key(pem):
    """Read the RSA key of a public key's or certificate's PEM.

    :raise ValueError: `pem` holds no such key
    """
    if "CERTIFICATE" in pem:
        key = load_certificate(pem).public_key()
    else:
        key = serialization.load_pem_public_key(_read_pem(pem, ("PUBLIC KEY",)))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("RSA")
    return key


def load_certificate(pem):
    """:raise ValueError: `pem` holds no X.509 certificate"""
    return x509.load_pem_x509_certificate(_read_pem(pem, ("CERTIFICATE",)))


def get_serial(certificate):
    """:return: a certificate's serial number as `Wechatpay-Serial` has it"""
    number = f"{certificate.serial_number:X}"
    return number.zfill(len(number) + len(number) % 2)


# === SIGNATURES === #


def sign(private_key, message):
    """SHA256 with RSA; text is UTF-8.

    :return: base64
    """
    signature = private_key.sign(_bytes(message), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def verify(public_key, message, signature):
    """Tell whether `signature` (base64) is the one of `message`."""
    try:
        raw = base64.b64decode(signature, validate=True)
        public_key.verify(raw, _bytes(message), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    # Base64 has spellings that differ in bits that mean nothing.
    return base64.b64encode(raw).decode() == signature


def get_request_message(method, path, timestamp, nonce, body):
    """What a request's signature covers; `path` with its query."""
    return f"{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n"


def get_authorization(mchid, serial_no, timestamp, nonce, signature, scheme=SCHEME):
    """The header of a signed request."""
    return (
        f'{scheme} mchid="{mchid}",nonce_str="{nonce}",timestamp="{timestamp}",'
        f'serial_no="{serial_no}",signature="{signature}"'
    )


def get_response_message(timestamp, nonce, body):
    """What the signature of an answer or notification covers, as bytes."""
    return b"%s\n%s\n%s\n" % (_bytes(timestamp), _bytes(nonce), _bytes(body))


def get_pay_message(appid, timestamp, nonce, package):
    """What the signature of a payment started inside WeChat covers."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n"


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode()


# === ENCRYPTION === #


def decrypt(api_v3_key, nonce, associated_data, ciphertext):
    """Open a resource (AES-GCM).

    :param str ciphertext: base64, its last 16 bytes the tag
    :return: bytes
    :raise Forged: it was not sealed with this key, or has been changed
    """
    try:
        return AESGCM(_bytes(api_v3_key)).decrypt(
            _bytes(nonce),
            base64.b64decode(ciphertext, validate=True),
            _bytes(associated_data),
        )
    except (InvalidTag, ValueError) as error:
        raise Forged("The resource cannot be decrypted.") from error


def encrypt(api_v3_key, nonce, associated_data, plaintext):
    """The inverse of :func:`decrypt`: what the platform does."""
    sealed = AESGCM(_bytes(api_v3_key)).encrypt(
        _bytes(nonce), _bytes(plaintext), _bytes(associated_data)
    )
    return base64.b64encode(sealed).decode()


def encrypt_field(public_key, text):
    """Encrypt a personal field, such as a payee's name, with the platform's key."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return base64.b64encode(public_key.encrypt(text.encode(), oaep)).decode()


def open_resource(api_v3_key, resource):
    """Decrypt the `resource` of a notification, or a certificate.

    :return: bytes
    :raise Forged: another algorithm, or it cannot be decrypted
    """
    if not isinstance(resource, dict) or resource.get("algorithm") != ALGORITHM:
        raise Forged("The resource's algorithm is not known.")
    parts = [resource.get(name) for name in ("nonce", "ciphertext")]
    parts.insert(1, resource.get("associated_data") or "")
    if not all(isinstance(part, str) for part in parts):
        raise Forged("The resource is not whole.")
    return decrypt(api_v3_key, *parts)


def read_notification(api_v3_key, body):
    """Read a notification whose signature has been accepted.

    :param body: bytes or text
    :return: the notification, its `resource` replaced by what it holds
    :rtype: dict
    :raise Forged: it is not one, or cannot be decrypted
    """
    event = load_object(body)
    resource = open_resource(api_v3_key, event.get("resource"))
    return {**event, "resource": load_object(resource)}


def load_object(text):
    """:raise Forged: `text` is no JSON object"""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Forged("The message is no JSON.") from error
    if not isinstance(value, dict):
        raise Forged("The message is no JSON object.")
    return value


def check(headers, body, keys, now=None):
    """Check the signature of an answer or notification over the bytes received.

    :param headers: mapping; its names in whatever case
    :param bytes body: as received
    :param dict keys: {serial: public key}
    :param float now: Unix seconds
    :raise UnknownSerial: signed with a key that is not among `keys`
    :raise Forged: headers missing, time too far from ours, signature false
    """
    headers = {name.lower(): value for name, value in headers.items()}
    serial, signature, timestamp, nonce = (
        headers.get(f"wechatpay-{name}")
        for name in ("serial", "signature", "timestamp", "nonce")
    )
    if not (serial and signature and timestamp and nonce):
        raise Forged("A header of the signature is missing.")
    if signature.startswith(PROBE):
        raise Forged("The signature is a probe.")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise Forged("The timestamp is no number.")
    if abs((time.time() if now is None else now) - int(timestamp)) >= TOLERANCE:
        raise Forged("The timestamp is too far from our time.")
    if serial not in keys:
        raise UnknownSerial(f"The serial number {serial[:64]} is not known.")
    message = get_response_message(timestamp, nonce, body)
    if not verify(keys[serial], message, signature):
        raise Forged("The signature is false.")
