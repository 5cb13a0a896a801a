"""`limi webhook listen`: a developer's receiver, started as a developer does."""

import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from standardwebhooks import Webhook
from typer.testing import Result

from limi.adapters.sql import upgrade
from tests.unit.cli.processes import Started, started

_SECRET = "whsec_" + "QUFB" * 8
_BODY = b'{"type":"webhook.test","timestamp":"2026-11-21T12:00:00.000Z","data":{}}'


@contextmanager
def _listening(folder: Path, *options: str) -> Iterator[tuple[Started, str]]:
    (folder / "secret").write_text(f"{_SECRET}\n")
    given = () if "--register" in options else ("--secret-file", "secret")
    with started("webhook", "listen", "--port", "0", *given, *options, folder=folder) as process:
        found = re.search(r"listening on http://localhost:(\d+)", process.until("listening on")[-1])
        assert found
        yield process, f"http://127.0.0.1:{found[1]}/"


def _send(
    url: str, *, secret: str = _SECRET, body: bytes = _BODY, sent: bytes | None = None, age: float = 0
) -> int:
    at = datetime.fromtimestamp(int(time.time() - age), UTC)
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("m1", at, body.decode()),
    }
    request = urllib.request.Request(url, sent or body, headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            status: int = answer.status
            return status
    except urllib.error.HTTPError as exc:
        exc.close()
        return exc.code


def test_a_delivery_is_verified_and_printed(folder: Path) -> None:
    with _listening(folder) as (process, url):
        assert _send(url) == 204
        lines = process.until("}")
        assert re.match(r"\S+Z  webhook\.test  verified  m1  → 204\n", lines[0])
        assert '    "type": "webhook.test",\n'[2:] in "".join(lines)
        assert process.stop() == 0


def test_what_is_not_verified_is_printed_with_the_reason_and_moves_no_cursor(folder: Path) -> None:
    with _listening(folder) as (process, url):
        assert _send(url, sent=b"\x1b[2J") == 400
        lines = process.until("[2J")
        assert "not JSON  NOT VERIFIED  m1  → 400" in lines[0]
        assert lines[1].startswith("  wrong secret, or an altered body: ")
        assert lines[2] == "  \\x1b[2J\n"


def test_each_failure_is_told_apart(folder: Path) -> None:
    with _listening(folder, "--json") as (process, url):
        assert _send(url, secret="whsec_" + "QkJC" * 8) == 400
        assert _send(url, age=900) == 400
        assert _send(url, sent=_BODY + b" ") == 400
        assert _send(url) == 204
        assert _send(url) == 204
        assert _send(url, sent=b"{}") == 400
        told = [json.loads(process.until("verified")[-1]) for _ in range(6)]
    assert [(one["verified"], one["status"], one["duplicate"]) for one in told] == [
        (False, 400, False),
        (False, 400, False),
        (False, 400, False),
        (True, 204, False),
        (True, 204, True),
        (False, 400, False),
    ]
    beginnings = [(one["problem"] or "").partition(":")[0] for one in told]
    assert beginnings == [
        "wrong secret, or an altered body",
        "old timestamp",
        "altered body",
        "",
        "",
        "altered body or id",
    ]
    assert told[3]["payload"]["type"] == "webhook.test"
    assert _SECRET not in json.dumps(told)


def test_the_status_is_what_was_wished(folder: Path) -> None:
    with _listening(folder, "--status", "503") as (_, url):
        assert _send(url) == 503


def test_what_is_verified_is_passed_on_with_its_headers_and_redirects_are_not_followed(folder: Path) -> None:
    taken: list[tuple[str, bytes]] = []

    class Application(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.headers["webhook-id"], body))
            self.send_response(307)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        forward = f"http://127.0.0.1:{server.server_address[1]}/hook"
        with _listening(folder, "--forward", forward) as (_, url):
            assert _send(url) == 307
            assert _send(url, sent=b"{}") == 400
        server.shutdown()
    assert taken == [("m1", _BODY)]


def test_an_application_that_is_not_there_is_a_bad_gateway(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with _listening(folder, "--forward", f"http://127.0.0.1:{port}/") as (process, url):
        assert _send(url) == 502
        assert "does not answer" in process.until("does not answer")[-1]


def test_a_registered_endpoint_is_there_as_long_as_it_is_listened_to(
    folder: Path, invoke: Callable[..., Result]
) -> None:
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    with _listening(folder, "--register", "--event", "key.created") as (process, url):
        (endpoint,) = json.loads(invoke("webhook", "list", "--json").stdout)
        assert endpoint["url"].startswith(url)
        assert (endpoint["events"], endpoint["description"]) == (["key.created"], "limi webhook listen")
        assert process.stop() == 0
    assert json.loads(invoke("webhook", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "give one of --secret, --secret-file and --register"),
        (("--secret", "whsec_x", "--register"), "give one of"),
        (("--secret", "nonsense", "--port", "0"), "a webhook secret is `whsec_` and 24–64 bytes in base64"),
        (("--secret", _SECRET, "--forward", "file:///etc/passwd"), "--forward must begin with http"),
        (("--secret-file", "none"), "does not exist"),
    ],
)
def test_a_mistake_is_a_sentence_that_repeats_no_secret(
    invoke: Callable[..., Result], options: tuple[str, ...], sentence: str
) -> None:
    result = invoke("webhook", "listen", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert "nonsense" not in result.stderr
