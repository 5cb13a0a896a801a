"""Faults within a session: its events come twice, late, maimed or not at all, or it ends before its time."""

from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from limi.sandbox.faults.rules import FaultRule, FaultRules, Place, What
from limi.sandbox.interference import Departure, Expiry

__all__ = ["FaultyTap"]


class _Typed(msgspec.Struct):
    type: str


_type_of: Final = msgspec.json.Decoder(_Typed).decode


class FaultyTap:
    """A session's tap that does what rules say."""

    def __init__(self, *sources: FaultRules) -> None:
        """Obey the rules of several sources, asked anew at every event."""
        self._sources = sources
        self._has_begun = False

    def incoming(self, frame: str) -> None:
        """Let the client say what it likes."""

    def outgoing(self, event: bytes) -> Iterable[Departure]:
        """Return what leaves in the event's place."""
        departures: Sequence[Departure] = (Departure(event),)
        if not any(self._sources):
            return departures
        for rule in self._take(Place.EVENT, _type_of(event).type):
            departures = [changed for departure in departures for changed in _EFFECTS[rule.what](departure, rule)]
        if not self._has_begun:
            self._has_begun = True
            ends = (rule.after_seconds for rule in self._take(Place.SESSION))
            departures = [*departures, *(Departure(Expiry(), end) for end in ends if isinstance(end, int | float))]
        return departures

    def sent(self, event: bytes) -> None:
        """Take no notice."""

    def closed(self) -> None:
        """Take no notice."""

    def _take(self, place: Place, event: str | None = None) -> list[FaultRule]:
        return [rule for source in self._sources for rule in source.take(place, event=event)]


def _twice(departure: Departure, _: FaultRule) -> list[Departure]:
    return [departure, departure]


def _late(departure: Departure, rule: FaultRule) -> list[Departure]:
    milliseconds = rule.ms if isinstance(rule.ms, int) else 0
    return [Departure(departure.what, departure.after_seconds + milliseconds / 1000)]


def _lost(_: Departure, __: FaultRule) -> list[Departure]:
    return []


def _malformed(departure: Departure, _: FaultRule) -> list[Departure]:
    return _changed(departure, lambda event: event[: len(event) // 2])


def _without_usage(departure: Departure, _: FaultRule) -> list[Departure]:
    return _changed(departure, _usage_removed)


def _changed(departure: Departure, change: Callable[[bytes], bytes]) -> list[Departure]:
    what = departure.what
    return [Departure(change(what), departure.after_seconds)] if isinstance(what, bytes) else [departure]


def _usage_removed(event: bytes) -> bytes:
    try:
        wire: dict[str, Any] = msgspec.json.decode(event)
    except msgspec.DecodeError:
        # Another rule has cut it in half already.
        return event
    wire.pop("usage", None)
    wire.get("response", {}).pop("usage", None)
    return msgspec.json.encode(wire)


_EFFECTS: Final = MappingProxyType(
    {
        What.DUPLICATE: _twice,
        What.LATE: _late,
        What.LOSE: _lost,
        What.MALFORMED: _malformed,
        What.WITHOUT_USAGE: _without_usage,
    }
)
