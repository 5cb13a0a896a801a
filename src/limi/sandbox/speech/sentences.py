"""Cuts a text into pieces that a voice can speak one after the other, so that the first is heard early."""

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["speakable_pieces"]

_PIECE_CHARACTERS: Final = 240
"""About 17 seconds of speech, which take Pico 60 ms: no piece delays the next reply's first sound by more."""
_WORD_BYTES: Final = 96
"""Pico never returns from a word of more than 128 bytes; 1,600 calls with words up to 127 were fine."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|\s*\n+\s*")
# Pico reads angle brackets as its own mark-up (one of its tags plays files), and control characters as commands.
_MARK_UP: Final = re.compile(r"[<>&\\\x00-\x1f\x7f]+")


def speakable_pieces(text: str) -> Iterator[str]:
    """Yield the sentences of `text`; long ones are cut at a space, endless words anywhere."""
    for sentence in _SENTENCE_END.split(text):
        words = [part for word in _MARK_UP.sub(" ", sentence).split() for part in _split_word(word)]
        yield from _join(words)


def _join(words: list[str]) -> Iterator[str]:
    piece = ""
    for word in words:
        if piece and len(piece) + len(word) >= _PIECE_CHARACTERS:
            yield piece
            piece = ""
        piece = f"{piece} {word}" if piece else word
    if piece:
        yield piece


def _split_word(word: str) -> Iterator[str]:
    while len(word.encode()) > _WORD_BYTES:
        # A character has one to four bytes; so the bytes are cut, and a broken one is left.
        head = word.encode()[:_WORD_BYTES].decode(errors="ignore")
        yield head
        word = word[len(head) :]
    if word:
        yield word
