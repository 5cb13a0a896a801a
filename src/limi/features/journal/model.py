"""What the journal holds, as those who read it see it."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

__all__ = [
    "CHAIN_START",
    "Checkpoint",
    "CheckpointKind",
    "JournalEntry",
    "JournalState",
    "Link",
    "LiveToken",
    "LiveTokens",
    "Selection",
    "WriterEnd",
]


class Link(msgspec.Struct, frozen=True):
    """A row's place in its writer's chain."""

    n: int
    """1 for the writer's first row; it grows by one."""
    hash: bytes
    """SHA-256 over the hash before and the row's own bytes; see `limi.features.journal.chain`."""


CHAIN_START: Final = Link(0, bytes(32))
"""What stands before every writer's first row."""


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the journal. `event` and `outcome` are text: a newer Limi may have written the row."""

    seq: int
    """The row's place; it grows, may skip numbers, and is the cursor for those who read on."""
    id: str
    at: float
    """Unix seconds, exact to the microsecond."""
    event: str
    outcome: str
    request_id: str
    caller: str
    tenant: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    session_id: str | None = None
    model: str | None = None
    duration_ms: int | None = None
    expires_at: int | None = None
    """Unix seconds."""
    code: str | None = None
    resolves: str | None = None
    subject: str | None = None
    detail: str | None = None
    frontend: str | None = None
    """The kind of application that asked; None for rows that nobody asked for, or from before it was kept."""
    writer: str | None = None
    """Who wrote the row: one run of one server process."""
    n: int | None = None
    """The row's place in its writer's chain; None for rows from before there were chains."""
    hash: bytes | None = None


class CheckpointKind(StrEnum):
    """What a checkpoint is for."""

    HEAD = "head"
    """Signs how far a writer's chain has come."""
    START = "start"
    """Signs from where on the journal is kept, since older rows were removed."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A signed statement about the journal. `body` is what was signed; the other members are read from it."""

    number: int
    """1 for the journal's first checkpoint; it grows by one, whoever writes it."""
    kind: CheckpointKind
    seq: int
    """The journal's last row when it was written."""
    at: float
    """Unix seconds, exact to the microsecond."""
    writer: str | None = None
    """Whose chain it is about; None for the kind `start`."""
    end: Link | None = None
    """The last row of that chain."""
    body: bytes
    signature: bytes
    """Ed25519 over `body`."""


class WriterEnd(msgspec.Struct, frozen=True):
    """How far a writer's chain has come."""

    writer: str
    end: Link


class LiveToken(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was handed out and has not expired; never the key itself."""

    session_id: str | None
    model: str | None
    expires_at: int
    """Unix seconds."""
    minted_at: float
    """Unix seconds."""


class LiveTokens(msgspec.Struct, frozen=True, kw_only=True):
    """The registry of live keys."""

    total: int
    """How many there are, however many of them are listed."""
    newest: tuple[LiveToken, ...]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to read; a member left None selects all."""

    since: datetime | None = None
    """Entries at this moment or later; aware of its time zone."""
    until: datetime | None = None
    """Entries before this moment; aware of its time zone."""
    event: str | None = None
    tenant: str | None = None
    caller: str | None = None
    subject: str | None = None


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer is doing, for readiness and metrics."""

    failing_since: float | None
    """Unix seconds of the first failure since the last success; None while all is well."""
    queued: int
    """Facts waiting for their first attempt."""
    kept: int
    """Outcomes whose write failed and which will be tried again."""
    dropped: int
    """Outcomes given up since the start."""
    commits: int
    committed: int
    """Facts written since the start."""

    @property
    def healthy(self) -> bool:
        """Say whether the last attempt to write succeeded."""
        return self.failing_since is None
