"""Every other key of the server, derived from one root with HKDF (RFC 5869), a label each."""

from enum import StrEnum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from limi.kernel.secret import Secret

__all__ = ["KeyLabel", "derive_key"]


class KeyLabel(StrEnum):
    """What a derived key is for; a key for one purpose never serves another."""

    IDEMPOTENCY = "idempotency"
    PRIVACY = "privacy-hmac"
    AUDIT = "audit-signing"
    API_KEY_HASH = "api-key-hash"
    WEBHOOK = "webhook-at-rest"


def derive_key(root: Secret, label: KeyLabel) -> bytes:
    """Return the 32 bytes that `label` stands for under `root`, which is 32 bytes in hexadecimal."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"limi:{label}".encode()).derive(
        bytes.fromhex(root.reveal())
    )
