"""How a conversation is connected, lost, got back, renewed, and ended by the server."""

import asyncio

import pytest
from voice.scripted import ORIGIN, Talk, audio, done, refused, words

from limi_client import (
    APIConnectionError,
    EphemeralKeyError,
    RateLimitError,
    SessionEndedError,
    VoiceConnectionError,
    VoiceError,
    tool,
)


async def test_it_connects_and_says_how_it_stands() -> None:
    async with Talk() as talk:
        assert talk.status == "disconnected"
        await talk.voice.connect()
        assert talk.status == "connected"
        assert talk.session.key == "ek_1"
        await talk.settle()
        assert [state.status for state in talk.states] == ["connecting", "connecting", "connected"]
        assert talk.voice.state.session_id == "sess_1"
    assert talk.status == "disconnected"
    assert talk.session.closed


async def test_instructions_and_tools_are_told_to_each_session() -> None:
    @tool(parameters={"type": "object", "properties": {}})
    def now() -> str:
        """Tells the time."""
        return "noon"

    async with Talk(instructions="Whisper.", tools=[now]) as talk:
        await talk.voice.connect()
        await talk.settle()
        (update,) = talk.session.heard_of("session.update")
    assert update["session"]["instructions"] == "Whisper."
    assert update["session"]["tools"][0]["description"] == "Tells the time."


async def test_without_either_the_profile_is_left_alone() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.settle()
        assert talk.session.heard == []


async def test_a_lost_connection_comes_back_with_a_fresh_key_and_the_old_words() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Hello")
        talk.session.say(
            {"type": "response.created", "response": {}},
            {"type": "response.output_audio_transcript.delta", "item_id": "a", "delta": "Hi, how"},
        )
        await talk.settle()
        talk.session.drop()
        await talk.settle()
        assert (talk.voice.state.status, talk.voice.state.attempt) == ("connecting", 1)
        await talk.clock.advance(1.0)
        assert talk.voice.state.status == "connected"
        assert [session.key for session in talk.server.sessions] == ["ek_1", "ek_2"]
        assert words(talk.session) == [("user", "Hello"), ("assistant", "Hi, how")]
        first, second = talk.backend.minted
        assert (first["session_id"], second["session_id"]) == (None, "sess_1")


async def test_history_may_be_left_behind() -> None:
    async with Talk(carry_history=False) as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Hello")
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert len(talk.server.sessions) == 2
        assert talk.session.heard == []


async def test_after_three_attempts_it_gives_up_and_says_why() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.server.failures = [VoiceConnectionError("network_error", message="No route") for _ in range(9)]
        talk.session.drop()
        await talk.settle()
        attempts = []
        for seconds in (1.0, 2.0, 3.0):
            attempts.append(talk.voice.state.attempt)
            await talk.clock.advance(seconds)
        assert attempts == [1, 2, 3]
        assert talk.voice.state.status == "failed"
    assert isinstance(talk.error, VoiceConnectionError)
    assert talk.error.message == "No route"


async def test_a_session_that_was_given_up_may_be_connected_again() -> None:
    async with Talk() as talk:
        talk.server.failures = [VoiceConnectionError("network_error")]
        with pytest.raises(VoiceConnectionError):
            await talk.voice.connect()
        await talk.voice.connect()
        assert talk.voice.state.status == "connected"
        assert talk.voice.state.error is None


async def test_a_first_connection_that_fails_is_told_at_once() -> None:
    async with Talk() as talk:
        talk.backend.failures = [APIConnectionError("network_error", message="Nobody there")]
        with pytest.raises(APIConnectionError, match="Nobody there"):
            await talk.voice.connect()
        assert talk.voice.state.status == "failed"


async def test_a_mint_that_is_refused_while_reconnecting_waits_as_long_as_it_is_told_to() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.backend.failures = [RateLimitError("rate_limit_exceeded", status_code=429, retry_after_seconds=30)]
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert talk.voice.state.attempt == 2
        await talk.clock.advance(29.0)
        assert len(talk.server.sessions) == 1
        await talk.clock.advance(1.0)
        assert talk.voice.state.status == "connected"


async def test_what_nobody_foresaw_is_an_error_and_no_silence() -> None:
    async with Talk() as talk:
        talk.backend.failures = [RuntimeError("boom")]
        with pytest.raises(VoiceError, match="boom"):
            await talk.voice.connect()


