"""How much of a conversation a response reads.

A model's context is finite. What does not fit is left out from the oldest item on, and stays left out: an item
that came back with the next response would cost the cached beginning again each time. The items remain in the
conversation, where a client can still retrieve them.

Source: `truncation` in the reference of a session.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET

from limi.protocol.errors import RefusedError
from limi.protocol.items import Item
from limi.protocol.session_request import RetentionRatio
from limi.protocol.usage import Counted, count_item

__all__ = ["Context", "Truncation", "fit_context"]

Truncation = Literal["auto", "disabled"] | RetentionRatio


@dataclass(frozen=True, slots=True)
class Context:
    """The items a response reads."""

    items: tuple[Item, ...]
    read: tuple[Counted, ...]
    """Their tokens, one by one."""
    forgotten: tuple[Item, ...] = ()
    """The items that are to be left out from now on."""


def fit_context(items: Iterable[Item], *, truncation: Truncation, room: int) -> Context:
    """Choose what a response reads.

    Args:
        items: What is there to be read.
        truncation: What to do when there is more than fits.
        room: Tokens that the model takes behind the instructions.

    Raises:
        RefusedError: There is more than fits, and nothing may be left out.
    """
    kept = list(items)
    read = [count_item(item) for item in kept]
    total = sum(counted.tokens.total for counted in read)
    allowed, target = _bounds(truncation, room)
    if total <= allowed:
        return Context(tuple(kept), tuple(read))
    if truncation == "disabled":
        message = f"The context has {total} tokens behind the instructions, but the model takes at most {allowed}."
        # How upstream calls this in a session is not known; this is its code at other endpoints.
        raise RefusedError(code="context_length_exceeded", message=message)
    dropped = 0
    # The newest item stays whatever it costs, for a response must have something to answer.
    while total > target and dropped < len(kept) - 1:
        total -= read[dropped].tokens.total
        dropped += 1
    return Context(tuple(kept[dropped:]), tuple(read[dropped:]), forgotten=tuple(kept[:dropped]))


def _bounds(truncation: Truncation, room: int) -> tuple[int, float]:
    """Return beyond how many tokens the context is cut, and down to how many."""
    if not isinstance(truncation, RetentionRatio):
        return room, room
    limits = truncation.token_limits
    if limits is not UNSET and limits is not None and limits.post_instructions is not UNSET:
        room = min(room, limits.post_instructions)
    return room, room * truncation.retention_ratio
