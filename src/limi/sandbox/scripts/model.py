"""A script as values: what is heard, what is said to it, and the error of a script that does not fit.

Errors::

    ScriptError     a script cannot be read, or breaks a rule
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from limi.sandbox.scripts.matching import Matcher
from limi.sandbox.scripts.templates import ArgumentTemplate, Template

__all__ = [
    "Call",
    "Fail",
    "Hears",
    "Otherwise",
    "Say",
    "Script",
    "ScriptError",
    "ScriptedFault",
    "Step",
    "Turn",
    "Wait",
]


class ScriptError(Exception):
    """A script cannot be used; the message names the file, the line, the field and the rule."""

    def __init__(self, *, source: str, line: int | None, field: str, rule: str) -> None:
        place = source if line is None else f"{source}, line {line}"
        super().__init__(f"{place}, {field}: {rule}" if field else f"{place}: {rule}")
        self.source = source
        self.line = line
        """The line in the file, the first being 1; None when the file as a whole cannot be read."""
        self.field = field
        """The path of the field, such as `turns[0].assistant[1].call`; empty for the file as a whole."""
        self.rule = rule


class Otherwise(StrEnum):
    """What becomes of words that no turn is for."""

    BRAIN = "brain"
    """The brain behind the script answers."""
    FAIL = "fail"
    """The response fails and says which words were not foreseen."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause; by the sandbox's own clock, so that a virtual one makes it pass at once."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Words to say."""

    words: Template


@dataclass(frozen=True, slots=True)
class Call:
    """A function for the client to run."""

    name: str
    arguments: ArgumentTemplate


@dataclass(frozen=True, slots=True)
class Fail:
    """The end of the response, with an error."""

    code: str
    message: str


Step = Wait | Say | Call | Fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is answered to something of the user's."""

    user: Matcher
    steps: Sequence[Step]
    times: int | None
    """How often it may be used in one conversation; None means as often as it fits."""
    metadata: Mapping[str, str]
    """What the response must carry as its metadata; empty asks for nothing."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hears:
    """What is written down for an utterance; every condition that is not None must hold."""

    text: str
    utterance: int | None = None
    """The number of the utterance in its session, from 1."""
    longer_than_seconds: float | None = None
    shorter_than_seconds: float | None = None
    sounds_like: Path | None = None
    """A WAV file whose rise and fall of loudness the utterance must share."""
    after_seconds: float = 0.0
    """How long the recogniser takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedFault:
    """A rule of what goes wrong, as it is written: only who lets things go wrong knows what rules there are."""

    members: Mapping[str, object]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything a script says."""

    source: str
    """Its file's name, for messages."""
    hears: Sequence[Hears] = ()
    turns: Sequence[Turn] = ()
    in_order: bool = False
    """Whether the turns are used one after the other, rather than whichever fits first."""
    otherwise: Otherwise = Otherwise.BRAIN
    faults: Sequence[ScriptedFault] = ()
    """What goes wrong while the script is played; `limi.sandbox.faults.rules` checks it."""
