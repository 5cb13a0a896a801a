"""What is counted, by what, and what is asked for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from limi.features.analytics.sketch import DurationSketch
from limi.kernel.frontends import Frontend

__all__ = [
    "COUNTS",
    "NOTHING",
    "ClientEvent",
    "Counts",
    "Dimension",
    "EventKey",
    "EventType",
    "Grain",
    "RollupKey",
    "Source",
    "SourceRow",
    "UsageQuery",
    "UsageRow",
]


class EventType(StrEnum):
    """What a client may report."""

    CONNECTION_SUCCESSFUL = "connection_successful"
    ERROR_OCCURRED = "error_occurred"


class EventKey(NamedTuple):
    """What tells an event from all others: two tenants may make up the same id."""

    tenant: str
    """Empty for callers who belong to none."""
    id: str


class ClientEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it is kept. `at` is when it came in, in Unix seconds: clients' clocks are not believed."""

    key: EventKey
    type: EventType
    at: float
    frontend: Frontend
    session_id: str | None = None
    """As Limi's own records have it: joined to the tenant's id."""
    duration_ms: int | None = None
    transport: str | None = None
    code: str | None = None
    message: str | None = None


class Source(StrEnum):
    """Where what is counted is read from; each has a cursor of its own."""

    JOURNAL = "journal"
    CLIENTS = "clients"


class Grain(StrEnum):
    """How long the stretches of time are in which things are counted. They begin at whole ones in UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def seconds(self) -> int:
        """Return the length."""
        return _SECONDS[self]

    def start(self, at: float) -> int:
        """Return when the stretch that holds the Unix second `at` began."""
        return int(at // self.seconds) * self.seconds

    def end(self, at: float) -> int:
        """Return the first such beginning that is not before the Unix second `at`."""
        return -int(-at // self.seconds) * self.seconds


_SECONDS: Final = {Grain.MINUTE: 60, Grain.HOUR: 3600, Grain.DAY: 86_400}


class Dimension(StrEnum):
    """What things can be told apart by."""

    TENANT = "tenant"
    FRONTEND = "frontend"
    MODEL = "model"
    CODE = "code"


class Counts(NamedTuple):
    """How often what happened."""

    minted: int = 0
    """Keys that were handed out."""
    failed: int = 0
    """Mints that ended without a key."""
    unresolved: int = 0
    """Mints of which nobody knows how they ended."""
    replayed: int = 0
    """Keys that were handed out again to a repeat."""
    refused: int = 0
    """Requests that were refused for their credential or their number."""
    connected: int = 0
    """Connections that clients made."""
    not_connected: int = 0
    """Errors that ended an attempt to connect."""
    errors: int = 0
    """All errors that clients reported."""

    def plus(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def times(self, number: int) -> "Counts":
        """Return what comes of it `number` times."""
        return Counts(*(count * number for count in self))


NOTHING: Final = Counts()

COUNTS: Final = Counts._fields
"""The names of what is counted."""


class SourceRow(msgspec.Struct, frozen=True, gc=False):
    """A row of a source as far as it matters to counting. One that counts nothing only moves the cursor."""

    seq: int
    at: float
    counts: Counts | None
    tenant: str = ""
    frontend: str = Frontend.UNKNOWN.value
    model: str = ""
    code: str = ""
    duration_ms: int | None = None
    """How long connecting took."""
    ends: str | None = None
    """The intent whose end it tells of, for stores that have no other way to find what a later end takes back."""


class RollupKey(NamedTuple):
    """What is counted together. Texts are empty where there is none: as keys of a table they may not be null."""

    grain: Grain
    start: int
    """Unix seconds."""
    tenant: str
    frontend: str
    model: str
    code: str


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, with bounds that are whole stretches of its grain."""

    grain: Grain
    since: int
    until: int
    """The first Unix second that is not asked for."""
    series: bool
    """Whether each stretch is wanted by itself, rather than all together."""
    group: tuple[Dimension, ...] = ()
    where: Mapping[Dimension, str] = {}
    """What a dimension must be."""


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: a stretch of time and a group."""

    start: int
    """Unix seconds; of all that was asked for where no series was."""
    group: tuple[str, ...] = ()
    """One text for each dimension of the query's group; empty where there is none."""
    counts: Counts = NOTHING
    durations: DurationSketch | None = None
    """How long connecting took; None where nobody said so."""
