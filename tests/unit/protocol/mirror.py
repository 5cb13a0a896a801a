"""A client's picture of a session, made from the events alone, which refuses any event that does not fit into it.

The harness shows it every event of every test. What it asserts is therefore true of all of them: order and nesting
of a response's events, the place of every item, pieces that add up to the whole, and usage that adds up to them.
"""

from base64 import b64decode
from dataclasses import dataclass, field
from math import ceil
from typing import Any

_BYTES_PER_TOKEN = {"audio/pcm": 50 * 48, "audio/pcmu": 50 * 8, "audio/pcma": 50 * 8}
_REASONS = {
    "cancelled": {"turn_detected", "client_cancelled"},
    "incomplete": {"max_output_tokens", "content_filter"},
}


@dataclass
class _OpenItem:
    id: str
    type: str
    is_announced: bool = False
    is_done: bool = False
    has_part: bool = False
    part_is_closed: bool = False
    text: str = ""


@dataclass
class _Response:
    in_conversation: bool
    audio_format: str
    modality: str
    open: _OpenItem | None = None
    finished: list[dict[str, Any]] = field(default_factory=list)
    characters: int = 0
    audio_bytes: int = 0


class Mirror:
    """What a client knows."""

    def __init__(self, *, has_media_track: bool) -> None:
        self.items: list[str] = []
        """The conversation in order."""
        self.running: dict[str, _Response] = {}
        """Responses that were created and are not done."""
        self.deleted: set[str] = set()
        self._has_media_track = has_media_track
        self._seen_events: set[str] = set()
        self._seen_responses: set[str] = set()
        self._playing: set[str] = set()
        self._turn: str | None = None
        self._owes_rate_limits = False
        self._voice: str | None = None
        self._has_heard = False

    @property
    def in_conversation(self) -> list[str]:
        """Responses that run in the conversation."""
        return [name for name, response in self.running.items() if response.in_conversation]

    def follow(self, event: dict[str, Any]) -> None:
        """Take an event into the picture."""
        assert event["event_id"] not in self._seen_events, "no two events share an id"
        self._seen_events.add(event["event_id"])
        kind: str = event["type"]
        assert self._owes_rate_limits == (kind == "rate_limits.updated"), (
            "it follows response.done and nothing else"
        )
        self._owes_rate_limits = kind == "response.done"
        if kind.startswith("response."):
            self._follow_response(kind, event)
        elif kind.startswith("conversation.item."):
            self._follow_item(kind.removeprefix("conversation.item."), event)
        elif kind.startswith("input_audio_buffer."):
            self._follow_input(kind.removeprefix("input_audio_buffer."), event)
        elif kind.startswith("output_audio_buffer."):
            self._follow_output(kind.removeprefix("output_audio_buffer."), event)
        elif kind in {"session.created", "session.updated"} and event["session"]["type"] == "realtime":
            self._follow_voice(event["session"]["audio"]["output"]["voice"])

    def _follow_voice(self, voice: str) -> None:
        assert not self._has_heard or voice == self._voice, "the voice is fixed once it was heard"
        self._voice = voice

    def _follow_item(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "added":
            self._add(event["item"]["id"], event["previous_item_id"])
        elif kind == "done":
            index = self.items.index(event["item"]["id"])
            assert event["previous_item_id"] == (self.items[index - 1] if index else None)
            assert event["item"].get("status") != "in_progress"
            for response in self.running.values():
                if response.open is not None and response.open.id == event["item"]["id"]:
                    assert response.open.part_is_closed
                    response.open.is_done = True
        elif kind == "deleted":
            self.items.remove(event["item_id"])
            self.deleted.add(event["item_id"])
        else:
            assert event.get("item_id", event.get("item", {}).get("id")) in self.items

    def _add(self, item_id: str, previous: str | None) -> None:
        assert item_id not in self.items
        self.items.insert(0 if previous is None else self.items.index(previous) + 1, item_id)
        for response in self.running.values():
            if response.open is not None and response.open.id == item_id:
                response.open.is_announced = True

    def _follow_input(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "speech_started":
            self._turn = event["item_id"]
        elif kind == "speech_stopped":
            assert event["item_id"] == self._turn, "a turn ends as it began"
        elif kind == "timeout_triggered":
            assert event["audio_start_ms"] <= event["audio_end_ms"]
        elif kind == "committed":
            assert event["item_id"] not in self.items
            assert event["previous_item_id"] == (self.items[-1] if self.items else None)

    def _follow_output(self, kind: str, event: dict[str, Any]) -> None:
        assert self._has_media_track, "a plain socket has no output buffer"
        assert event["response_id"] in self._seen_responses
        if kind == "started":
            self._playing.add(event["response_id"])

    def _follow_response(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "response.created":
            self._create(event["response"])
            return
        if kind == "response.done":
            self._finish(event["response"])
            return
        response = self.running[event["response_id"]]
        assert event["output_index"] == len(response.finished)
        if kind == "response.output_item.added":
            assert response.open is None, "one item is open at a time"
            assert event["item"]["status"] == "in_progress"
            response.open = _OpenItem(event["item"]["id"], event["item"]["type"])
            response.characters += len(event["item"].get("name", ""))
            return
        item = response.open
        assert item is not None
        assert event.get("item_id", item.id) == item.id
        assert event.get("content_index", 0) == 0
        assert not response.in_conversation or item.is_announced, "first the item is in the conversation"
        if kind == "response.output_item.done":
            self._close(response, item, event["item"])
        else:
            self._follow_content(kind.removeprefix("response."), response, item, event)

    def _create(self, response: dict[str, Any]) -> None:
        assert response["id"] not in self._seen_responses
        assert (response["status"], response["output"], response["usage"]) == ("in_progress", [], None)
        self._seen_responses.add(response["id"])
        self.running[response["id"]] = _Response(
            in_conversation=response["conversation_id"] is not None,
            audio_format=response["audio"]["output"]["format"]["type"],
            modality=response["output_modalities"][0],
        )
        assert len(self.in_conversation) <= 1, "one response runs in the conversation"

    def _follow_content(self, kind: str, response: _Response, item: _OpenItem, event: dict[str, Any]) -> None:
        if kind == "content_part.added":
            assert (item.type, item.has_part) == ("message", False)
            item.has_part = True
            return
        is_call = kind.startswith("function_call_arguments.")
        assert item.has_part != is_call
        assert not item.part_is_closed, "nothing comes after the end"
        said = event.get("text", event.get("transcript", event.get("arguments")))
        if kind == "content_part.done":
            said = event["part"].get("text", event["part"].get("transcript"))
            item.part_is_closed = True
        if kind == "output_audio.delta":
            assert not self._has_media_track
            response.audio_bytes += len(b64decode(event["delta"]))
            self._has_heard = self._has_heard or response.in_conversation
        elif kind.endswith(".delta"):
            assert kind.startswith("output_text") == (response.modality == "text" and not is_call)
            item.text += event["delta"]
            response.characters += len(event["delta"])
        elif said is not None:
            assert said == item.text, "the whole is its pieces"
            item.part_is_closed = item.part_is_closed or is_call

    def _close(self, response: _Response, item: _OpenItem, shown: dict[str, Any]) -> None:
        assert (shown["id"], shown["type"]) == (item.id, item.type)
        assert item.part_is_closed
        assert shown["status"] in {"completed", "incomplete"}
        assert item.is_done or not response.in_conversation or item.id in self.deleted
        response.finished.append(shown)
        response.open = None

    def _finish(self, shown: dict[str, Any]) -> None:
        response = self.running.pop(shown["id"])
        assert response.open is None, "everything that was opened is closed"
        assert [(item["id"], item["status"]) for item in shown["output"]] == [
            (item["id"], item["status"]) for item in response.finished
        ]
        assert all(item["status"] == "completed" for item in shown["output"][:-1]), "only the last may be cut off"
        if shown["status"] == "completed":
            assert shown["status_details"] is None
            assert all(item["status"] == "completed" for item in shown["output"])
        else:
            assert shown["status_details"]["type"] == shown["status"]
            assert shown["status_details"].get("reason") in _REASONS.get(shown["status"], {None})
        self._check_usage(shown, response)

    def _check_usage(self, shown: dict[str, Any], response: _Response) -> None:
        written = shown["usage"]["output_token_details"]
        assert written["text_tokens"] == ceil(response.characters / 4)
        if not self._has_media_track:
            assert written["audio_tokens"] == response.audio_bytes // _BYTES_PER_TOKEN[response.audio_format]
        if shown["max_output_tokens"] != "inf":
            assert shown["usage"]["output_tokens"] <= shown["max_output_tokens"]
