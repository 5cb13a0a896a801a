"""The registry of calls: who is let in, who is found, and how all of them end."""

import asyncio
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from limi.protocol import default_config
from limi.sandbox.calls import Calls, ShuttingDownError, TooManyCallsError
from limi.sandbox.sessions.live_session import LiveSession
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.transports.peers import WebRTCUnavailableError
from limi.sandbox.transports.sdp import InvalidOfferError, Offer

_OFFER = Offer("v=0", has_data_channel=True)
_CONFIG = default_config(model="gpt-realtime")


async def test_a_call_has_an_identifier_an_answer_and_a_session_that_greets(calls: Calls) -> None:
    call = await calls.open(_OFFER, _CONFIG)
    assert call.id.startswith("rtc_")
    assert len(call.id) == 36
    assert call.answer == "v=0\r\n"
    live = calls.find(call.id)
    assert live is not None
    greeting = await live.send_queue.take()
    assert isinstance(greeting, bytes)
    assert b"session.created" in greeting


async def test_hanging_up_ends_a_call_once_and_for_its_observers_too(calls: Calls, sessions: OpenSessions) -> None:
    call = await calls.open(_OFFER, _CONFIG)
    live = calls.find(call.id)
    assert live is not None
    observer = live.audience.join()
    assert calls.hang_up(call.id)
    assert not calls.hang_up(call.id)
    assert calls.find(call.id) is None
    assert await observer.take() == Farewell(1000, "The call was hung up.")
    await asyncio.wait_for(sessions.empty(), 5)


async def test_a_client_that_leaves_takes_its_call_along(calls: Calls, peers: Any, sessions: OpenSessions) -> None:
    call = await calls.open(_OFFER, _CONFIG)
    peers.made[0].live.leave(Farewell(1000, "gone"))
    await asyncio.wait_for(sessions.empty(), 5)
    assert calls.find(call.id) is None
    assert len(calls) == 0


async def test_calls_are_bounded_by_themselves_and_by_all_sessions(calls: Calls, sessions: OpenSessions) -> None:
    call = await calls.open(_OFFER, _CONFIG)
    with pytest.raises(TooManyCallsError, match="1 calls"):
        await calls.open(_OFFER, _CONFIG)
    for _ in range(2):
        sessions.add(cast("LiveSession", object()))
    calls.hang_up(call.id)
    with pytest.raises(TooManyCallsError, match="2 sessions"):
        await calls.open(_OFFER, _CONFIG)


async def test_offers_at_the_same_time_do_not_share_the_last_place(calls: Calls, peers: Any) -> None:
    outcomes = await asyncio.gather(*(calls.open(_OFFER, _CONFIG) for _ in range(5)), return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["OpenedCall"] + 4 * ["TooManyCallsError"]
    assert len(peers.made) == 1


@pytest.mark.parametrize("reason", ["no library", "bad offer"])
async def test_a_call_that_cannot_begin_leaves_nothing(
    calls: Calls, peers: Any, sessions: OpenSessions, reason: str
) -> None:
    before = asyncio.all_tasks()
    if reason == "no library":
        peers.error = WebRTCUnavailableError()
        with pytest.raises(WebRTCUnavailableError, match="limi\\[sandbox\\]"):
            await calls.open(_OFFER, _CONFIG)
    else:
        with pytest.raises(InvalidOfferError):
            await calls.open(Offer("unanswerable", has_data_channel=False), _CONFIG)
    assert (len(calls), len(sessions)) == (0, 0)
    assert asyncio.all_tasks() == before


async def test_a_stopping_sandbox_begins_no_call(calls: Calls, sessions: OpenSessions) -> None:
    call = await calls.open(_OFFER, _CONFIG)
    sessions.dismiss()
    with pytest.raises(ShuttingDownError):
        await calls.open(_OFFER, _CONFIG)
    await asyncio.wait_for(sessions.empty(), 5)
    assert calls.find(call.id) is None


async def test_closing_ends_calls_that_do_not_end_themselves(
    calls: Calls, sessions: OpenSessions, peers: Any
) -> None:
    peers.run = asyncio.Event().wait
    await calls.open(_OFFER, _CONFIG)
    await asyncio.sleep(0)
    await calls.close()
    await calls.close()
    assert len(sessions) == 0


async def test_a_bug_in_a_call_is_logged_and_ends_that_call_only(
    calls: Calls, sessions: OpenSessions, peers: Any
) -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    with capture_logs() as logs:
        peers.run = fail
        await calls.open(_OFFER, _CONFIG)
        await asyncio.wait_for(sessions.empty(), 5)
        await asyncio.sleep(0)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["sandbox.task.failed"]
