"""The items a conversation is made of, and how they look to the client and to a generator.

Two vocabularies exist upstream: items hold `output_text` and `output_audio`, while the parts in
`response.content_part.*` are called `text` and `audio`. Strict readers refuse one in the place of the other.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.encoded import Picture
from limi.protocol.generation import ContextItem, ItemType, Role
from limi.protocol.wire import encode

__all__ = ["Item", "ItemStatus", "Part", "PartType"]


class ItemStatus(StrEnum):
    """How far an item has come."""

    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    IN_PROGRESS = "in_progress"


class PartType(StrEnum):
    """What a part of a message is."""

    INPUT_TEXT = "input_text"
    INPUT_AUDIO = "input_audio"
    INPUT_IMAGE = "input_image"
    OUTPUT_TEXT = "output_text"
    OUTPUT_AUDIO = "output_audio"


@dataclass(slots=True, kw_only=True, eq=False)
class Part:
    """One part of a message's content; it grows while it is generated."""

    type: PartType
    text: str | None = None
    """The text or the transcript; None while a user's speech is not written down."""
    audio: bytes | bytearray | None = None
    """Bytes where it is complete, so that contexts share one copy; a reply grows. None also once a long session
    had to forget it."""
    audio_bytes: int = 0
    """Length of the speech, whether or not `audio` is still there."""
    audio_format: AudioFormat = AudioFormat.PCM16
    picture: Picture | None = None
    detail: str | None = None
    is_truncated: bool = False
    """The client said how much was heard: nothing is added any more."""

    @property
    def audio_ms(self) -> int:
        """Length of the speech in whole milliseconds."""
        return self.audio_bytes // self.audio_format.bytes_per_ms

    def add_text(self, text: str) -> None:
        """Append generated text, unless the part is truncated."""
        if not self.is_truncated:
            self.text = (self.text or "") + text

    def add_audio(self, audio: bytes) -> None:
        """Append generated speech, unless the part is truncated."""
        if self.is_truncated:
            return
        if self.audio is None:
            self.audio = bytearray()
        self.audio += audio
        self.audio_bytes += len(audio)

    def truncate(self, audio_end_ms: int) -> None:
        """Drop what lies behind `audio_end_ms`: the audio, and the same share of the transcript in whole words."""
        self.is_truncated = True
        kept = audio_end_ms * self.audio_format.bytes_per_ms
        if kept >= self.audio_bytes:
            return
        self.text = _leading_words(self.text or "", kept / self.audio_bytes)
        self.audio_bytes = kept
        if self.audio is not None:
            self.audio = self.audio[:kept]

    def to_wire(self, *, audio_limit: int = 0) -> dict[str, Any]:
        """Return the part as it stands in an item.

        Args:
            audio_limit: Include speech of up to so many bytes; longer speech is left out.
        """
        wire: dict[str, Any] = {"type": self.type.value}
        match self.type:
            case PartType.INPUT_TEXT | PartType.OUTPUT_TEXT:
                wire["text"] = self.text or ""
            case PartType.INPUT_IMAGE:
                wire["image_url"] = None if self.picture is None else self.picture.json
                if self.detail is not None:
                    wire["detail"] = self.detail
            case PartType.INPUT_AUDIO:
                # The key must be there, null or not: agents-js breaks for good on user audio without it.
                wire["transcript"] = self.text
            case PartType.OUTPUT_AUDIO:
                wire["transcript"] = self.text or ""
        if self.audio is not None and 0 < len(self.audio) <= audio_limit:
            # The encoder writes bytes as base64, faster than the standard library makes a text of them.
            wire["audio"] = self.audio
        return wire


@dataclass(slots=True, kw_only=True, eq=False)
class Item:
    """One item; members that its type does not have stay None or empty."""

    id: str
    type: ItemType
    status: ItemStatus = ItemStatus.COMPLETED
    role: Role | None = None
    parts: list[Part] = field(default_factory=list)
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: str | None = None
    is_forgotten: bool = False
    """It no longer fits into the model's context; responses do not read it."""
    foreign: dict[str, Any] | None = None
    """The members of an MCP item, which is kept as the client sent it."""

    @property
    def has_spoken_audio(self) -> bool:
        """Whether the assistant speaks in it."""
        return any(part.type is PartType.OUTPUT_AUDIO and part.audio_bytes for part in self.parts)

    @property
    def kept_audio_bytes(self) -> int:
        """Bytes of audio the item still holds."""
        return sum(len(part.audio) for part in self.parts if part.audio is not None)

    @property
    def characters(self) -> int:
        """Length of the item's texts and pictures."""
        texts = [self.name, self.arguments, self.output]
        texts += [part.text for part in self.parts]
        foreign = 0 if self.foreign is None else len(encode(self.foreign))
        pictures = sum(len(part.picture) for part in self.parts if part.picture is not None)
        return foreign + pictures + sum(len(text) for text in texts if text)

    def to_wire(self, *, audio_limit: int = 0) -> dict[str, Any]:
        """Return the item as the client sees it; members of other types are left out, for SDKs refuse null."""
        if self.foreign is not None:
            return {"id": self.id, "type": self.type.value, **self.foreign}
        wire: dict[str, Any] = {"id": self.id, "type": self.type.value, "status": self.status.value}
        match self.type:
            case ItemType.FUNCTION_CALL:
                wire |= {"name": self.name, "call_id": self.call_id, "arguments": self.arguments}
            case ItemType.FUNCTION_CALL_OUTPUT:
                wire |= {"call_id": self.call_id, "output": self.output}
            case _ if self.role is not None:
                content = [part.to_wire(audio_limit=audio_limit) for part in self.parts]
                wire |= {"role": self.role.value, "content": content}
        return wire

    def to_context(self) -> ContextItem:
        """Return the item as a generator sees it at this moment."""
        heard = [part for part in self.parts if part.type is PartType.INPUT_AUDIO]
        kept = [part.audio for part in heard if part.audio is not None]
        return ContextItem(
            id=self.id,
            type=self.type,
            role=self.role,
            text="\n".join(part.text for part in self.parts if part.text),
            audio=b"".join(kept) if kept else None,
            audio_format=heard[0].audio_format if heard else None,
            audio_ms=sum(part.audio_ms for part in self.parts),
            name=self.name,
            call_id=self.call_id,
            arguments=self.arguments,
            output=self.output,
        )


def _leading_words(text: str, share: float) -> str:
    """Return whole words from the start of a text, at most the given share of its characters."""
    room = int(len(text) * share)
    if room >= len(text) or text[room].isspace():
        return text[:room].rstrip()
    words, _, _ = text[:room].rpartition(" ")
    return words.rstrip()
