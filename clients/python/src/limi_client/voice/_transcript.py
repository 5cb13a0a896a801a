"""What both sides said, put together from the server's events; pure."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal

from limi_client.voice._events import TranscriptEntry

__all__ = ["Transcript"]

_MOST_ENTRIES: Final = 1000
"""An hour of quick turns has some hundreds; older ones are forgotten."""

_CARRIED_CHARACTERS: Final = 12_000
"""What a new session is told costs tokens at every answer, so only the latest words are carried over."""

Role = Literal["user", "assistant"]

_BEGINS: Final = frozenset({"conversation.item.added", "conversation.item.created"})
_GROWS: Final[Mapping[str, Role]] = {
    "conversation.item.input_audio_transcription.delta": "user",
    "response.output_audio_transcript.delta": "assistant",
    "response.output_text.delta": "assistant",
}
_FINISHES: Final[Mapping[str, tuple[Role, str]]] = {
    "conversation.item.input_audio_transcription.completed": ("user", "transcript"),
    "response.output_audio_transcript.done": ("assistant", "transcript"),
    "response.output_text.done": ("assistant", "text"),
}
"""Whose words an event completes, and which member has them."""


class Transcript:
    """The conversation's words in the order in which its turns began."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._entries: dict[str, TranscriptEntry] = {}

    @property
    def entries(self) -> tuple[TranscriptEntry, ...]:
        """All that was said and has words."""
        return tuple(entry for entry in self._entries.values() if entry.text)

    def take(self, event: Mapping[str, Any]) -> TranscriptEntry | None:
        """Take a server event and return the entry that it changed."""
        kind = str(event.get("type"))
        if kind in _BEGINS:
            self._begin(event.get("item"))
            return None
        identity = str(event.get("item_id", ""))
        if role := _GROWS.get(kind):
            return self._grow(identity, role, str(event.get("delta", "")))
        if finished := _FINISHES.get(kind):
            role, member = finished
            return self._finish(identity, role, str(event.get(member, "")))
        return None

    def settle(self) -> None:
        """Expect no more words for what was being said: its session is over."""
        for entry in self._entries.values():
            if not entry.final:
                self._entries[entry.id] = dataclasses.replace(entry, final=True)

    def history(self, most_entries: int) -> list[TranscriptEntry]:
        """Return what was said last, as a new session is told it."""
        chosen: list[TranscriptEntry] = []
        characters = 0
        for entry in reversed(self.entries):
            characters += len(entry.text)
            if len(chosen) == most_entries or characters > _CARRIED_CHARACTERS:
                break
            chosen.append(entry)
        return chosen[::-1]

    def say(self, identity: str, text: str) -> TranscriptEntry:
        """Add what the user typed."""
        return self._put(TranscriptEntry(identity, "user", text, final=True))

    def _begin(self, item: object) -> None:
        """Keep a place: what the user said is written down later than it was said."""
        if not isinstance(item, Mapping) or item.get("type") != "message":
            return
        identity, role = item.get("id"), item.get("role")
        if isinstance(identity, str) and role in {"user", "assistant"} and identity not in self._entries:
            self._put(TranscriptEntry(identity, "user" if role == "user" else "assistant", "", final=False))

    def _grow(self, identity: str, role: Role, more: str) -> TranscriptEntry | None:
        known = self._entries.get(identity)
        if known is not None and known.final:
            return None
        return self._put(TranscriptEntry(identity, role, (known.text if known else "") + more, final=False))

    def _finish(self, identity: str, role: Role, text: str) -> TranscriptEntry:
        return self._put(TranscriptEntry(identity, role, text.strip(), final=True))

    def _put(self, entry: TranscriptEntry) -> TranscriptEntry:
        self._entries[entry.id] = entry
        while len(self._entries) > _MOST_ENTRIES:
            del self._entries[next(iter(self._entries))]
        return entry
