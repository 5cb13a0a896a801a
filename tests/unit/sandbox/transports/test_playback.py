"""What is heard of replies, frame by frame, without any waiting."""

import asyncio
from typing import Any

import pytest

from limi.sandbox.transports.playback import (
    FRAME_SAMPLES,
    FRAME_SECONDS,
    Frame,
    Pacer,
    PlaybackStarted,
    PlaybackStopped,
    Player,
)

_FRAME = b"\x01\x02" * FRAME_SAMPLES
_SILENCE = bytes(len(_FRAME))


@pytest.fixture
def player() -> Player:
    return Player(limit_bytes=10 * len(_FRAME))


def test_without_replies_there_is_silence_and_nothing_to_report(player: Player) -> None:
    assert player.next_frame() == Frame(_SILENCE)


def test_a_reply_starts_with_its_first_frame_and_stops_after_its_last(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME * 2)
    player.complete("resp_1")
    assert player.next_frame() == Frame(_FRAME, (PlaybackStarted("resp_1"),))
    assert player.next_frame() == Frame(_FRAME)
    assert player.next_frame() == Frame(_SILENCE, (PlaybackStopped("resp_1"),))
    assert player.next_frame() == Frame(_SILENCE)


def test_a_reply_that_may_go_on_does_not_stop(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME)
    player.next_frame()
    assert player.next_frame() == Frame(_SILENCE)
    player.play("resp_1", "item_1", _FRAME)
    assert player.next_frame() == Frame(_FRAME)


def test_pieces_of_any_length_become_whole_frames_and_the_last_is_filled_up(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME[:500])
    assert player.next_frame() == Frame(_SILENCE)
    player.play("resp_1", "item_1", _FRAME[500:] + _FRAME[:100])
    assert player.next_frame().pcm == _FRAME
    assert player.next_frame().pcm == _SILENCE
    player.complete("resp_1")
    assert player.next_frame().pcm == _FRAME[:100].ljust(len(_FRAME), b"\0")
    assert player.next_frame().reports == (PlaybackStopped("resp_1"),)


def test_clearing_says_how_much_was_heard_and_falls_silent_at_once(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME * 5)
    for _ in range(3):
        player.next_frame()
    assert player.clear("resp_1") == 60
    assert player.next_frame() == Frame(_SILENCE)
    player.complete("resp_1")
    assert player.next_frame() == Frame(_SILENCE)


def test_what_was_heard_is_counted_for_the_newest_item_only(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME * 2)
    player.play("resp_1", "item_2", _FRAME * 2)
    player.next_frame()
    player.next_frame()
    player.next_frame()
    assert player.clear("resp_1") == 20


def test_an_item_that_was_not_begun_was_not_heard(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME * 2)
    player.play("resp_1", "item_2", _FRAME * 2)
    player.next_frame()
    assert player.clear("resp_1") == 0


def test_clearing_what_does_not_play_is_harmless(player: Player) -> None:
    assert player.clear("resp_1") == 0
    player.complete("resp_1")
    assert player.next_frame() == Frame(_SILENCE)


def test_replies_are_heard_one_after_the_other(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME)
    player.play("resp_2", "item_2", _FRAME)
    player.complete("resp_2")
    player.complete("resp_1")
    assert player.next_frame().reports == (PlaybackStarted("resp_1"),)
    assert player.next_frame().reports == (PlaybackStopped("resp_1"), PlaybackStarted("resp_2"))
    assert player.next_frame().reports == (PlaybackStopped("resp_2"),)


async def test_who_fills_it_waits_for_what_is_heard_or_forgotten(player: Player) -> None:
    player.play("resp_1", "item_1", _FRAME * 11)
    waiting = asyncio.ensure_future(player.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    player.next_frame()
    await asyncio.wait_for(waiting, 1)
    player.play("resp_1", "item_1", _FRAME)
    waiting = asyncio.ensure_future(player.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    player.clear("resp_1")
    await asyncio.wait_for(waiting, 1)


async def test_frames_are_due_every_20_ms_however_long_each_takes(clock: Any) -> None:
    pacer = Pacer(clock=clock, sleep=clock.sleep)
    begun = clock.monotonic()
    for _ in range(50):
        await pacer.wait()
        clock.advance(0.007)
    assert clock.monotonic() - begun == pytest.approx(49 * FRAME_SECONDS + 0.007)


async def test_a_short_delay_is_caught_up_with(clock: Any) -> None:
    pacer = Pacer(clock=clock, sleep=clock.sleep)
    await pacer.wait()
    clock.advance(0.1)
    clock.slept.clear()
    for _ in range(5):
        await pacer.wait()
    assert clock.slept == []
    await pacer.wait()
    assert clock.slept == [pytest.approx(FRAME_SECONDS)]


async def test_a_long_delay_is_skipped_rather_than_poured_out_at_once(clock: Any) -> None:
    pacer = Pacer(clock=clock, sleep=clock.sleep)
    await pacer.wait()
    clock.advance(5.0)
    await pacer.wait()
    clock.slept.clear()
    await pacer.wait()
    assert clock.slept == [pytest.approx(FRAME_SECONDS)]
