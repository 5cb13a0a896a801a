"""Counting tokens the way upstream bills them, near enough for a budget to be tried out.

Audio of the user costs 10 tokens a second, audio of the assistant 20; text is taken as four characters a token.
The whole context is counted again for every response. What the response before it has read in the same way from
the start comes from the cache.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from math import ceil
from typing import Any, Final

from limi.protocol.items import Item, Part, PartType

__all__ = [
    "Cache",
    "Counted",
    "InputTokens",
    "OutputTokens",
    "RateLimit",
    "count_item",
    "count_text",
    "text_tokens",
    "total_of",
    "transcription_usage",
    "usage_to_wire",
]

USER_AUDIO_MS_PER_TOKEN: Final = 100
ASSISTANT_AUDIO_MS_PER_TOKEN: Final = 50
CHARACTERS_PER_TOKEN: Final = 4
IMAGE_TOKENS: Final = 85
"""A picture at low detail; what larger ones cost is not known from here."""


@dataclass(frozen=True, slots=True)
class InputTokens:
    """Tokens read, by kind, and how many of each came from the cache."""

    text: int = 0
    audio: int = 0
    image: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    cached_image: int = 0

    @property
    def total(self) -> int:
        """All tokens read; the cached ones are part of them."""
        return self.text + self.audio + self.image


@dataclass(frozen=True, slots=True)
class OutputTokens:
    """Tokens written, by kind."""

    text: int = 0
    audio: int = 0

    @property
    def total(self) -> int:
        """All tokens written."""
        return self.text + self.audio


@dataclass(frozen=True, slots=True)
class Counted:
    """One piece of what a response reads: the instructions with the tools, or an item."""

    key: str = field(repr=False)
    """What tells the piece from others; instructions are private, so they are not printed."""
    tokens: InputTokens


class Cache:
    """Remembers what the latest response of the conversation has read.

    As upstream's, it knows beginnings: it holds as much as the next response reads unchanged from the start.
    """

    def __init__(self) -> None:
        self._seen: Sequence[Counted] = ()

    def applied_to(self, read: Sequence[Counted]) -> InputTokens:
        """Return the sum of what is read, with the cached part filled in."""
        pairs = zip(read, self._seen, strict=False)
        known = [piece for piece, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        all_tokens, cached = total_of(read), total_of(known)
        return replace(all_tokens, cached_text=cached.text, cached_audio=cached.audio, cached_image=cached.image)

    def remember(self, read: Sequence[Counted]) -> None:
        """Take what a response has read as seen; its output is counted as input the next time only."""
        self._seen = read


class RateLimit:
    """The level of a token bucket that empties within a minute; it is reported and never enforced."""

    def __init__(self, *, tokens_per_minute: int, now: float) -> None:
        self._limit = tokens_per_minute
        self._used = 0.0
        self._at = now

    def spend(self, tokens: int, now: float) -> list[dict[str, Any]]:
        """Count tokens and return the entries of `rate_limits.updated`: `tokens` only, as live captures show."""
        recovered = (now - self._at) * self._limit / 60
        self._used = max(0.0, self._used - recovered) + tokens
        self._at = now
        return [
            {
                "name": "tokens",
                "limit": self._limit,
                "remaining": max(0, int(self._limit - self._used)),
                "reset_seconds": round(self._used * 60 / self._limit, 3),
            }
        ]


def text_tokens(characters: int) -> int:
    """Return the tokens of a text of so many characters."""
    return ceil(characters / CHARACTERS_PER_TOKEN)


def total_of(pieces: Iterable[Counted]) -> InputTokens:
    """Return the sum of what is read."""
    text = audio = image = 0
    for piece in pieces:
        text += piece.tokens.text
        audio += piece.tokens.audio
        image += piece.tokens.image
    return InputTokens(text=text, audio=audio, image=image)


def count_text(text: str) -> Counted:
    """Count what stands before the items: instructions and definitions of tools."""
    return Counted(text, InputTokens(text=text_tokens(len(text))))


def count_item(item: Item) -> Counted:
    """Count an item as a response reads it."""
    text = sum(text_tokens(len(words)) for words in (item.name, item.arguments, item.output) if words)
    audio = image = 0
    for part in item.parts:
        text += _part_text_tokens(part)
        audio += _part_audio_tokens(part)
        image += IMAGE_TOKENS if part.type is PartType.INPUT_IMAGE else 0
    return Counted(item.id, InputTokens(text=text, audio=audio, image=image))


def usage_to_wire(read: InputTokens, written: OutputTokens) -> dict[str, Any]:
    """Return `usage` of a response; the details of each side add up to that side."""
    return {
        "total_tokens": read.total + written.total,
        "input_tokens": read.total,
        "output_tokens": written.total,
        "input_token_details": {
            "text_tokens": read.text,
            "audio_tokens": read.audio,
            "image_tokens": read.image,
            "cached_tokens": read.cached_text + read.cached_audio + read.cached_image,
            "cached_tokens_details": {
                "text_tokens": read.cached_text,
                "audio_tokens": read.cached_audio,
                "image_tokens": read.cached_image,
            },
        },
        "output_token_details": {"text_tokens": written.text, "audio_tokens": written.audio},
    }


def transcription_usage(model: str, part: Part, transcript: str) -> dict[str, Any]:
    """Return `usage` of a finished transcription: seconds for the whisper models, tokens for all others."""
    if "whisper" in model:
        return {"type": "duration", "seconds": part.audio_ms / 1000}
    heard = part.audio_ms // USER_AUDIO_MS_PER_TOKEN
    written = text_tokens(len(transcript))
    return {
        "type": "tokens",
        "input_tokens": heard,
        "output_tokens": written,
        "total_tokens": heard + written,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
    }


def _part_text_tokens(part: Part) -> int:
    # The transcript of a user's speech is a note beside the audio; the model never reads it.
    if part.type is PartType.INPUT_AUDIO or part.text is None:
        return 0
    return text_tokens(len(part.text))


def _part_audio_tokens(part: Part) -> int:
    if part.type is PartType.INPUT_AUDIO:
        return part.audio_ms // USER_AUDIO_MS_PER_TOKEN
    return part.audio_ms // ASSISTANT_AUDIO_MS_PER_TOKEN
