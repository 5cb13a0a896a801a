"""`limi mint`: one key from a running backend."""

import json
import re
from collections.abc import Awaitable, Callable

import pytest
from typer.testing import Result

from limi.testing import FakeUpstream, Reply, running_backend

Beside = Callable[..., Awaitable[Result]]


async def test_the_key_alone_is_printed_for_scripts(invoke_beside: Beside) -> None:
    async with running_backend() as backend:
        result = await invoke_beside("mint", "--backend", backend.url)
    assert result.exit_code == 0
    assert re.fullmatch(r"ek_\w+\n", result.stdout)


async def test_the_whole_answer_is_printed_as_json(invoke_beside: Beside) -> None:
    async with running_backend() as backend:
        result = await invoke_beside(
            *("mint", "--json", "--backend", f"{backend.url}/", "--session-id", "mine-1"),
            *("--model", "gpt-4-realtime", "--profile", "default"),
        )
    answer = json.loads(result.stdout)
    assert (answer["sessionId"], answer["model"], answer["mode"]) == ("mine-1", "gpt-realtime", "direct")


async def test_the_callers_key_is_sent(invoke_beside: Beside) -> None:
    async with running_backend(environ={"LIMI_ALLOW_ANONYMOUS": "false"}) as backend:
        without = await invoke_beside("mint", "--backend", backend.url)
        by_option = await invoke_beside("mint", "--backend", backend.url, "--key", backend.admin_key)
        by_variable = await invoke_beside("mint", "--backend", backend.url, LIMI_API_KEY=backend.admin_key)
    assert (without.exit_code, by_option.exit_code, by_variable.exit_code) == (1, 0, 0)
    assert without.stderr.startswith("auth_required: Valid API key required for this endpoint\n")


@pytest.mark.parametrize(
    ("option", "code"),
    [(("--model", "gpt-5"), "invalid_request: model: "), (("--profile", "x"), "invalid_request: ")],
)
async def test_a_refusal_says_code_message_and_what_to_do(
    option: tuple[str, str], code: str, invoke_beside: Beside
) -> None:
    async with running_backend() as backend:
        result = await invoke_beside("mint", "--backend", backend.url, *option)
    assert result.exit_code == 1
    assert result.stdout == ""
    first, second = result.stderr.strip().splitlines()
    assert first.startswith(code)
    assert second == "Correct the member that the message names"


async def test_nobody_there_is_a_sentence(invoke_beside: Beside) -> None:
    async with FakeUpstream().running() as gone:
        url = gone.url.removesuffix("/v1")
    result = await invoke_beside("mint", "--backend", url)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{url} does not answer: ")
    assert "limi serve" in result.stderr


@pytest.mark.parametrize("end", ["/api", "/api/"])
async def test_the_url_that_clients_are_given_does_as_well(end: str, invoke_beside: Beside) -> None:
    async with running_backend() as backend:
        result = await invoke_beside("mint", "--backend", f"{backend.url}{end}")
    assert (result.exit_code, result.stdout[:3]) == (0, "ek_")


@pytest.mark.parametrize("backend", ["localhost:3001", "ftp://localhost", "/tmp/socket"])  # noqa: S108 - a word only
async def test_a_backend_that_is_no_url_is_refused(backend: str, invoke_beside: Beside) -> None:
    result = await invoke_beside("mint", "--backend", backend)
    assert (result.exit_code, result.stderr) == (2, "--backend must begin with http:// or https://\n")


@pytest.mark.parametrize(
    "backend",
    [
        *("http://127.0.0.1:99999", "http://127.0.0.1:0", "http://[::1", "http://", "http:///api", "http://a b"),
        *("http://a\nb", "http://localhost?x=", "http://localhost#x"),
    ],
)
async def test_a_url_that_cannot_be_asked_is_not_said_to_be_silent(backend: str, invoke_beside: Beside) -> None:
    result = await invoke_beside("mint", "--backend", backend)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("--backend cannot be asked: it must be a URL of host, port and path")
    assert "limi serve" not in result.stderr


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>a page</html>"),
        Reply(body=b"[]"),
        Reply(body=b"{}"),
        Reply(status=502, body=b"Bad Gateway"),
        Reply(status=302, body=b"", headers={"location": "http://127.0.0.1:1/"}),
    ],
    ids=range(5),
)
async def test_somebody_else_there_is_a_sentence(reply: Reply, invoke_beside: Beside) -> None:
    async with FakeUpstream(always=reply).running() as other:
        result = await invoke_beside("mint", "--backend", other.url, "--key", "limi_0")
        assert len(other.asked) == 1
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{reply.status}: no answer that Limi gives\n"


@pytest.mark.parametrize("key", ["made-up\nkey", "made-up key", "made-up\u00e9"], ids=ascii)
async def test_a_key_that_no_header_can_carry_is_neither_sent_nor_shown(key: str, invoke_beside: Beside) -> None:
    async with FakeUpstream().running() as other:
        result = await invoke_beside("mint", "--backend", other.url, "--key", key)
        assert other.asked == []
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "--key (LIMI_API_KEY) cannot be sent: it must hold visible ASCII characters only\n"
