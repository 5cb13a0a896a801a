"""Whatever happens in whatever order, the promises to clients hold."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from limi.protocol import Limits, Transport
from tests.unit.protocol.harness import Harness, pcm, vad_config

PICK = st.integers(min_value=0, max_value=40)


class AnySequence(RuleBasedStateMachine):
    """Plays a client, a detector and a generator at random; the harness checks every event on its way."""

    transport = Transport.WEBSOCKET

    def __init__(self) -> None:
        super().__init__()
        self.talk = Harness(
            vad_config(idle_timeout_ms=5000),
            transport=self.transport,
            limits=Limits(items=12, stored_audio_bytes=len(pcm(900)), buffer_bytes=len(pcm(2000))),
        )
        self.seen = 0
        self.items: list[str] = []
        self.open: set[str] = set()
        self.conversation_responses: set[str] = set()
        self.parts: set[tuple[str, str]] = set()

    def some_item(self, pick: int) -> str:
        """Return an item there is, or one there is not."""
        return self.items[pick % len(self.items)] if self.items and pick % 7 else "item_unknown"

    def some_response(self, pick: int) -> str:
        """Return a response that runs, or one that does not."""
        running = sorted(self.open)
        return running[pick % len(running)] if running and pick % 7 else "resp_unknown"

    @rule(pick=PICK, after=st.sampled_from(["end", "root", "some"]))
    def create_item(self, pick: int, after: str) -> None:
        members: dict[str, Any] = {"id": f"item_{pick}"} if pick % 3 == 0 else {}
        content = [{"type": "input_text", "text": "hello"}]
        previous = {"end": None, "root": "root", "some": self.some_item(pick)}[after]
        self.talk.client(
            "conversation.item.create",
            item={"type": "message", "role": "user", "content": content, **members},
            previous_item_id=previous,
        )

    @rule(pick=PICK, what=st.sampled_from(["delete", "retrieve"]))
    def touch_item(self, pick: int, what: str) -> None:
        self.talk.client(f"conversation.item.{what}", item_id=self.some_item(pick))

    @rule(pick=PICK, milliseconds=st.integers(0, 700))
    def truncate(self, pick: int, milliseconds: int) -> None:
        self.talk.client(
            "conversation.item.truncate",
            item_id=self.some_item(pick),
            content_index=0,
            audio_end_ms=milliseconds,
        )

    @rule(modality=st.sampled_from(["text", "audio"]), conversation=st.sampled_from(["auto", "none"]))
    def create_response(self, modality: str, conversation: str) -> None:
        self.talk.client(
            "response.create", response={"output_modalities": [modality], "conversation": conversation}
        )

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self.talk.client("response.cancel", **({"response_id": self.some_response(pick)} if pick % 2 else {}))

    @rule(milliseconds=st.sampled_from([0, 50, 100, 700]))
    def append(self, milliseconds: int) -> None:
        self.talk.report(self.talk.session.receive_audio, pcm(milliseconds), self.talk.now)

    @rule(what=st.sampled_from(["commit", "clear"]))
    def buffer(self, what: str) -> None:
        self.talk.client(f"input_audio_buffer.{what}")

    @rule(interrupt=st.booleans(), detection=st.sampled_from(["server_vad", "semantic_vad", None]))
    def update(self, interrupt: bool, detection: str | None) -> None:  # noqa: FBT001 - hypothesis passes by name
        turn_detection = None if detection is None else {"type": detection, "interrupt_response": interrupt}
        session = {"type": "realtime", "audio": {"input": {"turn_detection": turn_detection}}}
        self.talk.client("session.update", session=session)

    @rule(at_ms=st.integers(-10, 3000), what=st.sampled_from(["started", "stopped"]))
    def detect(self, at_ms: int, what: str) -> None:
        method = self.talk.session.speech_started if what == "started" else self.talk.session.speech_stopped
        self.talk.report(method, at_ms, self.talk.now)

    @rule(pick=PICK, text=st.text(max_size=8), milliseconds=st.sampled_from([0, 20, 300]))
    def generate(self, pick: int, text: str, milliseconds: int) -> None:
        self.talk.speech(self.some_response(pick), text, milliseconds)

    @rule(pick=PICK, what=st.sampled_from(["started", "delta", "done"]))
    def call(self, pick: int, what: str) -> None:
        session, response_id, now = self.talk.session, self.some_response(pick), self.talk.now
        if what == "done":
            self.talk.report(session.function_call_done, response_id, now)
        else:
            method = session.function_call_started if what == "started" else session.function_call_delta
            self.talk.report(method, response_id, "{}", now)

    @rule(pick=PICK, well=st.booleans())
    def finish(self, pick: int, well: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        session, response_id = self.talk.session, self.some_response(pick)
        if well:
            self.talk.report(session.finish, response_id, self.talk.now)
        else:
            self.talk.report(session.fail, response_id, "code", "message", self.talk.now)

    @rule(pick=PICK)
    def transcribe(self, pick: int) -> None:
        self.talk.report(self.talk.session.transcription_finished, self.some_item(pick), "words", self.talk.now)

    @rule(pick=PICK, what=st.sampled_from(["started", "stopped", "cleared"]))
    def play(self, pick: int, what: str) -> None:
        session, response_id, now = self.talk.session, self.some_response(pick), self.talk.now
        if what == "cleared":
            self.talk.report(session.playback_cleared, response_id, 10, now)
        else:
            self.talk.report(
                session.playback_started if what == "started" else session.playback_stopped, response_id, now
            )

    @rule(seconds=st.sampled_from([0.1, 6.0]))
    def wait(self, seconds: float) -> None:
        self.talk.now += seconds
        self.talk.report(self.talk.session.tick, self.talk.now)

    @invariant()
    def events_make_sense_together(self) -> None:
        new, self.seen = self.talk.events[self.seen :], len(self.talk.events)
        for event in new:
            self.follow(event)
        assert len(self.open & self.conversation_responses) <= 1, "one active response in the conversation"
        held = [item.id for item in self.talk.session._client._conversation]
        assert held == self.items, "the order the client was told is the server's"

    def follow(self, event: dict[str, Any]) -> None:
        """Keep a client's picture of the session, and refuse what does not fit into it."""
        match event["type"]:
            case "conversation.item.added":
                self.add_item(event["item"]["id"], event["previous_item_id"])
            case "conversation.item.deleted":
                self.items.remove(event["item_id"])
            case "conversation.item.done":
                assert event["item"]["id"] in self.items
            case "response.created":
                self.open.add(event["response"]["id"])
                if event["response"]["conversation_id"] is not None:
                    self.conversation_responses.add(event["response"]["id"])
            case "response.done":
                self.open.remove(event["response"]["id"])
                left_open = {part for part in self.parts if part[0] == event["response"]["id"]}
                assert not left_open, "everything that was opened is closed"
                assert all(item["status"] != "in_progress" for item in event["response"]["output"])
            case "response.content_part.added":
                self.parts.add((event["response_id"], event["item_id"]))
            case "response.content_part.done":
                self.parts.remove((event["response_id"], event["item_id"]))
        if "response_id" in event and event["type"].startswith("response."):
            assert event["response_id"] in self.open, "nothing of a response comes after its end"

    def add_item(self, item_id: str, previous: str | None) -> None:
        """Put an item where the server says it stands."""
        assert item_id not in self.items
        index = 0 if previous is None else self.items.index(previous) + 1
        self.items.insert(index, item_id)


class AnySequenceOverWebRTC(AnySequence):
    """The same with a media track."""

    transport = Transport.WEBRTC


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnySequenceOverWebRTC = AnySequenceOverWebRTC.TestCase
TestAnySequenceOverWebRTC.settings = TestAnySequence.settings
