"""Attaching transcripts to what the user said, whenever they arrive: clients may not rely on their position."""

import re
from typing import Any, Final

from limi.protocol.conversation import Conversation
from limi.protocol.ids import IdKind, NewId
from limi.protocol.items import Part, PartType
from limi.protocol.outbox import Outbox
from limi.protocol.session_config import SessionConfig
from limi.protocol.usage import transcription_usage

__all__ = ["Transcripts"]

_EVENT: Final = "conversation.item.input_audio_transcription"
_LOGPROBS: Final = "item.input_audio_transcription.logprobs"
_WORD: Final = re.compile(r"\s*\S+")
"""A token is a word with the space before it, so that those of the deltas are those of the whole."""


class Transcripts:
    """Reports of the recogniser, turned into events; those on items that are gone are ignored."""

    def __init__(self, *, conversation: Conversation, outbox: Outbox, new_id: NewId) -> None:
        self._conversation = conversation
        self._outbox = outbox
        self._new_id = new_id

    def add(self, item_id: str, delta: str, config: SessionConfig) -> None:
        """A piece of a transcript."""
        if self._spoken_part(item_id) is None:
            return
        members = {"item_id": item_id, "content_index": 0, "delta": delta}
        self._outbox.send_delta(f"{_EVENT}.delta", **members, **_logprobs(delta, config))

    def finish(self, item_id: str, transcript: str, config: SessionConfig) -> None:
        """The whole transcript; the model decides how its cost is told, and whether speakers are told apart."""
        part = self._spoken_part(item_id)
        if part is None:
            return
        part.text = transcript
        model = (config.transcription and config.transcription.model) or ""
        if "diarize" in model:
            self._send_segment(item_id, transcript, part)
        self._outbox.send(
            f"{_EVENT}.completed",
            item_id=item_id,
            content_index=0,
            transcript=transcript,
            usage=transcription_usage(model, part, transcript),
            **_logprobs(transcript, config),
        )

    def fail(self, item_id: str, code: str, message: str) -> None:
        """There will be no transcript. `param` is left out, because agents-js refuses it as null."""
        if self._spoken_part(item_id) is not None:
            error = {"type": "transcription_error", "code": code, "message": message}
            self._outbox.send(f"{_EVENT}.failed", item_id=item_id, content_index=0, error=error)

    def _send_segment(self, item_id: str, transcript: str, part: Part) -> None:
        # A session knows one speaker, so the whole turn is one segment.
        self._outbox.send(
            f"{_EVENT}.segment",
            item_id=item_id,
            content_index=0,
            id=self._new_id(IdKind.SEGMENT),
            text=transcript,
            speaker="A",
            start=0.0,
            end=part.audio_ms / 1000,
        )

    def _spoken_part(self, item_id: str) -> Part | None:
        item = self._conversation.find(item_id)
        if item is None or not item.parts or item.parts[0].type is not PartType.INPUT_AUDIO:
            return None
        return item.parts[0]


def _logprobs(text: str, config: SessionConfig) -> dict[str, Any]:
    """Return `logprobs` where the client asked for them.

    The recogniser behind a session tells words and no likelihoods, so every word is given as certain.
    """
    if _LOGPROBS not in (config.include or ()):
        return {}
    words = _WORD.findall(text)
    return {"logprobs": [{"token": word, "logprob": 0.0, "bytes": list(word.encode())} for word in words]}
