"""What is said of an option's value that does not fit.

Typer has pydantic read values and passes on its words, which speak of inputs, errors and parsing. Here they become
a rule, as services say it; the option's name is before it anyway.
"""

import re
from typing import Any, Final

import typer

from limi.cli.help import WholeSentences

__all__ = ["Commands"]

_WORDS: Final = (
    (re.compile(r"Value error, (.*?)\.?"), r"\1"),
    (re.compile(r"Input should be a valid integer.*"), "must be a whole number"),
    (re.compile(r"Input should be a valid number.*"), "must be a number"),
    (re.compile(r"Input should be greater than or equal to (.*)"), r"must be at least \1"),
    (re.compile(r"Input should be less than or equal to (.*)"), r"must be at most \1"),
)


class Commands(WholeSentences):
    """All commands, with the groups and options below them."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer does not export their types
        """Run a command; a value that does not fit is told in our words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as exc:
            exc.message = _reworded(exc.message)
            raise


def _reworded(message: str) -> str:
    for pattern, words in _WORDS:
        if found := pattern.fullmatch(message):
            return found.expand(words)
    return message