async def test_an_expired_key_is_replaced() -> None:
    async with Talk() as talk:
        talk.server.failures = [EphemeralKeyError("token_expired", origin=ORIGIN)]
        connecting = asyncio.create_task(talk.voice.connect())
        await talk.settle()
        await talk.clock.advance(1.0)
        await connecting
        assert talk.session.key == "ek_2"


async def test_a_key_that_is_refused_by_an_event_is_replaced_too() -> None:
    async with Talk() as talk:
        talk.server.greeting = refused("invalid_api_key")
        connecting = asyncio.create_task(talk.voice.connect())
        await talk.settle()
        talk.server.greeting = {"type": "session.created", "session": {}}
        await talk.clock.advance(1.0)
        await connecting
        assert [session.closed for session in talk.server.sessions] == [True, False]


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with Talk(connect_timeout_seconds=7) as talk:
        talk.server.greeting = None
        connecting = asyncio.create_task(talk.voice.connect())
        await talk.settle()
        await talk.clock.advance(7.0)
        with pytest.raises(VoiceConnectionError):
            await connecting
        await talk.settle()
        assert talk.session.closed


@pytest.mark.parametrize("code", ["call_ended", "session_ended", "budget_exceeded", "insufficient_quota"])
async def test_a_call_that_the_server_ends_is_over_and_says_why(code: str) -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(refused(code))
        await talk.clock.advance(60.0)
        assert talk.voice.state.status == "failed"
        assert len(talk.server.sessions) == 1
        with pytest.raises(SessionEndedError):
            await talk.voice.send_text("Are you there?")
    assert isinstance(talk.error, SessionEndedError)
    assert talk.error.reason == f"Because of {code}"
    assert talk.error.final
    assert talk.error.reference == f"{ORIGIN}/errors/session_ended"


@pytest.mark.behaviour("server-ended")
async def test_a_call_that_the_server_ends_at_once_is_over_too() -> None:
    async with Talk() as talk:
        talk.server.greeting = refused("model_not_found")
        with pytest.raises(SessionEndedError, match="Because of model_not_found"):
            await talk.voice.connect()


async def test_a_session_whose_hour_is_over_is_followed_by_another() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(refused("session_expired"))
        await talk.clock.advance(1.0)
        assert [session.closed for session in talk.server.sessions] == [True, False]


@pytest.mark.behaviour("renewal")
async def test_a_session_is_renewed_before_its_hour_is_over() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Hello")
        talk.session.say(done())
        await talk.clock.advance(55 * 60.0)
        assert [session.closed for session in talk.server.sessions] == [True, False]
        assert words(talk.session) == [("user", "Hello")]
        assert talk.voice.state.status == "connected"


async def test_a_renewal_waits_as_long_as_is_wanted_and_asks_again_when_that_is_wanted() -> None:
    async with Talk(renew_after_seconds=60, renew_patience_seconds=5, renew_retry_seconds=2) as talk:
        await talk.voice.connect()
        talk.session.say({"type": "input_audio_buffer.speech_started"})
        await talk.clock.advance(64.0)
        assert len(talk.backend.minted) == 1
        talk.backend.failures.append(RateLimitError("rate_limit_exceeded", status_code=429))
        await talk.clock.advance(1.0)
        assert [len(talk.backend.minted), len(talk.server.sessions)] == [2, 1]
        talk.session.say({"type": "input_audio_buffer.speech_stopped"})
        await talk.clock.advance(2.0)
        assert len(talk.server.sessions) == 2


async def test_attempts_are_counted_anew_once_a_connection_has_held_as_long_as_is_wanted() -> None:
    async with Talk(reconnect_attempts=1, stable_after_seconds=3) as talk:
        await talk.voice.connect()
        for number in (2, 3):
            talk.session.drop()
            await talk.clock.advance(1.0)
            assert len(talk.server.sessions) == number
            await talk.clock.advance(3.0)
        assert talk.status == "connected"


async def test_a_renewal_waits_until_the_answer_has_been_heard() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.clock.advance(55 * 60.0 - 1)
        talk.session.say({"type": "response.created"}, audio("a", 1.0), audio("a", 1.0), audio("a", 1.0), done())
        await talk.settle()
        await talk.clock.advance(2.0)
        assert len(talk.server.sessions) == 1
        await talk.clock.advance(2.0)
        assert len(talk.server.sessions) == 2
