"""One response, from `response.created` to `response.done`, in the order captured from the live service.

A response is a row of output items of which at most one is open. Opening and closing each say so in a fixed
sequence of events, and every ending (complete or not) closes what is open by the same sequence, so that no client
waits for an event that never comes.
"""

from typing import Any

from limi.protocol.conversation import Conversation
from limi.protocol.endings import Ending
from limi.protocol.generation import ItemType, Role
from limi.protocol.ids import IdKind, NewId
from limi.protocol.items import Item, ItemStatus, Part, PartType
from limi.protocol.outbox import Outbox
from limi.protocol.playback import Playback
from limi.protocol.response_request import ResponsePlan
from limi.protocol.session_config import Modality
from limi.protocol.usage import (
    ASSISTANT_AUDIO_MS_PER_TOKEN,
    CHARACTERS_PER_TOKEN,
    InputTokens,
    OutputTokens,
    text_tokens,
    usage_to_wire,
)

__all__ = ["Response"]


class Response:
    """A response in the making."""

    def __init__(
        self,
        *,
        plan: ResponsePlan,
        read: InputTokens,
        conversation: Conversation,
        outbox: Outbox,
        new_id: NewId,
        playback: Playback | None,
        now: float,
    ) -> None:
        self.id = new_id(IdKind.RESPONSE)
        self.request = plan.request
        self.first_audio_at = now
        self._read = read
        self._allowed_tokens = plan.output_tokens
        self._conversation = conversation
        self._outbox = outbox
        self._new_id = new_id
        self._playback = playback
        self._output: list[Item] = []
        self._open: Item | None = None
        self._said: list[str] = []
        """Deltas of what is open, joined for its `done` event whatever a truncation did to the item."""
        self._written_characters = 0
        self._written_audio_bytes = 0

    @property
    def audio_ms(self) -> int:
        """Length of everything spoken."""
        return self._written_audio_bytes // self.request.output_format.bytes_per_ms

    @property
    def written(self) -> OutputTokens:
        """Tokens generated so far."""
        return OutputTokens(
            text=text_tokens(self._written_characters), audio=self.audio_ms // ASSISTANT_AUDIO_MS_PER_TOKEN
        )

    @property
    def characters_left(self) -> int:
        """How much more text is allowed."""
        return max(
            0, (self._allowed_tokens - self.written.audio) * CHARACTERS_PER_TOKEN - self._written_characters
        )

    @property
    def audio_bytes_left(self) -> int:
        """How much more speech is allowed, in whole samples."""
        audio_format = self.request.output_format
        # A token begun is not counted until it is complete, so all of the next one but its last sample is allowed.
        tokens = self._allowed_tokens - text_tokens(self._written_characters) + 1
        most = tokens * ASSISTANT_AUDIO_MS_PER_TOKEN * audio_format.bytes_per_ms - audio_format.sample_bytes
        return max(0, most - self._written_audio_bytes)

    @property
    def total_tokens(self) -> int:
        """Tokens read and written so far."""
        return self._read.total + self.written.total

    def begin(self) -> None:
        """Announce the response."""
        self._outbox.send("response.created", response=self._to_wire("in_progress", None, usage=None))

    def add_text(self, text: str) -> None:
        """Add text, or the transcript of speech."""
        part = self._open_message()
        part.add_text(text)
        self._said.append(text)
        self._written_characters += len(text)
        spoken = part.type is PartType.OUTPUT_AUDIO
        event = "response.output_audio_transcript.delta" if spoken else "response.output_text.delta"
        self._outbox.send_delta(event, **self._part_ids(), delta=text)

    def add_audio(self, audio: bytes, now: float) -> None:
        """Add speech; it goes out as an event, or to the media track where there is one."""
        part = self._open_message()
        item = self._output[-1]
        if not self._written_audio_bytes:
            self.first_audio_at = now
        part.add_audio(audio)
        self._written_audio_bytes += len(audio)
        if not self.request.out_of_band:
            self._conversation.has_spoken = True
        if self._playback is not None:
            self._playback.play(self.id, item, audio)
        else:
            # The encoder writes bytes as base64, faster than the standard library makes a text of them.
            self._outbox.send_delta("response.output_audio.delta", **self._part_ids(), delta=audio)

    def start_call(self, name: str) -> None:
        """Open a function call; a message that was open is complete by that."""
        self._close_item(ItemStatus.COMPLETED)
        call = Item(
            id=self._new_id(IdKind.ITEM),
            type=ItemType.FUNCTION_CALL,
            name=name,
            call_id=self._new_id(IdKind.CALL),
            arguments="",
        )
        self._written_characters += len(name)
        self._open_item(call)

    def add_arguments(self, arguments: str) -> None:
        """Add to the arguments of the open call; without one there is nothing to add to."""
        call = self._open
        if call is None or call.type is not ItemType.FUNCTION_CALL:
            return
        call.arguments = (call.arguments or "") + arguments
        self._written_characters += len(arguments)
        self._outbox.send_delta(
            "response.function_call_arguments.delta",
            **self._item_ids(),
            call_id=call.call_id,
            delta=arguments,
        )

    def end_call(self) -> None:
        """Close the open call."""
        if self._open is not None and self._open.type is ItemType.FUNCTION_CALL:
            self._close_item(ItemStatus.COMPLETED)

    def end(self, ending: Ending) -> None:
        """Close what is open and announce the end; nothing may follow."""
        self._close_item(ending.item_status)
        usage = usage_to_wire(self._read, self.written)
        self._outbox.send("response.done", response=self._to_wire(ending.status, ending.details, usage=usage))

    def _open_message(self) -> Part:
        if self._open is not None and self._open.type is ItemType.MESSAGE:
            return self._open.parts[0]
        self._close_item(ItemStatus.COMPLETED)
        spoken = self.request.modality is Modality.AUDIO
        message = Item(id=self._new_id(IdKind.ITEM), type=ItemType.MESSAGE, role=Role.ASSISTANT)
        self._open_item(message)
        part = Part(
            type=PartType.OUTPUT_AUDIO if spoken else PartType.OUTPUT_TEXT,
            text="",
            audio_format=self.request.output_format,
        )
        message.parts.append(part)
        self._outbox.send("response.content_part.added", **self._part_ids(), part=_part_to_wire(part, ""))
        return part

    def _open_item(self, item: Item) -> None:
        item.status = ItemStatus.IN_PROGRESS
        self._open = item
        self._output.append(item)
        self._said = []
        self._outbox.send(
            "response.output_item.added",
            response_id=self.id,
            output_index=len(self._output) - 1,
            item=item.to_wire(),
        )
        if not self.request.out_of_band:
            previous = self._conversation.append(item)
            self._conversation.announce_added(item, previous)

    def _close_item(self, status: ItemStatus) -> None:
        item = self._open
        if item is None:
            return
        if item.type is ItemType.MESSAGE:
            self._close_part(item.parts[0])
        else:
            self._outbox.send(
                "response.function_call_arguments.done",
                **self._item_ids(),
                call_id=item.call_id,
                name=item.name,
                arguments=item.arguments,
            )
        item.status = status
        self._open = None
        # The client may have deleted the item meanwhile; then it has no place in the conversation to be done in.
        if item in self._conversation:
            self._conversation.complete(item)
        self._outbox.send(
            "response.output_item.done",
            response_id=self.id,
            output_index=len(self._output) - 1,
            item=item.to_wire(),
        )

    def _close_part(self, part: Part) -> None:
        said = "".join(self._said)
        ids = self._part_ids()
        if part.type is PartType.OUTPUT_AUDIO:
            self._outbox.send("response.output_audio.done", **ids)
            self._outbox.send("response.output_audio_transcript.done", **ids, transcript=said)
        else:
            self._outbox.send("response.output_text.done", **ids, text=said)
        self._outbox.send("response.content_part.done", **ids, part=_part_to_wire(part, said))

    def _item_ids(self) -> dict[str, Any]:
        index = len(self._output) - 1
        return {"response_id": self.id, "item_id": self._output[index].id, "output_index": index}

    def _part_ids(self) -> dict[str, Any]:
        return {**self._item_ids(), "content_index": 0}

    def _to_wire(
        self, status: str, details: dict[str, Any] | None, *, usage: dict[str, Any] | None
    ) -> dict[str, Any]:
        request = self.request
        limit = request.max_output_tokens
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item.to_wire() for item in self._output],
            "conversation_id": None if request.out_of_band else self._conversation.id,
            "output_modalities": [request.modality.value],
            "max_output_tokens": "inf" if limit is None else limit,
            "audio": {"output": {"format": request.output_format.to_wire(), "voice": request.voice}},
            "usage": usage,
            "metadata": request.metadata,
        }


def _part_to_wire(part: Part, said: str) -> dict[str, Any]:
    """Return a part in the vocabulary of `response.content_part.*`, which is not that of items."""
    if part.type is PartType.OUTPUT_AUDIO:
        return {"type": "audio", "transcript": said}
    return {"type": "text", "text": said}
