"""Microphone and loudspeaker, over a sounddevice that has no devices but behaves as if."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from voice.scripted import Talk

from limi_client import MicrophoneError, UnsupportedPlatformError
from limi_client.voice.devices import Microphone, Speaker


class _PortAudioError(Exception):
    pass


class _Stream:
    def __init__(self, callback: Callable[..., None]) -> None:
        self.callback = callback
        self.running = False
        self.closed = False

    def start(self) -> None:
        self.running = True

    def abort(self) -> None:
        self.running = False

    def close(self) -> None:
        self.closed = True


class _Library:
    """What of sounddevice is used."""

    PortAudioError = _PortAudioError

    def __init__(self, *, missing: bool = False) -> None:
        self.streams: list[_Stream] = []
        self.missing = missing

    def _open(
        self, *, callback: Callable[..., None], samplerate: int, channels: int, dtype: str, **_: Any
    ) -> _Stream:
        assert (samplerate, channels, dtype) == (24_000, 1, "int16")
        if self.missing:
            raise _PortAudioError("Error querying device -1")
        self.streams.append(_Stream(callback))
        return self.streams[-1]

    RawInputStream = RawOutputStream = _open


async def test_what_the_microphone_hears_is_sent() -> None:
    library = _Library()
    async with Talk(microphone=Microphone(library=library)) as talk:
        await talk.voice.connect()
        (stream,) = library.streams
        stream.callback(b"\x01\x00" * 1200, 1200, None, None)
        await talk.until(lambda: bool(talk.session.heard_of("input_audio_buffer.append")))
        assert talk.voice.levels[0] > 0
    assert stream.closed


@pytest.mark.behaviour("denied microphone")
async def test_a_machine_without_a_microphone_says_so_and_connects_nothing() -> None:
    async with Talk(microphone=Microphone(library=_Library(missing=True))) as talk:
        with pytest.raises(MicrophoneError) as caught:
            await talk.voice.connect()
        assert talk.server.sessions == []
    assert caught.value.code == "microphone_missing"
    assert caught.value.reference == "http://backend/errors/microphone_missing"


async def test_a_microphone_that_goes_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limi_client.voice.devices._SILENCE_SECONDS", 0.01)
    library = _Library()
    async with Talk(microphone=Microphone(library=library)) as talk:
        await talk.voice.connect()
        await talk.until(lambda: len(library.streams) == 2)
        assert talk.voice.state.status == "connected"
        library.missing = True
        await talk.until(lambda: talk.voice.state.error is not None)
        assert talk.voice.state.status == "connected", "one can still listen"


async def test_sound_that_nobody_takes_is_given_up_from_the_oldest_on() -> None:
    library = _Library()
    microphone = Microphone(library=library)
    await microphone.open()
    for number in range(100):
        library.streams[0].callback(bytes([number, 0]), 1, None, None)
    heard = await asyncio.wait_for(microphone.read(), 5)
    await microphone.close()
    await microphone.close()
    assert len(heard) == 80
    assert heard[-2] == 99


def test_the_loudspeaker_plays_in_order_and_knows_how_far_it_has_come() -> None:
    library = _Library()
    speaker = Speaker(library=library)
    speaker.open()
    speaker.open()
    (stream,) = library.streams
    speaker.play("a", b"\x01\x01" * 300)
    speaker.play("b", b"\x02\x02" * 300)
    out = bytearray(800)
    stream.callback(out, 400, None, None)
    assert out == b"\x01" * 600 + b"\x02" * 200
    assert speaker.played_seconds("a") == 600 / 48_000
    assert speaker.played_seconds("b") == 200 / 48_000
    speaker.clear()
    stream.callback(out, 400, None, None)
    assert out == bytes(800), "silence, and nothing of what was cut off"
    speaker.close()
    assert stream.closed


async def test_what_is_cut_off_is_told_by_what_was_really_played() -> None:
    library = _Library()
    async with Talk(speaker=Speaker(library=library)) as talk:
        await talk.voice.connect()
        delta = {"type": "response.output_audio.delta", "item_id": "a", "delta": "AAAA" * 16_000}
        talk.session.say(delta)
        await talk.settle()
        library.streams[0].callback(bytearray(12_000), 6_000, None, None)
        talk.session.say({"type": "input_audio_buffer.speech_started"})
        await talk.settle()
        (cut,) = talk.session.heard_of("conversation.item.truncate")
    assert cut["audio_end_ms"] == 250


def test_a_machine_without_a_loudspeaker_says_so() -> None:
    with pytest.raises(UnsupportedPlatformError, match="loudspeaker"):
        Speaker(library=_Library(missing=True)).open()


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UnsupportedPlatformError, match=r"limi-ai-client\[mic\]"):
        Microphone()
