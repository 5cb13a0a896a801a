"""Identifiers in the shapes upstream uses.

Captures show `event_`, `sess_`, `item_`, `resp_` and `conv_` followed by 21 characters of a URL-safe alphabet, and
`call_` followed by 16. Randomness arrives as an argument, so a test or a deterministic sandbox can repeat itself.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from enum import StrEnum
from typing import Final

__all__ = ["IdKind", "NewId", "ids_from_hex"]


class IdKind(StrEnum):
    """What an identifier names; the value is its prefix."""

    CALL = "call_"
    CONVERSATION = "conv_"
    EVENT = "event_"
    ITEM = "item_"
    RESPONSE = "resp_"
    SEGMENT = "seg_"
    SESSION = "sess_"


NewId = Callable[[IdKind], str]
"""Makes a fresh identifier of a kind, prefix included."""

_CALL_CHARACTERS: Final = 16
_OTHER_CHARACTERS: Final = 21


def ids_from_hex(random_hex: Callable[[int], str]) -> NewId:
    """Return a maker of identifiers which draws its randomness from `random_hex`.

    Args:
        random_hex: Returns as many random hexadecimal characters as asked for, as `limi.kernel.ids.Ids.hex` does.
    """

    def new_id(kind: IdKind) -> str:
        length = _CALL_CHARACTERS if kind is IdKind.CALL else _OTHER_CHARACTERS
        # One base64 character holds six bits and one hexadecimal character four; 32 of these make 22 of those.
        encoded = urlsafe_b64encode(bytes.fromhex(random_hex(32))).decode("ascii")
        return kind + encoded[:length]

    return new_id
