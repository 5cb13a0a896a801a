"""What happened, frozen: the rows of the journal, from which audit, statistics and webhooks are read.

A fact says who (`origin`), when (`at`), about which session, and how it ended. A fact that ends another one names
it in `resolves`: request ids cannot link them, because clients choose those.
"""

from enum import StrEnum
from typing import ClassVar

import msgspec

__all__ = [
    "EventName",
    "Fact",
    "KeyMinted",
    "KeyReplayed",
    "MintFailed",
    "MintRequested",
    "MintUnresolved",
    "Origin",
    "Outcome",
]


class EventName(StrEnum):
    """Every fact's public name, `subject.past_tense`."""

    TOKEN_REQUESTED = "token.requested"  # noqa: S105 - an event's name
    TOKEN_GENERATED = "token.generated"  # noqa: S105
    TOKEN_FAILED = "token.failed"  # noqa: S105
    TOKEN_REPLAYED = "token.replayed"  # noqa: S105
    TOKEN_UNRESOLVED = "token.unresolved"  # noqa: S105


class Outcome(StrEnum):
    """How the thing a fact speaks of stands after it."""

    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from; built once per request and shared by its facts."""

    request_id: str
    caller: str
    tenant: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    """None where the environment does not allow keeping it."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What every fact has. `id` is 32 hexadecimal characters that sort by time; `at` is Unix seconds."""

    event: ClassVar[EventName]
    outcome: ClassVar[Outcome]

    id: str
    at: float
    origin: Origin
    session_id: str | None = None
    model: str | None = None
    resolves: str | None = None
    """The id of the intent that this fact ends."""
    duration_ms: int | None = None
    expires_at: int | None = None
    """Unix seconds at which the key that was handed out stops opening calls."""
    code: str | None = None
    """The error catalogue's code, where something failed."""


class MintRequested(Fact, frozen=True):
    """The intent: a key is about to be asked for. It is durable before any key leaves the server."""

    event = EventName.TOKEN_REQUESTED
    outcome = Outcome.REQUESTED


class KeyMinted(Fact, frozen=True):
    """Upstream gave a key and the caller was given it."""

    event = EventName.TOKEN_GENERATED
    outcome = Outcome.SUCCEEDED


class MintFailed(Fact, frozen=True):
    """No key was handed out; `code` says why."""

    event = EventName.TOKEN_FAILED
    outcome = Outcome.FAILED


class KeyReplayed(Fact, frozen=True):
    """A key handed out before was handed out again to a repeat with the same idempotency key."""

    event = EventName.TOKEN_REPLAYED
    outcome = Outcome.SUCCEEDED


class MintUnresolved(Fact, frozen=True):
    """An intent whose writer died before recording the end: a key may or may not have been handed out."""

    event = EventName.TOKEN_UNRESOLVED
    outcome = Outcome.UNKNOWN
