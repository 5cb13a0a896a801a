"""Large pieces of audio: decoded little by little, and taken as one event."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from limi.protocol import RealtimeSession, default_config, ids_from_hex
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.frames.large_append import decode_large_append
from limi.sandbox.frames.large_frame import LARGE_CHARACTERS
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.speech.deaf import DeafRecogniser
from tests.unit.sandbox.holds import LONGEST_HOLD_SECONDS, ROUNDS, longest_hold

_LARGEST = 15 * 2**20
_MANUAL = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


def _append(audio: bytes, **more: Any) -> str:
    event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode(), **more}
    return json.dumps(event)


@pytest.mark.parametrize("size", [0, 1, 196_607, 196_608, 196_609, 1_000_000])
async def test_the_pieces_are_the_audio(size: int) -> None:
    audio = bytes(i % 251 for i in range(size))
    pieces = await decode_large_append(_append(audio, event_id="event_1"))
    assert pieces is not None
    assert b"".join(pieces) == audio
    assert not any(len(piece) % 2 for piece in pieces[:-1])


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{}",
        '{"audio": "',
        '{"audio": "AAAA"}',
        '{"type": "input_audio_buffer.append", "audio": "AAAA"',
        '{"type": "input_audio_buffer.append", "audio": "AA", "audio": "AA"}',
        '{"type": "input_audio_buffer.append", "audio": "AAAA", "other": 1}',
        '{"type": "conversation.item.create", "audio": "AAAA"}',
        '{"type": "input_audio_buffer.append", "audio": "A.AA"}',
        '{"type": "input_audio_buffer.append", "audio": "\\/\\/\\/\\/"}',
        '{"type": "input_audio_buffer.append", "audio": "' + "AAA=" * 100_000 + '"}',
        '{"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": "' + "e" * 513 + '"}',
        " " * 5_000 + '{"type": "input_audio_buffer.append", "audio": "AAAA"}',
        '{"type": "input_audio_buffer.append", "audio": "AAAA"}' + " " * 5_000,
    ],
)
async def test_whatever_is_not_plain_and_faultless_is_left_to_the_protocol(frame: str) -> None:
    assert await decode_large_append(frame) is None


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


@pytest.fixture
async def driven(clock: Any, ids: Any, voice: Any, detector: Any) -> AsyncIterator[_Driven]:
    new_id = ids_from_hex(ids.hex)
    faculties = Faculties(
        brain=BuiltInBrain(clock=clock),
        voice=voice,
        detector=detector,
        recogniser=DeafRecogniser(),
        clock=clock,
        sleep=asyncio.sleep,
        new_id=new_id,
    )
    session = RealtimeSession(
        config=default_config(model="gpt-realtime"),
        new_id=new_id,
        now=clock.monotonic(),
        unix_time=clock.now(),
    )
    live = LiveSession(session=session, faculties=faculties, config=SandboxConfig(send_queue_bytes=2**22))
    live.start()
    driven = _Driven(live)
    await driven.next()
    await driven.send(type="session.update", session=_MANUAL)
    await driven.next()
    yield driven
    await live.close()


async def _committed_ms(driven: _Driven) -> int:
    await driven.send(type="input_audio_buffer.commit")
    committed, _, __ = [await driven.next() for _ in range(3)]
    await driven.send(type="conversation.item.retrieve", item_id=committed["item_id"])
    (part,) = (await driven.next())["item"]["content"]
    return len(base64.b64decode(part["audio"])) // 48


async def test_a_large_piece_is_taken_whole(driven: _Driven) -> None:
    assert len(_append(bytes(480_000))) > LARGE_CHARACTERS
    await driven.live.receive_text(_append(bytes(480_000)))
    await driven.live.receive_text(_append(bytes(48_000)))
    assert await _committed_ms(driven) == 11_000


async def test_what_does_not_fit_is_refused_whole_and_by_its_id(driven: _Driven) -> None:
    await driven.live.receive_text(_append(bytes(_LARGEST)))
    await driven.live.receive_text(_append(bytes(_LARGEST), event_id="event_2"))
    error = (await driven.next())["error"]
    assert (error["code"], error["event_id"]) == ("input_audio_buffer_full", "event_2")
    assert driven.live._session.input_room_bytes == 600 * 48_000 - _LARGEST


async def test_one_that_is_too_large_is_refused_by_its_id(driven: _Driven) -> None:
    await driven.live.receive_text(_append(bytes(_LARGEST + 1), event_id="event_3"))
    error = (await driven.next())["error"]
    assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "audio", "event_3")


async def test_an_id_that_is_too_long_is_refused_as_it_is_in_a_small_piece(driven: _Driven) -> None:
    errors = []
    for size in (480, 480_000):
        await driven.live.receive_text(_append(bytes(size), event_id="e" * 513))
        errors.append((await driven.next())["error"])
    assert errors[0] == errors[1]
    assert (errors[0]["code"], errors[0]["param"]) == ("string_above_max_length", "event_id")


async def test_the_largest_piece_holds_nobody_up(driven: _Driven) -> None:
    frame = _append(bytes(_LARGEST))
    holds: list[float] = []
    while not holds or (len(holds) < ROUNDS and min(holds) >= LONGEST_HOLD_SECONDS):
        holds.append(await longest_hold(driven.live.receive_text(frame)))
        await driven.send(type="input_audio_buffer.commit")
        assert (await driven.next())["type"] == "input_audio_buffer.committed"
        while (await driven.next())["type"] != "conversation.item.done":
            pass
    assert min(holds) < LONGEST_HOLD_SECONDS
