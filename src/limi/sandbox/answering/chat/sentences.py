"""Cuts arriving words into sentences, so that the first of them is spoken before the last is thought."""

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["SentenceCutter", "TextPieces"]

_LONGEST: Final = 240
"""Characters, some 17 seconds of speech: nobody waits for the end of a longer sentence."""
_END: Final = re.compile(r"""[.!?…]+["'”’)\]]*(?=\s)|\n""")
_NO_END: Final = re.compile(r"(?:^|[\s(])(?:[A-Za-z]|\d{1,2}|Mr|Mrs|Ms|Dr|Prof|St|No|vs|e\.g|i\.e|etc|approx)\.$")
"""What a full stop does not end: initials, the numbers of a list, common abbreviations."""


class SentenceCutter:
    """Takes words in any pieces and gives sentences."""

    def __init__(self) -> None:
        self._text = ""

    def add(self, words: str) -> Iterator[str]:
        """Yield the sentences that `words` complete."""
        self._text += words
        while (end := self._end()) is not None:
            sentence, self._text = self._text[:end].strip(), self._text[end:]
            if sentence:
                yield sentence

    def rest(self) -> str:
        """Return what is left when no more words come; it may be empty."""
        sentence, self._text = self._text.strip(), ""
        return sentence

    def _end(self) -> int | None:
        for found in _END.finditer(self._text):
            if not _NO_END.search(self._text[: found.end()]):
                return found.end()
        if len(self._text) <= _LONGEST:
            return None
        cut = max(self._text.rfind(", ", 0, _LONGEST), self._text.rfind("; ", 0, _LONGEST)) + 1
        return cut or self._text.rfind(" ", 0, _LONGEST) + 1 or _LONGEST


class TextPieces:
    """Takes words in any pieces and gives them on at once, with the space before each but without that after it.

    A piece's trailing space may turn out to be the last thing said, which no answer ends with.
    """

    def __init__(self) -> None:
        self._space = ""

    def add(self, words: str) -> Iterator[tuple[str, str]]:
        """Yield the space before the words and the words, where there are any."""
        whole = self._space + words
        kept = whole.rstrip()
        self._space = whole[len(kept) :]
        if kept:
            text = kept.lstrip()
            yield kept[: len(kept) - len(text)], text
