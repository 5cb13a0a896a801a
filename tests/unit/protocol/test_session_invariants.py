"""Whatever happens in whatever order, the promises to clients hold.

The machine plays a client, a turn detector, a recogniser, a generator and a loudspeaker at random, late and out of
place. The harness holds every event against the types of the SDKs and against what a client may conclude from the
events before it; here stands what shows in the effects and in the session itself.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from limi.protocol import (
    Close,
    FeedVAD,
    Generate,
    IncompleteReason,
    Limits,
    SessionConfig,
    SessionType,
    StopGenerating,
    StopReason,
    Transcribe,
    Transport,
    default_config,
)
from tests.unit.protocol.harness import Harness, pcm, text_of, vad_config

PICK = st.integers(min_value=0, max_value=40)
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
ITEMS: list[dict[str, Any]] = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}, PICTURE]},
    {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": text_of(pcm(300))}]},
    {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "hint"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "earlier"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "input_text", "text": "not allowed"}]},
    {"type": "function_call", "name": "look", "call_id": "call_mine", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_mine", "output": "a cat"},
    {"type": "mcp_call", "server_label": "s", "name": "n", "arguments": "{}"},
    {"type": "song"},
]
DETECTION: list[dict[str, Any] | None] = [
    None,
    {"type": "server_vad", "idle_timeout_ms": 5000},
    {"type": "server_vad", "create_response": False, "prefix_padding_ms": 0},
    {"type": "server_vad", "interrupt_response": False, "create_response": True},
    {"type": "semantic_vad", "eagerness": "high"},
    {"type": "semantic_vad", "threshold": 0.5},
]
INPUT: list[dict[str, Any]] = [
    *({"turn_detection": detection} for detection in DETECTION),
    {"transcription": {"model": "gpt-4o-transcribe-diarize"}},
    {"transcription": {"model": "whisper-1"}},
    {"transcription": None},
    {"format": {"type": "audio/pcmu"}},
    {"format": {"type": "audio/pcm", "rate": 24000}},
    {"format": {"type": "audio/opus"}},
]
SETTINGS: list[dict[str, Any]] = [
    {"instructions": "", "tools": [TOOL], "tool_choice": {"type": "function", "name": "look"}},
    {"output_modalities": ["text"], "max_output_tokens": 7},
    {"output_modalities": ["audio"], "max_output_tokens": "inf"},
    {"audio": {"output": {"voice": "sage", "speed": 1.2}}},
    {"audio": {"output": {"voice": "alloy", "format": {"type": "audio/pcma"}}}},
    {"truncation": {"type": "retention_ratio", "retention_ratio": 0.5, "token_limits": {"post_instructions": 60}}},
    {"truncation": "disabled"},
    {"tracing": "auto", "include": ["item.input_audio_transcription.logprobs"]},
    {"instructions": "kept out", "voice": "sage"},
]
RESPONSES: list[dict[str, Any]] = [
    {},
    {"output_modalities": ["text"]},
    {"conversation": "none", "metadata": {"topic": "aside"}},
    {"conversation": "none", "input": [], "instructions": "Say no."},
    {"input": [ITEMS[0]], "max_output_tokens": 3},
    {"audio": {"output": {"format": {"type": "audio/pcmu"}}}, "max_output_tokens": 20},
    {"tool_choice": "none", "parallel_tool_calls": False},
    {"temperature": 1},
]


class AnySequence(RuleBasedStateMachine):
    """A conversation over a plain socket."""

    transport = Transport.WEBSOCKET
    config: SessionConfig = vad_config(idle_timeout_ms=5000)
    settings_type = "realtime"

    def __init__(self) -> None:
        super().__init__()
        self.talk = Harness(
            self.config,
            transport=self.transport,
            limits=Limits(
                items=12,
                stored_audio_bytes=len(pcm(900)),
                stored_characters=3000,
                buffer_bytes=len(pcm(2000)),
                context_tokens=200,
            ),
        )
        self.sent = 0
        self.seen = 0
        self.generating: set[str] = set()
        self.ended: list[str] = []
        self.heard_until = 0
        self.known: list[str] = []

    def client(self, event_type: str, **members: Any) -> None:
        """Send an event; an error in the answer names it, unless what followed from it is at fault."""
        self.sent += 1
        event_id = f"mine_{self.sent}"
        answer = self.talk.client(event_type, event_id=event_id, **members)
        blamed = [event["error"]["event_id"] for event in answer if event["type"] == "error"]
        assert set(blamed) <= {event_id, None}
        assert blamed.count(event_id) <= 1
        self.known += [
            event["item_id"] for event in answer if "item_id" in event and event["item_id"] not in self.known
        ]

    def some_item(self, pick: int) -> str:
        """Return an item there is, was, or will be, or one there is not."""
        known = [*self.talk.mirror.items, *self.known[-3:]]
        return known[pick % len(known)] if known and pick % 7 else "item_unknown"

    def some_response(self, pick: int) -> str:
        """Return a response that runs, or one that does not."""
        running = [*sorted(self.talk.mirror.running), *self.ended[-1:]]
        return running[pick % len(running)] if running and pick % 7 else "resp_unknown"

    @rule(pick=PICK, item=st.sampled_from(ITEMS), after=st.sampled_from([None, "root", "some"]))
    def create_item(self, pick: int, item: dict[str, Any], after: str | None) -> None:
        chosen: dict[str, Any] = {0: {"id": f"item_{pick}"}, 1: {"id": self.some_item(pick)}}.get(pick % 5, {})
        previous = self.some_item(pick) if after == "some" else after
        self.client("conversation.item.create", item=item | chosen, previous_item_id=previous)

    @rule(pick=PICK, what=st.sampled_from(["delete", "retrieve"]))
    def touch_item(self, pick: int, what: str) -> None:
        self.client(f"conversation.item.{what}", item_id=self.some_item(pick))

    @rule(pick=PICK, index=st.sampled_from([0, 0, 0, 1, -1]), milliseconds=st.sampled_from([0, 10, 20, 300, 301]))
    def truncate(self, pick: int, index: int, milliseconds: int) -> None:
        item_id = self.some_item(pick)
        self.client("conversation.item.truncate", item_id=item_id, content_index=index, audio_end_ms=milliseconds)

    @rule(response=st.sampled_from(RESPONSES))
    def create_response(self, response: dict[str, Any]) -> None:
        self.client("response.create", response=response)

    @rule(pick=PICK)
    def create_response_by_reference(self, pick: int) -> None:
        reference = {"type": "item_reference", "id": self.some_item(pick)}
        self.client("response.create", response={"input": [reference, ITEMS[pick % len(ITEMS)]]})

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self.client("response.cancel", **({"response_id": self.some_response(pick)} if pick % 2 else {}))

    @rule(milliseconds=st.sampled_from([0, 50, 100, 700]), odd=st.booleans())
    def append(self, milliseconds: int, odd: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        audio = pcm(milliseconds) + b"\0" * odd
        if self.transport is Transport.WEBRTC:
            self.talk.report(self.talk.session.receive_audio, audio, self.talk.now)
        else:
            self.client("input_audio_buffer.append", audio=text_of(audio))

    @rule(
        what=st.sampled_from(
            ["input_audio_buffer.commit", "input_audio_buffer.clear", "output_audio_buffer.clear"]
        )
    )
    def buffer(self, what: str) -> None:
        self.client(what)

    @rule(audio_input=st.sampled_from(INPUT))
    def update_input(self, audio_input: dict[str, Any]) -> None:
        self.client("session.update", session={"type": self.settings_type, "audio": {"input": audio_input}})

    @rule(session=st.sampled_from(SETTINGS))
    def update(self, session: dict[str, Any]) -> None:
        before = self.talk.session.config
        self.client("session.update", session={"type": self.settings_type} | session)
        if self.talk.events[-1]["type"] == "error":
            assert self.talk.session.config is before, "all or nothing"

    @rule(frame=st.sampled_from(["", "[]", "{", '{"type": 1}', '{"type": "response.create", "response": 7}']))
    def nonsense(self, frame: str) -> None:
        if not self.talk.session.is_closed:
            assert self.talk.frame(frame)[-1]["type"] == "error"
            self.talk.report(self.talk.session.receive_binary, frame.encode(), self.talk.now)

    @rule(at_ms=st.integers(-10, 3000), what=st.sampled_from(["started", "stopped"]))
    def detect(self, at_ms: int, what: str) -> None:
        method = self.talk.session.speech_started if what == "started" else self.talk.session.speech_stopped
        said = self.talk.report(method, at_ms, self.talk.now)
        self.known += [event["item_id"] for event in said if event["type"] == "input_audio_buffer.speech_started"]

    @rule(pick=PICK, text=st.text(max_size=8), milliseconds=st.sampled_from([0, 20, 300]))
    def generate(self, pick: int, text: str, milliseconds: int) -> None:
        self.talk.speech(self.some_response(pick), text, milliseconds)

    @rule(milliseconds=st.sampled_from([20, 300]), calls=st.booleans(), ends=st.booleans())
    def reply(self, milliseconds: int, calls: bool, ends: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """What generators mostly do, so that the machine gets beyond beginnings."""
        self.client("response.create", response={})
        session, now = self.talk.session, self.talk.now
        for response_id in self.talk.mirror.in_conversation:
            self.talk.speech(response_id, "well then", milliseconds)
            if calls:
                self.talk.report(session.function_call_started, response_id, "look", now)
                self.talk.report(session.function_call_delta, response_id, "{}", now)
            if ends:
                self.talk.report(session.finish, response_id, now)

    @rule(stops=st.booleans())
    def turn(self, stops: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """What users mostly do."""
        self.append(700, odd=False)
        end_ms = self.talk.session._turns._buffer.end_ms
        self.detect(end_ms - 500, "started")
        if stops:
            self.detect(end_ms, "stopped")

    @rule(pick=PICK, what=st.sampled_from(["started", "delta", "done"]))
    def call(self, pick: int, what: str) -> None:
        session, response_id, now = self.talk.session, self.some_response(pick), self.talk.now
        if what == "done":
            self.talk.report(session.function_call_done, response_id, now)
        else:
            method = session.function_call_started if what == "started" else session.function_call_delta
            self.talk.report(method, response_id, "{}", now)

    @rule(pick=PICK, how=st.sampled_from(["well", "filtered", "badly"]))
    def finish(self, pick: int, how: str) -> None:
        session, response_id, now = self.talk.session, self.some_response(pick), self.talk.now
        if how == "badly":
            self.talk.report(session.fail, response_id, "code", "message", now)
        else:
            incomplete = IncompleteReason.CONTENT_FILTER if how == "filtered" else None
            self.talk.report(session.finish, response_id, now, incomplete)

    @rule(pick=PICK, what=st.sampled_from(["delta", "finished", "failed"]))
    def transcribe(self, pick: int, what: str) -> None:
        session, item_id, now = self.talk.session, self.some_item(pick), self.talk.now
        if what == "failed":
            self.talk.report(session.transcription_failed, item_id, "code", "message", now)
        else:
            method = session.transcription_delta if what == "delta" else session.transcription_finished
            self.talk.report(method, item_id, "some words", now)

    @rule(pick=PICK, what=st.sampled_from(["started", "stopped", "cleared"]))
    def play(self, pick: int, what: str) -> None:
        session, response_id, now = self.talk.session, self.some_response(pick), self.talk.now
        if what == "cleared":
            self.talk.report(session.playback_cleared, response_id, 10, now)
        else:
            method = session.playback_started if what == "started" else session.playback_stopped
            self.talk.report(method, response_id, now)

    @rule(seconds=st.sampled_from([0.1, 6.0, 6.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.talk.now += seconds
        self.talk.report(self.talk.session.tick, self.talk.now)

    @invariant()
    def what_the_client_was_told_is_so(self) -> None:
        held = [item.id for item in self.talk.session._client._conversation]
        assert held == self.talk.mirror.items, "the order the client was told is the server's"
        running = {response.id for response in self.talk.session._responses}
        assert self.talk.session.is_closed or running == set(self.talk.mirror.running)

    @invariant()
    def effects_make_sense_together(self) -> None:
        new, self.seen = self.talk.effects[self.seen :], len(self.talk.effects)
        for effect in new:
            self.follow(effect)
        over = self.generating - set(self.talk.mirror.running)
        self.ended += sorted(over)
        self.generating -= over

    def follow(self, effect: object) -> None:
        """Take an effect as whoever drives the session would."""
        match effect:
            case Generate(response_id):
                assert response_id not in {*self.generating, *self.ended}
                self.generating.add(response_id)
            case StopGenerating(response_id, reason):
                assert response_id in self.generating
                assert (response_id in self.talk.mirror.running) == (reason is StopReason.SESSION_ENDED)
            case FeedVAD(audio, start_ms):
                assert audio
                assert start_ms >= self.heard_until - 1, "the detector hears everything once and in order"
                self.heard_until = start_ms
            case Transcribe(_, audio):
                assert audio
            case Close():
                assert self.talk.session.is_closed

    @precondition(lambda self: self.talk.session.is_closed)
    @rule()
    def silence_after_the_end(self) -> None:
        before = len(self.talk.events), len(self.talk.effects)
        assert self.talk.events[-1]["error"]["code"] == "session_expired"
        self.client("response.create")
        assert (len(self.talk.events), len(self.talk.effects)) == before


class AnySequenceOverWebRTC(AnySequence):
    """The same with a media track."""

    transport = Transport.WEBRTC


class AnySequenceOfATranscription(AnySequence):
    """A session that only listens."""

    config = default_config(model="gpt-4o-transcribe", session_type=SessionType.TRANSCRIPTION)
    settings_type = "transcription"

    @invariant()
    def it_never_answers(self) -> None:
        assert not self.talk.effects_of(Generate)


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestAnySequenceOverWebRTC = AnySequenceOverWebRTC.TestCase
TestAnySequenceOverWebRTC.settings = TestAnySequence.settings
TestAnySequenceOfATranscription = AnySequenceOfATranscription.TestCase
TestAnySequenceOfATranscription.settings = settings(max_examples=25, stateful_step_count=50, deadline=None)
