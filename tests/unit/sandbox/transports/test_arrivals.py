"""The client's sound is heard as it comes; the last test guards what that rests on in the library."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from hypothesis import given
from hypothesis import strategies as st

from limi.sandbox.transports.arrivals import Arrivals, hand_on_at_once


@dataclass
class _Packet:
    sequence_number: int
    timestamp: int = 0
    _data: bytes = b"sound"


def _handed_on(numbers: list[int]) -> list[int]:
    arrivals = Arrivals(lambda _, timestamp: timestamp)
    found = [arrivals.add(_Packet(number % 65_536, timestamp=number))[1] for number in numbers]
    return [timestamp for timestamp in found if timestamp is not None]


def test_a_packet_is_handed_on_with_its_payload_when_it_comes() -> None:
    asked_for_picture, frame = Arrivals(JitterFrame).add(_Packet(7, timestamp=960))
    assert (asked_for_picture, frame.data, frame.timestamp) == (False, b"sound", 960)


def test_nobody_waits_for_a_packet_that_was_lost() -> None:
    assert _handed_on([1, 2, 4, 5]) == [1, 2, 4, 5]


def test_one_that_comes_late_or_twice_is_dropped() -> None:
    assert _handed_on([1, 3, 2, 3, 4]) == [1, 3, 4]


def test_numbers_wrap() -> None:
    assert _handed_on([65_534, 65_535, 65_536, 65_537]) == [65_534, 65_535, 65_536, 65_537]


def test_a_stream_that_begins_anew_is_heard() -> None:
    assert _handed_on([40_000, 40_001, 12, 13]) == [40_000, 40_001, 12, 13]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_what_is_handed_on_is_always_in_order(numbers: list[int]) -> None:
    handed_on = _handed_on(numbers)
    assert handed_on == sorted(set(handed_on))


@pytest.fixture
async def receiver() -> Any:
    """A receiver of the real library, before anything was negotiated."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("audio")
    yield connection.getTransceivers()[0].receiver
    await connection.close()


async def test_the_library_still_keeps_its_buffer_where_it_is_replaced(receiver: Any) -> None:
    """When this fails after an upgrade, aiortc buffers differently, and `hand_on_at_once` has to be rewritten."""
    before = [value for value in vars(receiver).values() if isinstance(value, JitterBuffer)]
    hand_on_at_once(receiver, make_frame=JitterFrame)
    after = [value for value in vars(receiver).values() if isinstance(value, JitterBuffer | Arrivals)]
    assert len(before) == 1
    assert [type(value) for value in after] == [Arrivals]


async def test_a_library_without_such_a_buffer_is_left_alone() -> None:
    receiver = asyncio.Event()
    hand_on_at_once(receiver, make_frame=JitterFrame)
    assert not any(isinstance(value, Arrivals) for value in vars(receiver).values())


def test_without_it_the_library_would_hold_four_packets_back() -> None:
    """The reason for all this; should it ever fail, aiortc's own buffer may do."""
    buffer = JitterBuffer(capacity=16, prefetch=4)
    frames = [buffer.add(_Packet(number, timestamp=960 * number))[1] for number in range(5)]  # type: ignore[arg-type]
    assert [frame is not None for frame in frames] == [False, False, False, False, True]
