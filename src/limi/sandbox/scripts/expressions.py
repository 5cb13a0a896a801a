"""Regular expressions that take time in proportion to the text, whatever is written in them.

Python's own engine tries alternatives one after the other: `(a+)+b` takes longer than anybody waits to find out
that thirty times an `a` does not fit, and holds the event loop with all calls for as long. RE2 follows all
alternatives at once; it has no look-around and no back-references for that reason.

Source: https://github.com/google/re2/wiki/Syntax
"""

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["Expression", "ExpressionError"]

_MOST_CHARACTERS: Final = 4_096
"""How much of an utterance is looked at: five minutes of speech, and a millisecond's work."""
_MEMORY_BYTES: Final = 1024 * 1024
"""For one compiled expression: some ten thousand steps. Those of scripts have a hundred."""
_SIGN: Final = re.compile(r"\\.|\[:\^?\w+:\]|\[\^?\]?|.", re.DOTALL)
_LETTERS: Final = r"\p{L}\p{M}\p{N}_"
_OUTSIDE: Final = {
    r"\w": f"[{_LETTERS}]",
    r"\W": f"[^{_LETTERS}]",
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\Z": r"\z",
}
_WITHIN: Final = {r"\w": _LETTERS, r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}


class ExpressionError(ValueError):
    """A text is no regular expression, or one that is not supported."""


class Expression:
    """A regular expression, capitals or not, in which letters and digits are those of all languages."""

    def __init__(self, text: str) -> None:
        """Read an expression.

        Args:
            text: In Python's syntax, without look-around and back-references.

        Raises:
            ExpressionError: It is none.
        """
        # Here, because most scripts need none, and it takes some milliseconds to load.
        import re2  # noqa: PLC0415

        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _MEMORY_BYTES
        try:
            self._compiled: Any = re2.compile(_in_all_languages(text), options)
        except re2.error as error:
            raise ExpressionError(_reason(error)) from None
        self.text = text

    @property
    def names(self) -> frozenset[str]:
        """The names of its groups, and their numbers; 0 is the whole."""
        return frozenset(self._compiled.groupindex) | {str(number) for number in range(self._compiled.groups + 1)}

    def search(self, words: str) -> Mapping[str, str] | None:
        """Return what its groups hold where it finds something in `words`, else None.

        A group that took no part is empty, so that a template that names it still works.
        """
        found = self._compiled.search(words[:_MOST_CHARACTERS])
        if found is None:
            return None
        numbered = {str(number): found[number] or "" for number in range(self._compiled.groups + 1)}
        return numbered | {name: found[name] or "" for name in self._compiled.groupindex}


def _in_all_languages(text: str) -> str:
    """Return the expression with classes that know more than ASCII, as Python's do."""
    pieces: list[str] = []
    within = False
    for sign in _SIGN.findall(text):
        if sign.startswith("[") and not within and not sign.startswith("[:"):
            within = True
        elif sign == "]":
            within = False
        pieces.append((_WITHIN if within else _OUTSIDE).get(sign, sign))
    return "".join(pieces)


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else "it cannot be read"
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
