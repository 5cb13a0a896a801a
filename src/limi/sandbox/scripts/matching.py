"""Whether words of the user's are those that a turn of a script is for, and what of them it takes over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from limi.sandbox.scripts.expressions import Expression

__all__ = ["Anything", "Contains", "Exactly", "Matcher", "Matches", "Nothing", "plain_words"]

_NOTHING_TAKEN: Final[Mapping[str, str]] = MappingProxyType({})
_PUNCTUATION: Final = re.compile(r"[^\w\s']+|(?<!\w)'|'(?!\w)|_")
"""An apostrophe within a word is part of it."""


class Matcher(Protocol):
    """Says whether it fits what the user said."""

    @property
    def names(self) -> frozenset[str]:
        """What it may take over from the words, by name; groups without a name go by their number."""

    def taken(self, words: str | None) -> Mapping[str, str] | None:
        """Return what it takes over from `words`, or None when it does not fit.

        Args:
            words: What the user said last; None when nobody has said anything yet.
        """


def plain_words(text: str) -> str:
    """Return `text` in lower case, without punctuation, with single spaces: recognisers differ in all of these."""
    return " ".join(_PUNCTUATION.sub(" ", text.replace("’", "'")).casefold().split())


@dataclass(frozen=True, slots=True)
class Anything:
    """Fits whatever was said, and when nothing was."""

    names: frozenset[str] = frozenset()

    def taken(self, words: str | None) -> Mapping[str, str] | None:  # noqa: ARG002 - anything will do
        """See `Matcher.taken`."""
        return _NOTHING_TAKEN

    def __str__(self) -> str:
        return "anything"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Fits the beginning, before the user has said anything."""

    names: frozenset[str] = frozenset()

    def taken(self, words: str | None) -> Mapping[str, str] | None:
        """See `Matcher.taken`."""
        return _NOTHING_TAKEN if words is None else None

    def __str__(self) -> str:
        return "nothing said yet"


@dataclass(frozen=True, slots=True)
class Exactly:
    """Fits one utterance, whatever its case, punctuation and spacing."""

    words: str
    names: frozenset[str] = frozenset()

    def taken(self, words: str | None) -> Mapping[str, str] | None:
        """See `Matcher.taken`."""
        fits = words is not None and plain_words(words) == plain_words(self.words)
        return _NOTHING_TAKEN if fits else None

    def __str__(self) -> str:
        return f'"{self.words}"'


@dataclass(frozen=True, slots=True)
class Contains:
    """Fits an utterance in which each of the phrases occurs, as whole words."""

    phrases: Sequence[str]
    names: frozenset[str] = frozenset()

    def taken(self, words: str | None) -> Mapping[str, str] | None:
        """See `Matcher.taken`."""
        if words is None:
            return None
        said = f" {plain_words(words)} "
        fits = all(f" {plain_words(phrase)} " in said for phrase in self.phrases)
        return _NOTHING_TAKEN if fits else None

    def __str__(self) -> str:
        return "something with " + " and ".join(f'"{phrase}"' for phrase in self.phrases)


@dataclass(frozen=True, slots=True)
class Matches:
    """Fits an utterance in which a regular expression finds something, and takes over what its groups hold."""

    expression: Expression

    @property
    def names(self) -> frozenset[str]:
        """See `Matcher.names`."""
        return self.expression.names

    def taken(self, words: str | None) -> Mapping[str, str] | None:
        """See `Matcher.taken`."""
        return None if words is None else self.expression.search(words)

    def __str__(self) -> str:
        return f"something like /{self.expression.text}/"
