"""`limi sandbox --script` and `--brain`: who answers."""

import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from limi.cli.brains import BrainKind, choose_brain, read_script
from limi.kernel.settings import SettingsError
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.answering.chat_brain import ChatBrain
from tests.unit.cli.processes import started

Choose = Callable[..., Any]


@pytest.fixture
def choose() -> Choose:
    def choose(kind: BrainKind = BrainKind.OPENAI_CHAT, **options: Any) -> Any:
        return choose_brain(kind, **{"base_url": None, "model": None, "api_key_file": None, **options})

    return choose


def test_nobody_else_is_asked_unless_told_so(choose: Choose) -> None:
    brain = choose(BrainKind.BUILT_IN)
    assert isinstance(brain, BuiltInBrain)
    assert brain._answers.find("What is error 401?") is not None


def test_a_chat_endpoint_may_answer(choose: Choose, folder: Path) -> None:
    (folder / "key").write_text("sk-chat-0123\n")
    brain = choose(base_url="http://127.0.0.1:9/v1", model="llama", api_key_file=folder / "key")
    assert isinstance(brain, ChatBrain)
    key = brain._endpoint.api_key
    assert (brain._endpoint.model, key and key.reveal()) == ("llama", "sk-chat-0123")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "--brain openai-chat needs --base-url, such as http://127.0.0.1:11434/v1 for Ollama."),
        ({"base_url": "localhost:1"}, "--base-url: must begin with http:// or https:// and name a host."),
        (
            {"base_url": "http://a", "api_key_file": Path("none")},
            "--api-key-file: none cannot be read: No such file or directory.",
        ),
        ({"kind": BrainKind.BUILT_IN, "base_url": "http://a"}, "--base-url goes with --brain openai-chat."),
        ({"kind": BrainKind.BUILT_IN, "model": "a"}, "--brain-model goes with --brain openai-chat."),
        ({"kind": BrainKind.BUILT_IN, "api_key_file": Path("a")}, "--api-key-file goes with --brain openai-chat."),
    ],
)
def test_an_option_that_does_not_fit_is_a_sentence(choose: Choose, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        choose(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize("content", [b"", b"two words", b"two\nlines", b"\xff", "schlüssel".encode()])
def test_a_key_that_cannot_be_sent_is_refused_without_quoting_it(
    choose: Choose, folder: Path, content: bytes
) -> None:
    (folder / "key").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        choose(base_url="http://a", api_key_file=folder / "key")
    assert str(caught.value).startswith("--api-key-file: ")
    assert "two" not in str(caught.value)


def test_without_the_http_client_there_is_a_sentence(choose: Choose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "httpx2", None)
    with pytest.raises(
        SettingsError, match=r"^--brain openai-chat: httpx2 is not installed; install limi\[brain\]"
    ):
        choose(base_url="http://a")


def test_a_script_is_read_and_its_mistakes_told(folder: Path) -> None:
    assert read_script(None) is None
    (folder / "a.yaml").write_text("turns:\n- {user: hello, assistant: Hi!}\n")
    script = read_script(folder / "a.yaml")
    assert script is not None
    assert script.source == "a.yaml"
    (folder / "b.yaml").write_text("turns:\n- {user: hello}\n")
    with pytest.raises(SettingsError) as caught:
        read_script(folder / "b.yaml")
    assert str(caught.value) == '--script: b.yaml, line 2, turns[0]: the field "assistant" is missing.'


def test_the_sandbox_starts_with_a_script_and_a_brain(folder: Path) -> None:
    (folder / "a.yaml").write_text("turns:\n- {user: hello, assistant: Hi!}\n")
    options = ("--script", "a.yaml", "--brain", "openai-chat", "--base-url", "http://127.0.0.1:9/v1")
    with started("sandbox", "--port", "0", *options, folder=folder) as sandbox:
        found = re.search(r"http://localhost:\d+/v1", sandbox.until("The sandbox answers at")[-1])
        assert found
        request = urllib.request.Request(f"{found[0]}/models", headers={"Authorization": "Bearer a"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["object"] == "list"
        assert sandbox.stop() == 0
