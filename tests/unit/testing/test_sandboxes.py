"""The sandbox as users run it in their tests: with the official SDK, in the loop and in a thread."""

import threading
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from limi.kernel.secret import Secret
from limi.protocol import ProtocolError
from limi.sandbox.config import SandboxConfig
from limi.testing import CountingIds, SandboxInThread, VirtualClock, sandbox

_SCRIPT = """
turns:
  - user: {contains: weather}
    assistant: It rains.
"""
_TEXT: Any = {"type": "realtime", "output_modalities": ["text"]}


def _client(box: SandboxInThread) -> OpenAI:
    return OpenAI(base_url=box.url, api_key=box.api_key, max_retries=0)


def _item(text: str) -> Any:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _ask(client: OpenAI, text: str) -> str:
    with client.realtime.connect(model="gpt-realtime") as connection:
        connection.session.update(session=_TEXT)
        connection.conversation.item.create(item=_item(text))
        connection.response.create()
        for event in connection:
            if event.type == "response.output_text.done":
                return event.text
    raise AssertionError("no answer")


async def test_it_runs_in_the_tests_own_loop_and_an_hour_takes_no_time() -> None:
    async with (
        sandbox(clock=VirtualClock()) as box,
        AsyncOpenAI(base_url=box.url, api_key=box.api_key) as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        assert (await connection.recv()).type == "session.created"
        await box.advance(3_599)
        assert box.sessions[0].is_open
        await box.advance(1)
        event: Any = await connection.recv()
        assert event.error.code == "session_expired"
        await box.until(lambda: not box.sessions[0].is_open)


def test_it_runs_in_a_thread_which_ends_with_it() -> None:
    before = threading.active_count()
    with sandbox(clock=VirtualClock()) as box, _client(box) as client:
        secret = client.realtime.client_secrets.create()
        assert "Hello" in _ask(client, "hello")
        box.until(lambda: not box.sessions[0].is_open)
        assert [event["type"] for event in box.sessions[0].received] == [
            "session.update",
            "conversation.item.create",
            "response.create",
        ]
        assert len(box.sessions[0].sent_of("response.done")) == 1
        box.advance(601)
        with (
            OpenAI(base_url=box.url, api_key=secret.value) as late,
            late.realtime.connect(model="gpt-realtime") as connection,
        ):
            event: Any = connection.recv()
            assert event.error.code == "invalid_api_key"
    assert threading.active_count() == before


def test_a_script_is_played_and_changed(tmp_path: Path) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(_SCRIPT.replace("rains", "snows"))
    with sandbox(script=_SCRIPT) as box, _client(box) as client:
        assert _ask(client, "the weather, please") == "It rains."
        box.play(file)
        assert _ask(client, "the weather, please") == "It snows."
        box.play(None)
        assert "the weather, please" in _ask(client, "the weather, please")


def test_faults_happen_from_the_start_and_as_they_are_added() -> None:
    with (
        sandbox(faults=[{"where": "models", "what": "refuse", "status": 503, "times": 1}]) as box,
        _client(box) as client,
    ):
        with pytest.raises(openai.InternalServerError):
            client.models.list()
        client.models.list()
        box.faults.add("mint", "refuse", status=429, times=1)
        with pytest.raises(openai.RateLimitError):
            client.realtime.client_secrets.create()
        client.realtime.client_secrets.create()


def test_it_is_the_same_in_every_run_when_asked() -> None:
    secrets = []
    for _ in range(2):
        with sandbox(ids=CountingIds(), clock=VirtualClock()) as box, _client(box) as client:
            secret = client.realtime.client_secrets.create()
            secrets.append((secret.value, secret.expires_at))
    assert secrets[0] == secrets[1]


def test_its_own_configuration_holds() -> None:
    config = SandboxConfig(api_key=Secret("sk-right"))
    with sandbox(config) as box, _client(box) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_real_time_cannot_be_advanced() -> None:
    with sandbox() as box, pytest.raises(TypeError, match="virtual clock"):
        box.advance(1)


def test_a_wrong_fault_is_refused_before_anything_runs() -> None:
    with pytest.raises(ProtocolError, match="status"):
        sandbox(faults=[{"where": "mint", "what": "refuse"}])


def test_one_that_does_not_start_says_why_and_leaves_no_thread() -> None:
    made = sandbox(script="turns: 3")
    before = threading.active_count()
    with pytest.raises(Exception, match="turns"), made:
        pytest.fail("it must not run")
    assert threading.active_count() == before
