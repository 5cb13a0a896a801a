"""What becomes of a session's events under rules."""

import json
from typing import Any

import pytest

from limi.sandbox.faults.events import FaultyTap
from limi.sandbox.faults.rules import FaultRules
from limi.sandbox.interference import Departure, Expiry

_TRANSCRIPT = "conversation.item.input_audio_transcription.completed"


@pytest.fixture
def rules() -> FaultRules:
    return FaultRules()


def _event(event_type: str, **members: Any) -> bytes:
    return json.dumps({"type": event_type, **members}).encode()


def test_without_a_rule_everything_passes(rules: FaultRules) -> None:
    tap = FaultyTap(rules)
    event = _event("error")
    tap.incoming("{}")
    assert list(tap.outgoing(event)) == [Departure(event)]
    tap.sent(event)
    tap.closed()


def test_a_transcript_comes_twice(rules: FaultRules) -> None:
    rules.add("event", "duplicate", times=1)
    tap = FaultyTap(rules)
    event = _event(_TRANSCRIPT)
    assert list(tap.outgoing(_event("error"))) == [Departure(_event("error"))]
    assert list(tap.outgoing(event)) == [Departure(event)] * 2
    assert list(tap.outgoing(event)) == [Departure(event)]


def test_a_transcript_comes_late_and_twice(rules: FaultRules) -> None:
    rules.add("event", "late", ms=1_500)
    rules.add("event", "duplicate")
    event = _event(_TRANSCRIPT)
    assert list(FaultyTap(rules).outgoing(event)) == [Departure(event, 1.5)] * 2


def test_an_event_is_lost_another_is_maimed(rules: FaultRules) -> None:
    rules.add("event", "lose", event="response.created")
    rules.add("event", "malformed", event="error")
    rules.add("event", "without_usage", event="error")
    tap = FaultyTap(rules)
    assert list(tap.outgoing(_event("response.created"))) == []
    (maimed,) = tap.outgoing(_event("error", message="words"))
    assert isinstance(maimed.what, bytes)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(maimed.what)


def test_usage_is_missing_wherever_it_stands(rules: FaultRules) -> None:
    rules.add("event", "without_usage")
    rules.add("event", "without_usage", event=_TRANSCRIPT)
    tap = FaultyTap(rules)
    (done,) = tap.outgoing(_event("response.done", response={"id": "resp_1", "usage": {}}))
    (completed,) = tap.outgoing(_event(_TRANSCRIPT, usage={}))
    assert json.loads(done.what) == {"type": "response.done", "response": {"id": "resp_1"}}  # type: ignore[arg-type]
    assert json.loads(completed.what) == {"type": _TRANSCRIPT}  # type: ignore[arg-type]


def test_a_session_expires_once_and_early(rules: FaultRules) -> None:
    rules.add("session", "expire", after_seconds=3)
    tap = FaultyTap(rules)
    assert list(tap.outgoing(_event("session.created"))) == [
        Departure(_event("session.created")),
        Departure(Expiry(), 3),
    ]
    assert len(list(tap.outgoing(_event("error")))) == 1


def test_rules_of_several_sources_hold(rules: FaultRules) -> None:
    own = FaultRules()
    own.add("event", "duplicate", event="error")
    rules.add("event", "duplicate", event="error")
    assert len(list(FaultyTap(own, rules).outgoing(_event("error")))) == 4
