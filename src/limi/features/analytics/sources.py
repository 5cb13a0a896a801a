"""What rows of the journal and events of clients count for.

Both are mapped here and nowhere else, so that every store counts alike. What is counted by comes from closed sets:
a model is one that this server resolved, a code one of the catalogue, or `unknown` for all others together. So
rollups are bounded by what operators configure, whatever clients send.
"""

import re
from collections.abc import Callable
from typing import Final

from limi.features.analytics.model import ClientEvent, Counts, EventType, SourceRow
from limi.kernel.errors import CATALOGUE
from limi.kernel.facts import EventName
from limi.kernel.frontends import Frontend

__all__ = ["CANCELLED", "COUNTED_EVENTS", "TRUE_ENDS", "UNKNOWN_CODE", "client_row", "counted_code", "journal_row"]

UNKNOWN_CODE: Final = "unknown"
"""What every code outside the catalogue is counted as."""
CANCELLED: Final = "cancelled"
"""The code of a mint whose caller left; nobody is answered with it."""

TRUE_ENDS: Final = (EventName.TOKEN_GENERATED.value, EventName.TOKEN_FAILED.value)
"""How a mint ends; one that comes after `token.unresolved` takes that back, and nothing else does."""

_ENDS: Final = frozenset((*TRUE_ENDS, EventName.TOKEN_UNRESOLVED.value))
_MAX_MODEL: Final = 100
_FRONTENDS: Final = frozenset(Frontend)
_COUNT: Final = re.compile(r"\d{1,9}")


def _one(**counts: int) -> Callable[[str | None], Counts]:
    counted = Counts(**counts)
    return lambda _detail: counted


def _refusals(detail: str | None) -> Counts:
    """Return how many refusals a fact speaks of: its detail begins with the number."""
    found = _COUNT.match(detail or "")
    return Counts(refused=int(found[0]) if found else 1)


_COUNTED: Final[dict[str, Callable[[str | None], Counts]]] = {
    EventName.TOKEN_GENERATED.value: _one(minted=1),
    EventName.TOKEN_FAILED.value: _one(failed=1),
    EventName.TOKEN_UNRESOLVED.value: _one(unresolved=1),
    EventName.TOKEN_REPLAYED.value: _one(replayed=1),
    EventName.AUTH_REFUSED.value: _refusals,
    EventName.LIMIT_REACHED.value: _refusals,
}
COUNTED_EVENTS: Final = tuple(_COUNTED)
"""Events that count for something; whoever reads rows may leave out all others."""


def journal_row(
    *,
    seq: int,
    at: float,
    event: str,
    tenant: str | None,
    frontend: str | None,
    model: str | None,
    code: str | None,
    detail: str | None,
    times: int = 1,
    ends: str | None = None,
) -> SourceRow:
    """Return what a row of the journal counts for, or several alike.

    Args:
        seq: its column, the last one's of several.
        at: any Unix second of its minute.
        event: its column, as are all that follow but the last.
        tenant: likewise.
        frontend: likewise.
        model: likewise.
        code: likewise.
        detail: likewise.
        times: how many rows there are; -1 takes one back.
        ends: its column `resolves`.
    """
    count = _COUNTED.get(event)
    if count is None:
        return SourceRow(seq, at, None)
    return SourceRow(
        seq,
        at,
        count(detail).times(times),
        tenant or "",
        frontend if frontend in _FRONTENDS else Frontend.UNKNOWN.value,
        (model or "")[:_MAX_MODEL],
        counted_code(code),
        ends=ends if event in _ENDS else None,
    )


def client_row(seq: int, event: ClientEvent) -> SourceRow:
    """Return what a client's event counts for."""
    if event.type is EventType.CONNECTION_SUCCESSFUL:
        counts = Counts(connected=1)
    else:
        entry = CATALOGUE.get(event.code or "")
        counts = Counts(not_connected=1 if entry is None or entry.ends_attempt else 0, errors=1)
    return SourceRow(
        seq,
        event.at,
        counts,
        event.key.tenant,
        event.frontend.value,
        "",
        counted_code(event.code),
        event.duration_ms,
    )


def counted_code(code: str | None) -> str:
    """Return the code as it is counted; empty where there is none."""
    if not code:
        return ""
    return code if code in CATALOGUE or code == CANCELLED else UNKNOWN_CODE
