"""The text of a key: `limi_sk_<id>_<secret><checksum>`.

The beginning and the id may be shown, and let secret scanners and operators tell whose key was found. The
secret is 256 random bits. The checksum is no protection: it lets a mistyped or truncated key be refused without a
look-up.
"""

import base64
import hashlib
import re
import zlib
from typing import Final

from limi.features.api_keys.model import KeyID
from limi.kernel.ids import Ids
from limi.kernel.secret import Secret

__all__ = ["TOKEN_PREFIX", "TokenHasher", "is_whole", "key_id_in", "make_key_id", "make_token"]

TOKEN_PREFIX: Final = "limi_sk_"  # noqa: S105 - what every key begins with

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE: Final = re.compile(r"limi_sk_[a-z2-7]{8}_[0-9A-Za-z]{49}")
_ID: Final = slice(len(TOKEN_PREFIX), len(TOKEN_PREFIX) + 8)
_SECRET_LENGTH: Final = 43
"""Digits to base 62 that 256 bits need."""
_CHECKSUM_LENGTH: Final = 6
"""Digits to base 62 that 32 bits need."""


def make_key_id(ids: Ids) -> KeyID:
    """Return a new id: 40 random bits to base 32, without digits that look like letters (RFC 4648 §6)."""
    return KeyID(base64.b32encode(bytes.fromhex(ids.hex(10))).decode().lower())


def make_token(key_id: KeyID, ids: Ids) -> Secret:
    """Return a new token for the key of that id."""
    text = f"{TOKEN_PREFIX}{key_id}_{_base62(int(ids.hex(64), 16), _SECRET_LENGTH)}"
    return Secret(text + _checksum(text))


def key_id_in(token: str) -> KeyID:
    """Return what stands where a token has its key's id; nothing is checked."""
    return KeyID(token[_ID])


def is_whole(token: str) -> bool:
    """Say whether `token` has the shape of one and its checksum fits."""
    text, checksum = token[:-_CHECKSUM_LENGTH], token[-_CHECKSUM_LENGTH:]
    return _SHAPE.fullmatch(token) is not None and _checksum(text) == checksum


class TokenHasher:
    """Makes what is kept of a token: HMAC-SHA256 (RFC 2104) under a key that the database does not hold.

    The secret has 256 bits, so nothing slower than one hash is needed; the key keeps who has only the database
    from trying out tokens that leaked elsewhere. Both blocks of the key are hashed beforehand, since `hmac.digest`
    takes more than twice as long over them than over the token.
    """

    def __init__(self, hash_key: bytes) -> None:
        """Keep a key of at most 64 bytes, SHA-256's block."""
        block = hash_key.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, token: str) -> bytes:
        """Return the 32 bytes that are kept of `token`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(token.encode())
        outer.update(inner.digest())
        return outer.digest()


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
