"""Attaching transcripts to what the user said, whenever they arrive: clients may not rely on their position."""

from limi.protocol.conversation import Conversation
from limi.protocol.items import Part, PartType
from limi.protocol.outbox import Outbox
from limi.protocol.usage import transcription_usage

__all__ = ["Transcripts"]

_EVENT = "conversation.item.input_audio_transcription"


class Transcripts:
    """Reports of the recogniser, turned into events; those on items that are gone are ignored."""

    def __init__(self, *, conversation: Conversation, outbox: Outbox) -> None:
        self._conversation = conversation
        self._outbox = outbox

    def add(self, item_id: str, delta: str) -> None:
        """A piece of a transcript."""
        if self._spoken_part(item_id) is not None:
            self._outbox.send(f"{_EVENT}.delta", item_id=item_id, content_index=0, delta=delta)

    def finish(self, item_id: str, transcript: str, model: str | None) -> None:
        """The whole transcript; the model decides how its cost is told."""
        part = self._spoken_part(item_id)
        if part is None:
            return
        part.text = transcript
        self._outbox.send(
            f"{_EVENT}.completed",
            item_id=item_id,
            content_index=0,
            transcript=transcript,
            usage=transcription_usage(model, part, transcript),
        )

    def fail(self, item_id: str, code: str, message: str) -> None:
        """There will be no transcript. `param` is left out, because agents-js refuses it as null."""
        if self._spoken_part(item_id) is not None:
            error = {"type": "transcription_error", "code": code, "message": message}
            self._outbox.send(f"{_EVENT}.failed", item_id=item_id, content_index=0, error=error)

    def _spoken_part(self, item_id: str) -> Part | None:
        item = self._conversation.find(item_id)
        if item is None or not item.parts or item.parts[0].type is not PartType.INPUT_AUDIO:
            return None
        return item.parts[0]
