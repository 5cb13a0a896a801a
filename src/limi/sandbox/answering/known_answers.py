"""Finds the answer to a question that is known in other words."""

from collections.abc import Mapping
from typing import Final

from limi.sandbox.answering.words import content_words

__all__ = ["KnownAnswers"]

_SIMILAR: Final = 0.5
"""The share of words that a known question and what was said must have in common to count as the same."""
_TELLING: Final = 2
"""So many words of a known question, all of them said, make it the one that is meant, whatever else was said."""


class KnownAnswers:
    """A table of questions, asked in words of the asker's own."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        """Take questions and their answers."""
        self._answers = [(content_words(asked), answer) for asked, answer in answers.items()]

    def find(self, words: str) -> str | None:
        """Return the answer to the question most like `words`, the first of equals, or None."""
        said = content_words(words)
        scores = ((_likeness(said, known), answer) for known, answer in self._answers)
        best, answer = max(scores, key=lambda pair: pair[0], default=((0.0, 0), None))
        return answer if best[0] >= _SIMILAR else None


def _likeness(said: frozenset[str], known: frozenset[str]) -> tuple[float, int]:
    common = len(said & known)
    share = common / max(len(said | known), 1)
    if common == len(known) >= _TELLING:
        share = max(share, _SIMILAR)
    return share, common
