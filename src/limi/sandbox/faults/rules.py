"""Faults on demand: what may go wrong, where, and how often; checked rules, and the table they are checked by.

A rule says *where* something happens, *what* happens, and *how often*. The rules themselves do nothing: the HTTP
side asks `FaultRules.take` at a request, a session's tap asks it at an event, and each then does what it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from limi.protocol.errors import (
    InvalidValueError,
    MissingParameterError,
    ProtocolError,
    RefusedError,
    UnknownParameterError,
)
from limi.protocol.wire import Strict, convert
from limi.sandbox.scripts import Script, ScriptError

__all__ = [
    "FaultRule",
    "FaultRules",
    "HeldRule",
    "Place",
    "What",
    "parse_rule",
    "parse_rules",
    "parse_script_rules",
    "place_of",
]


class Place(StrEnum):
    """Where something goes wrong."""

    MINT = "mint"
    MODELS = "models"
    CALLS = "calls"
    """WebRTC's signalling: offers, and what is done to a call."""
    SOCKET = "socket"
    SIDEBAND = "sideband"
    """A socket that observes a call."""
    SESSION = "session"
    """A session's life, whatever transport carries it."""
    EVENT = "event"
    """One event on its way to the client, whatever transport carries it."""


class What(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    REFUSE = "refuse"
    MALFORMED = "malformed"
    DROP = "drop"
    STALL = "stall"
    HALF_OPEN = "half_open"
    EXPIRED_KEY = "expired_key"
    EXPIRE = "expire"
    DUPLICATE = "duplicate"
    LATE = "late"
    LOSE = "lose"
    WITHOUT_USAGE = "without_usage"


_Count = Annotated[int, Meta(ge=0)]
_Positive = Annotated[int, Meta(ge=1)]
_Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class FaultRule(Strict, frozen=True, kw_only=True, omit_defaults=True):
    """One fault; `parse_rule` checks that its members go together."""

    where: Place
    what: What
    ms: _Count | UnsetType = UNSET
    """How much later, in milliseconds."""
    status: Annotated[int, Meta(ge=400, le=599)] | UnsetType = UNSET
    """The HTTP status of a refusal."""
    retry_after_seconds: _Seconds | UnsetType = UNSET
    """What a refusal says about trying again; 1 unless given, with 429 and 503 only."""
    event: str | UnsetType = UNSET
    """The type of the events that are meant; at a socket, those that are counted."""
    after_events: _Count | UnsetType = UNSET
    """How many events a connection delivers before it breaks; 0 unless given."""
    after_seconds: _Seconds | UnsetType = UNSET
    """How long a connection or a session lives before it breaks."""
    seconds: _Seconds | UnsetType = UNSET
    """How long a broken connection stays so."""
    after: _Count = 0
    """How many occasions pass unharmed first."""
    every: _Positive = 1
    """Each how many-th occasion after these is harmed."""
    times: _Positive | UnsetType = UNSET
    """How many occasions are harmed at most; all unless given."""


_REQUESTS: Final = frozenset({Place.MINT, Place.MODELS, Place.CALLS})
_SOCKETS: Final = frozenset({Place.SOCKET, Place.SIDEBAND})
_EVENTS: Final = frozenset({Place.EVENT})
_BREAK: Final = frozenset({"event", "after_events", "after_seconds"})
_FREQUENCY: Final = frozenset({"where", "what", "after", "every", "times"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """Where something can go wrong, and what has to be or may be said about it."""

    places: frozenset[Place]
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)


_TRANSCRIPT: Final = MappingProxyType({"event": "conversation.item.input_audio_transcription.completed"})
_EFFECTS: Final = MappingProxyType(
    {
        What.LATENCY: _Effect(places=_REQUESTS | _SOCKETS, needs=frozenset({"ms"})),
        What.REFUSE: _Effect(
            places=_REQUESTS | _SOCKETS, needs=frozenset({"status"}), takes=frozenset({"retry_after_seconds"})
        ),
        What.EXPIRED_KEY: _Effect(places=_SOCKETS | {Place.CALLS}),
        What.MALFORMED: _Effect(places=_REQUESTS | _EVENTS, takes=frozenset({"event"})),
        What.DROP: _Effect(places=_REQUESTS | _SOCKETS, takes=_BREAK),
        What.STALL: _Effect(places=_SOCKETS, takes=_BREAK | {"seconds"}),
        What.HALF_OPEN: _Effect(
            places=_SOCKETS, takes=_BREAK | {"seconds"}, defaults=MappingProxyType({"seconds": 60.0})
        ),
        What.EXPIRE: _Effect(places=frozenset({Place.SESSION}), needs=frozenset({"after_seconds"})),
        What.DUPLICATE: _Effect(places=_EVENTS, takes=frozenset({"event"}), defaults=_TRANSCRIPT),
        What.LATE: _Effect(
            places=_EVENTS, needs=frozenset({"ms"}), takes=frozenset({"event"}), defaults=_TRANSCRIPT
        ),
        What.LOSE: _Effect(places=_EVENTS, needs=frozenset({"event"})),
        What.WITHOUT_USAGE: _Effect(
            places=_EVENTS, takes=frozenset({"event"}), defaults=MappingProxyType({"event": "response.done"})
        ),
    }
)


def parse_rule(value: object, *, at: str = "") -> FaultRule:
    """Check one rule and fill in what it leaves open.

    Args:
        value: A mapping with the members of `FaultRule`, as JSON, YAML or keyword arguments give it.
        at: Where it stands, for error messages.

    Raises:
        ProtocolError: The first rule that it breaks; `param` is the path of the member.
    """
    rule = convert(value, FaultRule, at=at)
    effect = _EFFECTS[rule.what]
    if rule.where not in effect.places:
        places = ", ".join(sorted(effect.places))
        message = f"'{rule.what}' does not happen at '{rule.where}'. Its places are: {places}."
        raise InvalidValueError(_path(at, "where"), message)
    given = set(msgspec.to_builtins(rule))
    if missing := sorted(effect.needs - given):
        raise MissingParameterError(_path(at, missing[0]))
    if extra := sorted(given - effect.needs - effect.takes - _FREQUENCY):
        raise UnknownParameterError(_path(at, extra[0]))
    if rule.where is Place.EVENT and "event" not in given | set(effect.defaults):
        raise MissingParameterError(_path(at, "event"))
    if rule.where in _REQUESTS and (extra := sorted(given & (_BREAK | {"event"}))):
        raise UnknownParameterError(_path(at, extra[0]))
    changes = {name: preset for name, preset in effect.defaults.items() if name not in given}
    return msgspec.structs.replace(rule, **changes)


def parse_rules(value: object, *, at: str = "faults") -> tuple[FaultRule, ...]:
    """Check a rule, or a list of rules.

    Raises:
        ProtocolError: The first rule of the format that is broken, with the path of the member.
    """
    if isinstance(value, Mapping):
        return (parse_rule(value, at=at),)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise InvalidValueError(at, f"Invalid value for '{at}': expected a rule or a list of rules.")
    return tuple(parse_rule(entry, at=f"{at}[{index}]") for index, entry in enumerate(value))


def parse_script_rules(script: Script) -> tuple[FaultRule, ...]:
    """Check the rules that stand under `faults` in a script.

    Raises:
        ScriptError: The first rule that is broken, with its line.
    """
    rules: list[FaultRule] = []
    for index, fault in enumerate(script.faults):
        field = f"faults[{index}]"
        try:
            rules.append(parse_rule(fault.members, at=field))
        except ProtocolError as error:
            raise ScriptError(
                source=script.source, line=fault.line, field=error.param or field, rule=error.message.rstrip(".")
            ) from error
    return tuple(rules)


class HeldRule:
    """A rule in force, with what has become of it."""

    def __init__(self, rule_id: str, rule: FaultRule) -> None:
        self.id = rule_id
        self.rule = rule
        self.seen = 0
        """Occasions so far."""
        self.applied = 0
        """Those that were harmed."""

    def happens(self) -> bool:
        """Count an occasion and say whether it is to be harmed."""
        rule = self.rule
        if isinstance(rule.times, int) and self.applied >= rule.times:
            return False
        self.seen += 1
        past = self.seen - rule.after
        if past <= 0 or (past - 1) % rule.every:
            return False
        self.applied += 1
        return True


class FaultRules:
    """The rules in force, in the order they were given.

    Their tuple is replaced and never changed, so that a test's own thread may add and remove while the sandbox's
    reads.
    """

    def __init__(self, *, limit: int = 100) -> None:
        """Begin without any.

        Args:
            limit: How many there may be; a test needs a handful, and each is looked at for every event.
        """
        self._limit = limit
        self._count = 0
        self._held: tuple[HeldRule, ...] = ()

    def __iter__(self) -> Iterator[HeldRule]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def add(self, where: str, what: str, **how: object) -> str:
        """Put a rule in force, written as in `FaultRule`: `add("mint", "refuse", status=429, times=2)`.

        Returns:
            Its id, for `remove`.

        Raises:
            ProtocolError: As `parse_rule` and `hold`.
        """
        (held,) = self.hold(parse_rule({"where": where, "what": what, **how}))
        return held.id

    def hold(self, *rules: FaultRule) -> tuple[HeldRule, ...]:
        """Put checked rules in force, all or none.

        Raises:
            RefusedError: There would be more than the limit.
        """
        if len(self._held) + len(rules) > self._limit:
            message = f"At most {self._limit} faults are in force at a time. Delete some first."
            raise RefusedError(code="too_many_faults", message=message, param="faults")
        held = tuple(HeldRule(f"fault_{self._count + index}", rule) for index, rule in enumerate(rules, start=1))
        self._count += len(held)
        self._held += held
        return held

    def remove(self, rule_id: str) -> bool:
        """Take one rule out of force; says whether it was there."""
        left = tuple(held for held in self._held if held.id != rule_id)
        was_there = len(left) < len(self._held)
        self._held = left
        return was_there

    def clear(self) -> None:
        """Take every rule out of force."""
        self._held = ()

    def take(self, place: Place, *, event: str | None = None) -> list[FaultRule]:
        """Count an occasion for each rule that is meant for it, and return those that harm it.

        Args:
            place: Where it is.
            event: The type of the event, at `Place.EVENT`.
        """
        return [
            held.rule
            for held in self._held
            if held.rule.where is place and (event is None or held.rule.event == event) and held.happens()
        ]


def _path(at: str, member: str) -> str:
    return f"{at}.{member}" if at else member


def place_of(what: What, here: Place) -> Place:
    """Return where a fault is meant to happen that was asked for at a request, by what alone."""
    places = _EFFECTS[what].places
    return next((place for place in (here, Place.EVENT, Place.SESSION) if place in places), here)
