"""Words that carry meaning, for comparing what was said with what is known."""

import re
from functools import cache
from typing import Final

__all__ = ["content_words"]

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
_EMPTY: Final = """
    a about all an and any are as at be by can could do does for from get give given has have how i if in is it
    its me my of on or please s set show some tell that the their them then this to use used user want was what
    when where which who will with would you your
"""


def content_words(text: str) -> frozenset[str]:
    """Return the telling words of `text` in lower case; a name such as `getWeather_now` counts as its words."""
    return frozenset(_stem(word.lower()) for word in _WORD.findall(text)) - _empty_words()


@cache
def _empty_words() -> frozenset[str]:
    return frozenset(_EMPTY.split())


def _stem(word: str) -> str:
    shortest = 4
    plural = word.endswith("s") and not word.endswith(("is", "ss", "us")) and len(word) >= shortest
    return word[:-1] if plural else word
