"""VAPID (RFC 8292): how a push service knows who sends, and a browser whom it subscribed to."""

import base64
import binascii
import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

# RFC 8292 allows a day; push services with a clock of their own are strict about it.
VALID_FOR = timedelta(hours=12)
_CURVE = ec.SECP256R1()
_BYTES = 32


class VapidKey:
    """The key pair of an installation. With another one all browsers have to subscribe anew."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @classmethod
    def parse(cls, text: str) -> "VapidKey":
        """Read a private key of P-256: PEM, or its 32 bytes in url-safe base64.

        Raises:
            ValueError: it is neither; the message does not repeat it.
        """
        try:
            private = _pem(text) if "-----" in text else _raw(text)
        except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
            raise ValueError("is no private key of P-256: PEM, or 32 bytes in base64") from None
        return cls(private)

    @property
    def public(self) -> str:
        """The public key as browsers take it (``applicationServerKey``): the point, in base64."""
        point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return base64url(point)

    @property
    def pem(self) -> tuple[bytes, bytes]:
        """The private key and the public one, in PEM."""
        private = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = self._private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return private, public

    def authorization(self, endpoint: str, subject: str, now: datetime) -> str:
        """The header for one push service; ``subject`` is the mailto: or https: of who sends."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + VALID_FOR).timestamp()),
            "sub": subject,
        }
        signed = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
        der = self._private.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        # JWS has the two numbers side by side, where everybody else has them in DER.
        numbers = b"".join(each.to_bytes(_BYTES, "big") for each in decode_dss_signature(der))
        return f"vapid t={signed}.{base64url(numbers)}, k={self.public}"


def base64url(data: bytes) -> str:
    """Url-safe base64 without padding, as all of Web Push has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Likewise, back; with padding or without.

    Raises:
        ValueError: it is none.
    """
    bare = text.strip().rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def _pem(text: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(text.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
        raise ValueError
    return key


def _raw(text: str) -> ec.EllipticCurvePrivateKey:
    secret = from_base64url(text)
    if len(secret) != _BYTES:
        raise ValueError
    return ec.derive_private_key(int.from_bytes(secret, "big"), _CURVE)


def _part(document: dict[str, object]) -> str:
    return base64url(json.dumps(document, separators=(",", ":")).encode())
