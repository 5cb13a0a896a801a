"""What a media track does with the replies it is given.

Only transports with such a track have this: there the server knows what was heard, so it says when speech
begins and ends, and after a barge-in truncates the item by itself.
"""

from dataclasses import dataclass

from limi.protocol.conversation import Conversation
from limi.protocol.effects import ClearPlayback, PlayAudio
from limi.protocol.items import Item
from limi.protocol.outbox import Outbox

__all__ = ["Playback"]


@dataclass(slots=True)
class _Playing:
    item: Item
    """The newest item whose audio was handed to the track."""
    is_interrupted: bool = False


class Playback:
    """The responses whose audio the track still holds."""

    def __init__(self, *, conversation: Conversation, outbox: Outbox) -> None:
        self._conversation = conversation
        self._outbox = outbox
        self._playing: dict[str, _Playing] = {}

    @property
    def is_silent(self) -> bool:
        """Whether nothing waits to be heard."""
        return not self._playing

    def play(self, response_id: str, item: Item, audio: bytes) -> None:
        """Hand audio of an item to the track."""
        self._playing.setdefault(response_id, _Playing(item)).item = item
        self._outbox.do(PlayAudio(response_id, item.id, audio))

    def interrupt(self) -> None:
        """The user speaks: fall silent, and forget what was not heard."""
        for response_id, playing in self._playing.items():
            playing.is_interrupted = True
            self._outbox.do(ClearPlayback(response_id))

    def clear(self) -> None:
        """The client wants silence."""
        for response_id in self._playing:
            self._outbox.do(ClearPlayback(response_id))

    def started(self, response_id: str) -> None:
        """The first audio of a response leaves."""
        if response_id in self._playing:
            self._outbox.send("output_audio_buffer.started", response_id=response_id)

    def stopped(self, response_id: str) -> None:
        """The last audio of a response has left."""
        if self._playing.pop(response_id, None) is not None:
            self._outbox.send("output_audio_buffer.stopped", response_id=response_id)

    def cleared(self, response_id: str, played_ms: int) -> None:
        """The rest of a response's audio was thrown away."""
        playing = self._playing.pop(response_id, None)
        if playing is None:
            return
        self._outbox.send("output_audio_buffer.cleared", response_id=response_id)
        if playing.is_interrupted:
            self._conversation.truncate_to_played(playing.item, played_ms)
