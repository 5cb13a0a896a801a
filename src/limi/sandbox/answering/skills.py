"""What the built-in brain can do with words alone: each skill answers, or returns None for words it is not for."""

import re
from datetime import datetime
from itertools import islice
from typing import Final

from limi.sandbox.answering.words import numbers_in

__all__ = [
    "HELLO",
    "count",
    "farewell",
    "greeting",
    "help_wanted",
    "identity",
    "repeat_after_me",
    "say_again",
    "sound_check",
    "spell",
    "tell_date",
    "tell_time",
    "thanks",
]

HELLO: Final = "Hello! Say or type something, and I repeat it."
_IDENTITY: Final = "I am the Limi sandbox. I repeat, count, tell the time and call your tools, without any model."
_HELP: Final = (
    "I can tell the time and the date, count, spell, repeat after you, say something again, call your session's "
    "tools, and answer questions about Limi, such as: what does rate limit exceeded mean?"
)
_GREETINGS: Final = frozenset({"hello", "hi", "hey", "greetings"})
_FAREWELLS: Final = frozenset({"bye", "goodbye"})
_FEW_WORDS: Final = 3
"""A longer sentence that begins with hello says something else as well."""
_LARGEST_COUNT: Final = 100
"""A minute of speech."""
_LONGEST_WORD: Final = 60
"""Letters to spell: the longest word of an English dictionary has 45."""

_POLITELY: Final = r"^(?:(?:please|can you|could you|would you|will you|now|and)[\s,]+)*"
_TIME: Final = re.compile(r"\bwhat(?:'s|\s+is)?\s+(?:the\s+)?time\b|\btell\b.*\btime\b", re.IGNORECASE)
_DATE: Final = re.compile(
    r"\b(?:what(?:'s|\s+is)?\s+(?:the|today's)\s+date|what\s+day\s+(?:is\s+it|of\s+the\s+week|is\s+today)"
    r"|what(?:'s|\s+is)\s+today|tell\b.*\bdate)\b",
    re.IGNORECASE,
)
_WHO: Final = re.compile(
    r"\b(?:who|what)\s+are\s+you\b|\bare\s+you\s+(?:real|a\s+(?:model|sandbox|robot|bot))\b", re.IGNORECASE
)
_CAN: Final = re.compile(r"\bwhat\s+(?:can|do)\s+you\s+(?:do|know)\b|^help(?:\s+me)?[.!?]?$", re.IGNORECASE)
_HEAR: Final = re.compile(r"\b(?:can|do)\s+you\s+hear\s+me\b|\bare\s+you\s+(?:still\s+)?there\b", re.IGNORECASE)
_AGAIN: Final = re.compile(
    _POLITELY
    + r"(?:(?:say|repeat)\s+(?:that|it|this)(?:\s+again)?|repeat|what\s+did\s+you\s+say|pardon(?:\s+me)?)"
    r"(?:[\s,]+please)?[\s.!?]*$",
    re.IGNORECASE,
)
_REPEAT: Final = re.compile(
    _POLITELY
    + r"(?:repeat(?:\s+after\s+me)?|say(?:\s+after\s+me)?)\b(?!\s*[,?])[\s:.]*[\"“]?(?P<words>\w.*?)[\"”]?$",
    re.IGNORECASE | re.DOTALL,
)
_SPELL: Final = re.compile(
    r"\bspell\b(?:\s+(?:out|me|the|word|name))*\s*[:,]?\s*[\"'“]?(?P<word>[^\W_][\w'-]*)", re.IGNORECASE
)
_COUNT: Final = re.compile(r"\bcount\b", re.IGNORECASE)
_DOWN: Final = re.compile(r"\b(?:down|backwards?)\b", re.IGNORECASE)


def tell_time(words: str, now: datetime) -> str | None:
    """Tell the time."""
    return f"It is {now:%H:%M} universal time." if _TIME.search(words) else None


def tell_date(words: str, now: datetime) -> str | None:
    """Tell the date."""
    return f"It is {now:%A}, {now.day} {now:%B %Y}." if _DATE.search(words) else None


def identity(words: str) -> str | None:
    """Say who answers."""
    return _IDENTITY if _WHO.search(words) else None


def help_wanted(words: str) -> str | None:
    """Say what can be asked."""
    return _HELP if _CAN.search(words) else None


def sound_check(words: str) -> str | None:
    """Answer whoever wants to know whether they are heard."""
    return f"Yes, I am here. You said: {words.strip()}" if _HEAR.search(words) else None


def greeting(words: str) -> str | None:
    """Greet back."""
    return HELLO if _is_about(words, _GREETINGS) else None


def farewell(words: str) -> str | None:
    """Take leave."""
    return "Goodbye!" if _is_about(words, _FAREWELLS) else None


def thanks(words: str) -> str | None:
    """Answer thanks."""
    return "You are welcome." if _is_about(words, frozenset({"thanks", "thank"})) else None


def say_again(words: str, said_last: str | None) -> str | None:
    """Say once more what was said last."""
    if not _AGAIN.search(words.strip()):
        return None
    return said_last or "I have not said anything yet."


def repeat_after_me(words: str) -> str | None:
    """Say what the user wants said."""
    found = _REPEAT.search(words.strip())
    return found["words"] if found else None


def spell(words: str) -> str | None:
    """Name the letters of a word."""
    found = _SPELL.search(words)
    return ", ".join(found["word"][:_LONGEST_WORD].strip("'").upper()) + "." if found else None


def count(words: str) -> str | None:
    """Count up or down, between numbers in figures or in words."""
    if not _COUNT.search(words):
        return None
    numbers = numbers_in(words)
    first, last = (1, *numbers)[-2:] if numbers else (1, 10)
    if _DOWN.search(words) and first < last:
        first, last = last, first
    step = 1 if last >= first else -1
    counted = islice(range(first, last + step, step), _LARGEST_COUNT)
    return ", ".join(map(str, counted)) + "."


def _is_about(words: str, wanted: frozenset[str]) -> bool:
    spoken = [word.strip(".,!?") for word in words.lower().split()]
    return len(spoken) <= _FEW_WORDS and not wanted.isdisjoint(spoken)
