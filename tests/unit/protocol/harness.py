"""Drives a session as a transport would, and checks everything it sends the way the strictest SDKs do."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from agents.realtime.openai_realtime import get_server_event_type_adapter
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from limi.protocol import (
    Effect,
    Generate,
    IdKind,
    Limits,
    NewId,
    RealtimeSession,
    ServerVAD,
    SessionConfig,
    Transport,
    default_config,
)
from tests.unit.protocol.mirror import Mirror

P = ParamSpec("P")
E = TypeVar("E", bound=Effect)

_EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
_PART_TYPES = {
    "user": {"input_text", "input_audio", "input_image"},
    "system": {"input_text"},
    "assistant": {"output_text", "output_audio"},
}

CLIENT_EVENTS: list[dict[str, Any]] = [
    {"type": "session.update", "session": {"type": "realtime"}},
    {"type": "input_audio_buffer.append", "audio": ""},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "conversation.item.create", "item": {}},
    {"type": "conversation.item.retrieve", "item_id": "i"},
    {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 0},
    {"type": "conversation.item.delete", "item_id": "i"},
    {"type": "response.create"},
    {"type": "response.cancel"},
    {"type": "output_audio_buffer.clear"},
]
"""Every event a client may send, with what it must hold."""

SILENCE_100_MS = b"\0" * 4800


def counting_ids() -> NewId:
    """Return ids that can be told apart and repeat from run to run."""
    counts = dict.fromkeys(IdKind, 0)

    def new_id(kind: IdKind) -> str:
        counts[kind] += 1
        return f"{kind}{counts[kind]:0{16 if kind is IdKind.CALL else 21}d}"

    return new_id


def manual_config(**changes: Any) -> SessionConfig:
    """Return a configuration without turn detection."""
    return replace(default_config(model="gpt-realtime"), **({"turn_detection": None} | changes))


def vad_config(**changes: Any) -> SessionConfig:
    """Return a configuration with server VAD, the named settings of it changed."""
    return replace(default_config(model="gpt-realtime"), turn_detection=ServerVAD(**changes))


def pcm(milliseconds: int) -> bytes:
    """Return silence of a length in session format."""
    return b"\0" * (48 * milliseconds)


def text_of(audio: bytes) -> str:
    """Return audio the way events carry it."""
    return b64encode(audio).decode()


class Harness:
    """A session, its clock, and everything it has said and wanted so far."""

    def __init__(
        self,
        config: SessionConfig | None = None,
        *,
        transport: Transport = Transport.WEBSOCKET,
        limits: Limits | None = None,
    ) -> None:
        self.now = 0.0
        self.session = RealtimeSession(
            config=config or manual_config(),
            new_id=counting_ids(),
            now=self.now,
            unix_time=1_800_000_000.25,
            transport=transport,
            limits=limits,
        )
        self.events: list[dict[str, Any]] = []
        self.mirror = Mirror(has_media_track=transport is Transport.WEBRTC)
        self.effects: list[Effect] = []
        self.greeting = self._collect()

    def client(self, event_type: str, **members: Any) -> list[dict[str, Any]]:
        """Send an event of the client; return what the session says to it."""
        return self.frame(json.dumps({"type": event_type, **members}))

    def frame(self, frame: str) -> list[dict[str, Any]]:
        """Send a text frame."""
        self.session.receive_text(frame, self.now)
        return self._collect()

    def report(self, method: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> list[dict[str, Any]]:
        """Call an input method of the session; return what it says to that."""
        method(*args, **kwargs)
        return self._collect()

    def speak(self, milliseconds: int) -> list[dict[str, Any]]:
        """Append silence of a length, in pieces of 100 ms as clients do."""
        said = []
        for _ in range(milliseconds // 100):
            said += self.client("input_audio_buffer.append", audio=text_of(SILENCE_100_MS))
        return said

    def user_says(self, text: str, **members: Any) -> list[dict[str, Any]]:
        """Add a typed message of the user."""
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        return self.client("conversation.item.create", item=item | members)

    def start_response(self, **response: Any) -> Generate:
        """Ask for a response; return what the generator is asked."""
        events = self.client("response.create", response=response)
        assert events[0]["type"] == "response.created", events
        return self.last(Generate)

    def speech(self, response_id: str, text: str, milliseconds: int) -> list[dict[str, Any]]:
        """Let the generator say something."""
        self.session.text_delta(response_id, text, self.now)
        self.session.audio_chunk(response_id, pcm(milliseconds), self.now)
        return self._collect()

    def spoken_turn(self, text: str = "Good morning to you", milliseconds: int = 1000) -> str:
        """Run a whole spoken response; return the id of its item."""
        response_id = self.start_response().response_id
        self.speech(response_id, text, milliseconds)
        done = self.report(self.session.finish, response_id, self.now)
        return str(
            next(event for event in done if event["type"] == "response.done")["response"]["output"][0]["id"]
        )

    def last(self, kind: type[E]) -> E:
        """Return the newest effect of a kind."""
        return next(effect for effect in reversed(self.effects) if isinstance(effect, kind))

    def effects_of(self, kind: type[E]) -> list[E]:
        """Return all effects of a kind so far."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def _collect(self) -> list[dict[str, Any]]:
        said = [checked_event(raw) for raw in self.session.events_to_send()]
        for event in said:
            self.mirror.follow(event)
        self.events += said
        self.effects += self.session.effects()
        return said


