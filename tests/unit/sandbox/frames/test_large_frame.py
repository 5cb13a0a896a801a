"""Large frames: read as small ones are, and without holding anybody up."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from limi.protocol import Limits, RealtimeSession, default_config, ids_from_hex
from limi.protocol.encoded import Picture, Sound
from limi.protocol.errors import ProtocolError
from limi.sandbox.config import SandboxConfig
from limi.sandbox.frames.large_frame import LARGE_CHARACTERS, read_large_frame
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from tests.unit.sandbox.holds import LONGEST_HOLD_SECONDS, ROUNDS, longest_hold

_LARGEST = 15 * 2**20


def _item(*parts: dict[str, Any], role: str = "user", **more: Any) -> dict[str, Any]:
    item = {"type": "message", "role": role, "content": list(parts)}
    return {"type": "conversation.item.create", "item": item, **more}


def _sound(audio: bytes, kind: str = "input_audio") -> dict[str, Any]:
    return {"type": kind, "audio": base64.b64encode(audio).decode()}


def _picture(size: int, kind: str = "image/png") -> dict[str, Any]:
    return {"type": "input_image", "image_url": f"data:{kind};base64,{base64.b64encode(bytes(size)).decode()}"}


async def _read(event: object, **how: Any) -> dict[str, Any]:
    return await read_large_frame(event if isinstance(event, str) else json.dumps(event, **how))


@pytest.mark.parametrize("size", [0, 100, 12_285, 12_288, 100_001, 1_000_000])
async def test_sound_of_items_is_decoded(size: int) -> None:
    audio = bytes(i % 251 for i in range(size))
    event = await _read(_item(_sound(audio), {"type": "input_text", "text": "Hi"}, _sound(audio[::-1])))
    first, second, third = event["item"]["content"]
    encoded = [base64.b64encode(sound).decode() for sound in (audio, audio[::-1])]
    assert first["audio"] in (Sound(audio), encoded[0])
    assert second == {"type": "input_text", "text": "Hi"}
    assert third["audio"] in (Sound(audio[::-1]), encoded[1])
    if size > 12_288:
        assert isinstance(first["audio"], Sound)
        assert isinstance(third["audio"], Sound)


async def test_sound_and_pictures_in_the_input_of_a_response_are_decoded_too() -> None:
    items = [_item(_sound(bytes(50_000)))["item"], _item(_picture(50_000, "image/jpeg"))["item"]]
    event = await _read({"type": "response.create", "response": {"input": items}})
    first, second = (item["content"][0] for item in event["response"]["input"])
    assert first["audio"] == Sound(bytes(50_000))
    assert second["image_url"] == Picture(json.dumps(_picture(50_000, "image/jpeg")["image_url"]).encode())


@pytest.mark.parametrize(
    "event",
    [
        {"a": "x" * 20_000},
        {"a": ["x" * 20_000, {"audio": "y" * 20_000, "image_url": "z" * 30_000}], "b": "1"},
        {"item": "x" * 20_000, "response": {"input": 7}, "audio": 1},
        {"item": {"content": "x" * 20_000}, "response": {"input": ["y" * 20_000]}},
        {"item": {"content": ["x" * 20_000, {"text": "y" * 20_000}]}},
        {"a": 'with "quotes" ' * 5_000},
        {"a": "\\" * 50_000},
        {"a": '"' * 20_001},
        {"a": ",:]}" * 20_000, "b": '{"a":[1,2]},' * 5_000},
        {"a": "日本" * 30_000, "ü" * 20_000: "ö"},
        {"a": ["\x1a", "\x1a9", "\x1ax"], "b": "x" * 20_000},
        {"a": list(range(5_000)), "b": "x" * 20_000, "c": [1.5] * 5_000},
        {"a": " " * 9_000 + "x" * 20_000},
    ],
)
@pytest.mark.parametrize("how", [{}, {"ensure_ascii": False}, {"indent": 40}])
async def test_everything_else_is_what_it_would_be(event: dict[str, Any], how: dict[str, Any]) -> None:
    assert await _read(event, **how) == event


@pytest.mark.parametrize("size", [10, 2_000, 5_000, 20_000, 60_000])
async def test_space_between_texts_is_no_text(size: int) -> None:
    space = " " * size
    frame = f'{space}{{{space}"a"{space}:{space}"b"{space},{space}"c"{space}:{space}"{space}x"{space}}}{space}'
    assert await read_large_frame(frame) == {"a": "b", "c": f"{space}x"}


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        '"' + "x" * 100_000 + '"',
        '{"a": "' + "x" * 100_000,
        '{"a": "' + "x" * 100_000 + '"',
        '{"a": ' + "x" * 100_000 + "}",
        '{"a": "b" ' + "c" * 20_000 + ' "d"}',
        '{"a": ' + "[" * 101 + "]" * 101 + "}",
        '{"a": ' + "[" * 50_000,
        '{"a": "' + "\\n" * 600_000 + '"}',
        '{"a": [' + "[],[]," * 10_000 + "0]}",
    ],
)
async def test_what_is_no_event_is_refused(frame: str) -> None:
    with pytest.raises(ProtocolError):
        await read_large_frame(frame)


class _Driven:
    def __init__(self, live: LiveSession) -> None:
        self.live = live

    async def send(self, **event: Any) -> None:
        await asyncio.wait_for(self.live.receive_text(json.dumps(event)), 5)

    async def next(self) -> dict[str, Any]:
        taken = await asyncio.wait_for(self.live.send_queue.take(), 5)
        assert not isinstance(taken, Farewell)
        event: dict[str, Any] = json.loads(taken)
        return event


@asynccontextmanager
async def _driving(faculties: Faculties, clock: Any, ids: Any) -> AsyncIterator[_Driven]:
    session = RealtimeSession(
        config=default_config(model="gpt-realtime"),
        new_id=ids_from_hex(ids.hex),
        now=clock.monotonic(),
        unix_time=clock.now(),
        limits=Limits(session_seconds=3_600),
    )
    # What is sent is not looked at here before all is done, so there has to be room for it.
    live = LiveSession(session=session, faculties=faculties, config=SandboxConfig(send_queue_bytes=2**27))
    live.start()
    driven = _Driven(live)
    await driven.next()
    yield driven
    await live.close()


@pytest.fixture
async def driven(faculties: Faculties, clock: Any, ids: Any) -> AsyncIterator[_Driven]:
    async with _driving(faculties, clock, ids) as driven:
        yield driven


async def test_a_large_item_is_added_and_holds_its_sound(driven: _Driven) -> None:
    audio = bytes(i % 251 for i in range(480_000))
    await driven.send(**_item(_sound(audio)))
    added = await driven.next()
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    await driven.next()
    await driven.send(type="conversation.item.retrieve", item_id=added["item"]["id"])
    (part,) = (await driven.next())["item"]["content"]
    assert base64.b64decode(part["audio"]) == audio


async def test_a_large_picture_is_added_and_shown_as_it_was_sent(driven: _Driven) -> None:
    await driven.send(**_item(_picture(400_000)))
    assert (await driven.next())["item"]["content"] == [_picture(400_000)]


_NO_BASE64 = "A" * 100_000 + "%" + "A" * 100_000


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        (_item({"type": "input_audio", "audio": _NO_BASE64}), "invalid_value", "item.content[0].audio"),
        (
            _item({"type": "input_image", "image_url": f"data:image/png;base64,{_NO_BASE64}"}),
            "invalid_value",
            "item.content[0].image_url",
        ),
        (_item({"type": "input_image", "image_url": "B" * 100_000}), "invalid_value", "item.content[0].image_url"),
        (_item({"type": "input_text", "text": "t" * 256_001}), "string_above_max_length", "item.content[0].text"),
        (_item(_sound(bytes(90_000)), role="assistant"), "invalid_value", "item.content[0].type"),
        (_item(_sound(bytes(90_000)), extra=1), "unknown_parameter", "extra"),
        ({"type": "input_audio_buffer.append", "audio": _NO_BASE64}, "invalid_value", "audio"),
        (
            {"type": "session.update", "session": {"type": "realtime", "instructions": "i" * 131_073}},
            "string_above_max_length",
            "session.instructions",
        ),
        (
            {"type": "session.update", "session": {"type": "realtime", "audio": "a" * 90_000}},
            "invalid_value",
            "session.audio",
        ),
        ({"type": "x" * 90_000}, "invalid_value", "type"),
    ],
)
async def test_an_error_names_the_member_and_the_event(
    driven: _Driven, event: dict[str, Any], code: str, param: str
) -> None:
    await driven.send(**event, event_id="mine")
    error = (await driven.next())["error"]
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")


async def test_a_large_frame_that_is_no_event_is_answered(driven: _Driven) -> None:
    for frame, code in (("x" * 100_000, "invalid_json"), ('{"a": [' + "0," * 40_000 + "0]}", "invalid_event")):
        await driven.live.receive_text(frame)
        error = (await driven.next())["error"]
        assert (error["code"], error["event_id"]) == (code, None)


_VALUES = '{"type": "session.update", "session": {"a": [' + "[],0," * 6_600 + "0]}}"
_LARGE = {
    "sound": json.dumps(_item(_sound(bytes(_LARGEST)))),
    "sound of a response": json.dumps(
        {"type": "response.create", "response": {"input": [_item(_sound(bytes(_LARGEST)))["item"]]}}
    ),
    "a picture of 1 MiB": json.dumps(_item(_picture(2**20))),
    "sound that is none": json.dumps(_item({"type": "input_audio", "audio": "A" * (20 * 2**20 - 999) + "%"})),
    "an append that is none": '{"type": "input_audio_buffer.append", "audio": "' + "A" * (20 * 2**20 - 1) + '%"}',
    "text": json.dumps(_item({"type": "input_text", "text": "t" * 20 * 2**20})),
    "text with escapes": json.dumps(_item({"type": "input_text", "text": "\n" * 10 * 2**20})),
    "no JSON": "x" * 20 * 2**20,
    "numbers": '{"a": [' + "1," * 10 * 2**20 + "1]}",
    "one number": '{"a": ' + "1" * 20 * 2**20 + "}",
    "quotation marks": '"' * 20 * 2**20,
    "many values": _VALUES.ljust(LARGE_CHARACTERS + 1),
    "values below what counts as large": '{"a": [' + "0," * 15_000 + "0]}",
    "too large": "x" * 21 * 2**20,
}


@pytest.mark.parametrize("frame", _LARGE.values(), ids=_LARGE)
async def test_no_frame_holds_anybody_up(faculties: Faculties, clock: Any, ids: Any, frame: str) -> None:
    holds: list[float] = []
    while not holds or (len(holds) < ROUNDS and min(holds) >= LONGEST_HOLD_SECONDS):
        async with _driving(faculties, clock, ids) as driven:
            holds.append(await longest_hold(driven.live.receive_text(frame)))
    assert min(holds) < LONGEST_HOLD_SECONDS


async def test_what_is_retrieved_holds_nobody_up(driven: _Driven) -> None:
    await driven.live.receive_text(json.dumps(_item(_sound(bytes(Limits().retrieved_audio_bytes)))))
    item_id = (await driven.next())["item"]["id"]
    retrieve = json.dumps({"type": "conversation.item.retrieve", "item_id": item_id})
    holds = [await longest_hold(driven.live.receive_text(retrieve)) for _ in range(ROUNDS)]
    assert min(holds) < LONGEST_HOLD_SECONDS
    await driven.next()
    assert (await driven.next())["item"]["content"][0]["audio"]
