"""The audit log's lines: what a row and a checkpoint look like, to the byte.

A row's line has two parts. The body is everything up to `,"seq"`, and its bytes are what the writer's chain
hashes; the writer makes them from the fact before the row exists, and a reader makes the same ones from the row.
What follows is known only afterwards: `seq`, which the database gives, the chain's `hash`, and `check`, a checksum
of the line itself, by which an accident is found where it happened.

`limi.features.journal.verifier` reads these lines and knows no code but its own.
"""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from limi.features.journal.model import Checkpoint, JournalEntry
from limi.kernel.facts import Fact

__all__ = ["checkpoint_line", "entry_body", "entry_line", "fact_body", "iso_time", "microseconds"]

_MICROSECONDS: Final = 1_000_000
_CHECK_LENGTH: Final = 16
"""Hexadecimal characters of a line's checksum. It finds accidents; the chain is what finds intent."""


class _Body(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a writer knows of a row. Members without a value are there as null: every line has the same columns.

    Those that rows did not always have are at the end and left out without a value, so that an older row still has
    the bytes that were hashed.
    """

    id: str
    time: str
    event: str
    request_id: str
    session_id: str | None
    model: str | None
    tenant: str | None
    caller: str
    ip: str | None
    user_agent: str | None
    outcome: str
    duration_ms: int | None
    expires_at: int | None
    code: str | None
    resolves: str | None
    subject: str | None
    detail: str | None
    writer: str | None
    n: int | None
    frontend: str | UnsetType = UNSET


_encode: Final = msgspec.json.Encoder().encode


def microseconds(seconds: float) -> int:
    """Return Unix seconds as Unix microseconds, which is how the journal keeps them."""
    return round(seconds * _MICROSECONDS)


def iso_time(seconds: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC with microseconds."""
    whole, rest = divmod(microseconds(seconds), _MICROSECONDS)
    return f"{_iso_second(whole)}{rest:06d}Z"


def fact_body(fact: Fact, writer: str, n: int) -> bytes:
    """Return the hashed part of the line of `fact` as the `n`th row of `writer`.

    Raises:
        ValueError: (or OverflowError) when a value cannot be written as JSON, such as half a surrogate pair.
    """
    origin = fact.origin
    return _encode(
        _Body(
            fact.id,
            iso_time(fact.at),
            fact.event._value_,
            origin.request_id,
            fact.session_id,
            fact.model,
            origin.tenant,
            origin.caller,
            origin.ip,
            origin.user_agent,
            fact.outcome._value_,
            fact.duration_ms,
            fact.expires_at,
            fact.code,
            fact.resolves,
            fact.subject,
            fact.detail,
            writer,
            n,
            origin.frontend._value_ if origin.frontend is not None else UNSET,
        )
    )[:-1]


def entry_body(entry: JournalEntry) -> bytes:
    """Return the hashed part of the line of a row that was read."""
    return _encode(
        _Body(
            entry.id,
            iso_time(entry.at),
            entry.event,
            entry.request_id,
            entry.session_id,
            entry.model,
            entry.tenant,
            entry.caller,
            entry.ip,
            entry.user_agent,
            entry.outcome,
            entry.duration_ms,
            entry.expires_at,
            entry.code,
            entry.resolves,
            entry.subject,
            entry.detail,
            entry.writer,
            entry.n,
            UNSET if entry.frontend is None else entry.frontend,
        )
    )[:-1]


def entry_line(entry: JournalEntry) -> bytes:
    """Return the whole line of a row, with its end of line."""
    digest = "null" if entry.hash is None else f'"{entry.hash.hex()}"'
    line = b'%s,"seq":%d,"hash":%s' % (entry_body(entry), entry.seq, digest.encode())
    return b'%s,"check":"%s"}\n' % (line, sha256(line).hexdigest()[:_CHECK_LENGTH].encode())


def checkpoint_line(checkpoint: Checkpoint) -> bytes:
    """Return the whole line of a checkpoint, with its end of line."""
    return b'%s,"signature":"%s"}\n' % (checkpoint.body, checkpoint.signature.hex().encode())


@lru_cache(maxsize=16)
def _iso_second(whole: int) -> str:
    """Return what is the same for all times of a second, up to the microseconds."""
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
