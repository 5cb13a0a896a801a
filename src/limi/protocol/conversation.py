"""The ordered items of a session, and what a client may do to them.

Codes for unknown items are those that clients know: `item_retrieve_invalid_item_id` and its like for truncation
and deletion. The one for an unknown `previous_item_id` is formed like them.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from limi.protocol.errors import InvalidValueError, RefusedError
from limi.protocol.generation import ItemType
from limi.protocol.items import Item, Part, PartType
from limi.protocol.limits import Limits
from limi.protocol.outbox import Outbox

__all__ = ["ROOT", "Conversation", "duplicate_id"]

ROOT: Final = "root"
"""As `previous_item_id`: insert at the front."""


class Conversation:
    """Items in order; every change is announced to the client."""

    def __init__(self, *, conversation_id: str, outbox: Outbox, limits: Limits) -> None:
        self.id = conversation_id
        self._outbox = outbox
        self._limits = limits
        self._items: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._with_audio: deque[Item] = deque()
        self._audio_bytes = 0
        self._characters: dict[str, int] = {}
        """How long the texts and pictures of each complete item are."""
        self.has_spoken = False
        """Whether the assistant has spoken in it; from then on the voice is fixed."""

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __contains__(self, item: Item) -> bool:
        return self._by_id.get(item.id) is item

    @property
    def last_id(self) -> str | None:
        """Id of the newest item, or None when there is none."""
        return self._items[-1].id if self._items else None

    @property
    def has_room(self) -> bool:
        """Whether another item may be added."""
        return len(self._items) < self._limits.items

    def find(self, item_id: str) -> Item | None:
        """Return an item by its id, or None."""
        return self._by_id.get(item_id)

    def check_room(self) -> None:
        """Refuse to grow past the limit.

        Raises:
            RefusedError: The conversation is full.
        """
        if not self.has_room:
            message = f"The conversation is full: it holds at most {self._limits.items} items. Delete some first."
            raise RefusedError(code="conversation_full", message=message)

    def insert(self, item: Item, *, after: str | None) -> None:
        """Add a complete item on behalf of the client and announce it.

        Args:
            item: The item.
            after: Id of the item before it; None for the end, `root` for the front.

        Raises:
            InvalidValueError: The id is a word of the protocol.
            RefusedError: The id is taken, `after` is unknown, the call that the item answers is unknown, or the
                conversation is full.
        """
        self._check_id(item.id)
        self._check_answered_call(item)
        self._check_room_for(item)
        index = self._index_after(after)
        previous = self._items[index - 1].id if index else None
        self._items.insert(index, item)
        self._register(item)
        self.announce_added(item, previous)
        self.complete(item)

    def append(self, item: Item) -> str | None:
        """Add an item of the server's own at the end; return the id of the one before it."""
        previous = self.last_id
        self._items.append(item)
        self._register(item)
        return previous

    def announce_added(self, item: Item, previous: str | None) -> None:
        """Tell the client that an item is there; a null for `previous` means the front."""
        self._outbox.send("conversation.item.added", previous_item_id=previous, item=item.to_wire())

    def complete(self, item: Item) -> None:
        """Tell the client that an item is complete, and count what it holds."""
        previous = self._id_before(item)
        self._outbox.send("conversation.item.done", previous_item_id=previous, item=item.to_wire())
        self._characters[item.id] = item.characters
        self._keep_audio(item)

    def retrieve(self, item_id: str) -> None:
        """Send an item with its audio, as far as that fits into one frame.

        Raises:
            RefusedError: There is no such item.
        """
        item = self._required(item_id, "item_retrieve_invalid_item_id", "retrieving")
        limit = self._limits.retrieved_audio_bytes
        self._outbox.send("conversation.item.retrieved", item=item.to_wire(audio_limit=limit))

    def delete(self, item_id: str) -> None:
        """Remove an item.

        Raises:
            RefusedError: There is no such item.
        """
        item = self._required(item_id, "item_delete_invalid_item_id", "deleting")
        self._items.remove(item)
        del self._by_id[item_id]
        self._characters.pop(item_id, None)
        if item in self._with_audio:
            self._with_audio.remove(item)
            self._audio_bytes -= item.kept_audio_bytes
        self._outbox.send("conversation.item.deleted", item_id=item_id)

    def truncate(self, item_id: str, *, content_index: int, audio_end_ms: int) -> None:
        """Forget what the user has not heard of a reply.

        An item that is still being spoken may be truncated, and so may one at exactly its full length.

        Raises:
            RefusedError: There is no such item, it is no speech of the assistant, or it is shorter.
        """
        item = self._required(item_id, "item_truncate_invalid_item_id", "truncating")
        part = item.parts[content_index] if content_index < len(item.parts) else None
        if part is None or part.type is not PartType.OUTPUT_AUDIO or not part.audio_bytes:
            message = "Only model output audio messages can be truncated."
            raise RefusedError(code="unsupported_content_type", message=message, param="item_id")
        # A client that rounds the length up must not be told that its last millisecond is missing.
        if audio_end_ms > part.audio_ms + bool(part.audio_bytes % part.audio_format.bytes_per_ms):
            message = f"Audio content of {part.audio_ms}ms is already shorter than {audio_end_ms}ms"
            raise RefusedError(code="invalid_value", message=message, param="audio_end_ms")
        self._truncate(item, part, content_index, audio_end_ms)

    def truncate_to_played(self, item: Item, played_ms: int) -> None:
        """Forget what was cut off on the media track, where the server itself knows what was heard."""
        for index, part in enumerate(item.parts):
            if part.type is PartType.OUTPUT_AUDIO and item in self and played_ms < part.audio_ms:
                self._truncate(item, part, index, played_ms)

    def _keep_audio(self, item: Item) -> None:
        """Count an item's audio and forget the oldest audio beyond the limit."""
        if not item.kept_audio_bytes:
            return
        self._with_audio.append(item)
        self._audio_bytes += item.kept_audio_bytes
        while self._audio_bytes > self._limits.stored_audio_bytes and self._with_audio:
            oldest = self._with_audio.popleft()
            self._audio_bytes -= oldest.kept_audio_bytes
            for part in oldest.parts:
                part.audio = None

    def _truncate(self, item: Item, part: Part, content_index: int, audio_end_ms: int) -> None:
        held = item.kept_audio_bytes
        part.truncate(audio_end_ms)
        if item in self._with_audio:
            self._audio_bytes -= held - item.kept_audio_bytes
        self._outbox.send(
            "conversation.item.truncated",
            item_id=item.id,
            content_index=content_index,
            audio_end_ms=audio_end_ms,
        )

    def _register(self, item: Item) -> None:
        self._by_id[item.id] = item
        self.has_spoken = self.has_spoken or item.has_spoken_audio

    def _check_id(self, item_id: str) -> None:
        if item_id == ROOT:
            raise InvalidValueError("item.id", f"Invalid value for 'item.id': '{ROOT}' stands for the front.")
        if item_id in self._by_id:
            raise duplicate_id(item_id)

    def _check_answered_call(self, item: Item) -> None:
        """Refuse the output of a call that nobody made; code and message are those of the live service."""
        if item.type is not ItemType.FUNCTION_CALL_OUTPUT:
            return
        calls = (known.call_id for known in self._items if known.type is ItemType.FUNCTION_CALL)
        if item.call_id not in calls:
            message = f"Tool call ID '{item.call_id}' not found in conversation."
            raise RefusedError(code="invalid_tool_call_id", message=message)

    def _check_room_for(self, item: Item) -> None:
        self.check_room()
        if sum(self._characters.values()) + item.characters > self._limits.stored_characters:
            message = (
                f"The conversation is full: its texts and pictures hold at most {self._limits.stored_characters} "
                "characters. Delete some items first."
            )
            raise RefusedError(code="conversation_full", message=message)

    def _id_before(self, item: Item) -> str | None:
        # An item that is completed is nearly always among the last ones.
        index = len(self._items) - 1
        while self._items[index] is not item:
            index -= 1
        return self._items[index - 1].id if index else None

    def _index_after(self, after: str | None) -> int:
        if after is None:
            return len(self._items)
        if after == ROOT:
            return 0
        previous = self._by_id.get(after)
        if previous is None:
            message = f"Error adding item: the previous item '{after[:64]}' does not exist."
            raise RefusedError(
                code="item_create_invalid_previous_item_id", message=message, param="previous_item_id"
            )
        return self._items.index(previous) + 1

    def _required(self, item_id: str, code: str, doing: str) -> Item:
        item = self._by_id.get(item_id)
        if item is None:
            message = f"Error {doing} item: the item with id '{item_id[:64]}' does not exist."
            raise RefusedError(code=code, message=message, param="item_id")
        return item


def duplicate_id(item_id: str) -> RefusedError:
    """Return the error for an id that another item has."""
    message = f"Error adding item: an item with id '{item_id}' already exists."
    return RefusedError(code="item_create_duplicate_item_id", message=message, param="item.id")