def types(events: list[dict[str, Any]]) -> list[str]:
    """Return the types of events, in order."""
    return [event["type"] for event in events]


def only_error(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the error of what must be a single `error` event."""
    assert types(events) == ["error"], events
    error: dict[str, Any] = events[0]["error"]
    return error


def checked_event(raw: bytes) -> dict[str, Any]:
    """Decode an event and hold it against openai-python's types and agents-js' stricter rules."""
    event: dict[str, Any] = json.loads(raw)
    model = _EVENTS.validate_json(raw, strict=True)
    assert model.type == event["type"]
    _check_as_agents_does(event)
    assert isinstance(event["event_id"], str)
    assert not event["type"].endswith(".delta") or isinstance(event["obfuscation"], str)
    if event["type"] == "error":
        assert all(isinstance(event["error"][name], str) for name in ("type", "code", "message"))
    if event["type"].endswith("input_audio_transcription.failed"):
        assert None not in event["error"].values(), "agents-js refuses null here"
    for name in ("item", "response", "part"):
        if name in event:
            {"item": _check_item, "response": _check_response, "part": _check_part}[name](event[name])
    for name, value in event.items():
        if name.endswith("_ms"):
            assert type(value) is int, (name, value)
    if event["type"].endswith("input_audio_transcription.completed"):
        assert event["usage"] is not None
    if event["type"].endswith("function_call_arguments.done"):
        assert isinstance(event["name"], str)
        assert isinstance(event["arguments"], str)
    return event


def _check_as_agents_does(event: dict[str, Any]) -> None:
    """Read the event with the reader of openai-agents, which rewrites nulls of one member before."""
    if event["type"] in {"response.output_item.added", "response.output_item.done"}:
        item = event["item"]
        # These are read leniently as far as messages go, but a call needs its names.
        assert item["status"] in {"in_progress", "completed", "incomplete"}
    seen = event if event.get("previous_item_id", "") is not None else event | {"previous_item_id": ""}
    get_server_event_type_adapter().validate_python(seen)


def _check_item(item: dict[str, Any]) -> None:
    for name in ("id", "type", "status", "role", "name", "call_id", "arguments"):
        assert name not in item or isinstance(item[name], str), item
    if item["type"] == "message":
        for part in item["content"]:
            assert part["type"] in _PART_TYPES[item["role"]], item
            if part["type"].endswith("_text"):
                assert isinstance(part["text"], str)
            if part["type"] == "input_audio":
                assert "transcript" in part
    if item["type"] == "function_call":
        assert {"id", "name", "arguments", "call_id"} <= item.keys()
    if item["type"] == "mcp_call":
        assert "output" in item


def _check_part(part: dict[str, Any]) -> None:
    assert part["type"] in {"text", "audio"}


def _check_response(response: dict[str, Any]) -> None:
    assert isinstance(response["audio"]["output"]["voice"], str)
    for item in response["output"]:
        _check_item(item)
    if (usage := response["usage"]) is not None:
        check_usage(usage)


def check_usage(usage: dict[str, Any]) -> None:
    """Assert that the numbers of a usage add up."""
    read, written = usage["input_token_details"], usage["output_token_details"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens"] == read["text_tokens"] + read["audio_tokens"] + read["image_tokens"]
    assert usage["output_tokens"] == written["text_tokens"] + written["audio_tokens"]
    assert read["cached_tokens"] == sum(read["cached_tokens_details"].values())
    assert all(read["cached_tokens_details"][kind] <= read[kind] for kind in read["cached_tokens_details"])
