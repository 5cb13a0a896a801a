"""Words that carry meaning, for comparing what was said with what is known, and words that are numbers."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

__all__ = ["content_words", "numbers_in"]

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
_EMPTY: Final = """
    a about all an and any are as at be by can could do does for from get give given has have how i if in is it
    its me my of on or please s set show some tell that the their them then this to use used user want was what
    when where which who will with would you your
"""
_SMALL: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBER: Final = re.compile(r"\d{1,6}|[a-z]+", re.IGNORECASE)


def content_words(text: str) -> frozenset[str]:
    """Return the telling words of `text` in lower case; a name such as `getWeather_now` counts as its words."""
    return frozenset(_stem(word.lower()) for word in _WORD.findall(text)) - _empty_words()


def numbers_in(text: str) -> list[int]:
    """Return the numbers of `text` in order, written in figures or, up to a hundred, in words."""
    numbers: list[int] = []
    goes_on = False
    for word in _NUMBER.findall(text):
        value = _number_words().get(word.lower())
        if value is not None and goes_on and (joined := _joined(numbers[-1], value)) is not None:
            numbers[-1] = joined
        elif value is not None:
            numbers.append(value)
        elif word.isdecimal():
            numbers.append(int(word))
        goes_on = value is not None
    return numbers


def _joined(before: int, value: int) -> int | None:
    """Return the number that two words make together: twenty-one, one hundred."""
    if before in range(20, 100, 10) and value in range(1, 10):
        return before + value
    return value if (before, value) == (1, 100) else None


@cache
def _number_words() -> Mapping[str, int]:
    small = {word: number for number, word in enumerate(_SMALL.split())}
    tens = {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
    return {**small, **tens, "hundred": 100}


@cache
def _empty_words() -> frozenset[str]:
    return frozenset(_EMPTY.split())


def _stem(word: str) -> str:
    shortest = 4
    plural = word.endswith("s") and not word.endswith(("is", "ss", "us")) and len(word) >= shortest
    return word[:-1] if plural else word
