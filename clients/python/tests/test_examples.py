"""The examples do what their READMEs say, against a real backend with the sandbox behind it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from limi.testing import Backend

from limi_client.voice import pcm_from_wav

EXAMPLES = Path(__file__).parents[3] / "examples"
HELLO = EXAMPLES / "hello.wav"
SERVICE = EXAMPLES / "python-service" / "service.py"
BOT = EXAMPLES / "python-bot" / "bot.py"
SCRIPT = """
hears: ["What is on the menu today?"]
turns:
  - user: {contains: menu}
    assistant:
      - call: get_menu
        arguments: {}
      - "Soup is {result.soup} euros today."
"""
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
    "PYTHONUNBUFFERED": "1",
}


@pytest.fixture
def limi_sandbox_options() -> dict[str, Any]:
    return {"script": SCRIPT}


@pytest.fixture
def service(request: pytest.FixtureRequest, shared_backend: Backend) -> Iterator[str]:
    """The service, started as its README says; its key is one of the backend."""
    key = getattr(request, "param", shared_backend.admin_key)
    settings = {"LIMI_BACKEND_URL": f"{shared_backend.url}/api", "LIMI_API_KEY": key, "PORT": "0"}
    with subprocess.Popen(  # noqa: S603 - our own example
        [sys.executable, SERVICE], env={**ENVIRONMENT, **settings}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://localhost:(\d+)/voice-key", process.stderr.readline())
            assert found
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            process.terminate()
            process.communicate(timeout=10)


def test_the_service_hands_a_key_to_a_user_and_keeps_its_own(service: str, shared_backend: Backend) -> None:
    answer = httpx2.post(f"{service}/voice-key", headers={"Authorization": "Bearer demo-token-of-alice"})
    body = answer.json()
    assert answer.status_code == 200
    assert body["key"].startswith("ek_")
    assert body["urls"]["websocket"].startswith("ws://")
    assert answer.headers["cache-control"] == "no-store"
    assert shared_backend.admin_key not in answer.text


def test_the_service_hands_nothing_to_strangers(service: str) -> None:
    for headers in ({}, {"Authorization": "Bearer somebody"}):
        assert httpx2.post(f"{service}/voice-key", headers=headers).status_code == 401
    assert httpx2.post(f"{service}/elsewhere").status_code == 404


def test_the_service_says_whether_keys_can_be_had(service: str) -> None:
    answer = httpx2.get(f"{service}/health")
    assert (answer.status_code, answer.json()) == (200, {"voice": True})


def test_the_service_listens_where_it_is_told() -> None:
    nobodys = {"HOST": "192.0.2.1", "PORT": "0"}  # of no machine (RFC 5737)
    done = subprocess.run(  # noqa: S603 - our own example
        [sys.executable, SERVICE], env={**ENVIRONMENT, **nobodys}, capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, b"assign requested address" in done.stderr) == (1, True)


@pytest.mark.parametrize("service", ["limi_wrong_0000"], indirect=True)
def test_a_service_with_a_wrong_key_tells_its_users_no_details(service: str) -> None:
    answer = httpx2.post(f"{service}/voice-key", headers={"Authorization": "Bearer demo-token-of-bob"})
    assert answer.status_code == 503
    assert answer.json() == {"error": "Voice is not available now"}


def _bot(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own example
        [sys.executable, BOT, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_bot_hears_a_question_calls_a_tool_and_speaks_the_answer(backend_url: str, tmp_path: Path) -> None:
    saved = tmp_path / "answer.wav"
    done = _bot(HELLO, saved, "--backend", backend_url, "--speed", "20")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:3] == [
        "     get_menu()",
        "You: What is on the menu today?",
        "Bot: Soup is 4.5 euros today.",
    ]
    assert len(pcm_from_wav(saved)) > 48_000


def test_the_bot_says_in_a_line_what_is_wrong(tmp_path: Path) -> None:
    nowhere = ["--backend", "http://127.0.0.1:9/api"]
    done = _bot(HELLO, tmp_path / "a.wav", *nowhere)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "http://127.0.0.1:9/errors/network_error" in line


def test_the_tools_of_the_bot_are_what_openai_takes() -> None:
    program = (
        f"import sys, json, asyncio; sys.path.insert(0, {str(BOT.parent)!r}); import bot; "
        "print(json.dumps([bot.get_menu.as_sent(), bot.book_table.as_sent()])); "
        "print(asyncio.run(bot.book_table.run({'name': 'Zoë', 'people': 2})))"
    )
    done = subprocess.run(  # noqa: S603 - our own example
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=True
    )
    told, booked = done.stdout.splitlines()
    assert [tool["name"] for tool in json.loads(told)] == ["get_menu", "book_table"]
    assert json.loads(booked) == {"booked": True, "name": "Zoë", "people": 2, "table": 1}
