"""How an application is served, whatever it is: here by a small script in a process of its own."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

SCRIPT = """
import sys
from limi.cli.server import run_server

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("stopped", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    headers = dict(scope["headers"])
    body = f"{scope['client'][0]} {scope['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

run_server(app, host=sys.argv[1], port=0, shutdown_seconds=5, announce=lambda url: print(url, flush=True))
print("last words")
"""

STOPPED_SCRIPT = """
import asyncio, os, signal, socket
from limi.cli.server import run_server

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("lifespan over", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.4)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"finished"})

async def farewell():
    print("farewell", flush=True)
    await asyncio.sleep(FAREWELL_SECONDS)

listener = socket.create_server(("127.0.0.1", 0))
run_server(
    app,
    host="127.0.0.1",
    port=0,
    shutdown_seconds=0.5,
    announce=lambda url: print(url, listener.getsockname()[1], flush=True),
    farewell=farewell,
    listener=listener,
)
print("last words")
"""


@contextmanager
def _serving(folder: Path, first: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `SCRIPT` on the loopback address, after the lines `first`; yield its process and its URL."""
    with subprocess.Popen(  # noqa: S603 - a script of ours
        [sys.executable, "-c", first + SCRIPT, "127.0.0.1"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.parametrize(("farewell_seconds", "cut"), [("0", False), ("3600", True)])
def test_it_says_farewell_first_and_waits_half_a_second_for_requests_if_told_so(
    farewell_seconds: str, folder: Path, *, cut: bool
) -> None:
    """The socket it is given is the one it listens on; a farewell that takes too long is not waited for."""
    script = STOPPED_SCRIPT.replace("FAREWELL_SECONDS", farewell_seconds)
    with subprocess.Popen(  # noqa: S603 - a script of ours
        [sys.executable, "-c", script], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            url, port = process.stdout.readline().split()
            assert url == f"http://localhost:{port}"
            with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
                assert answer.read() == b"finished"
            assert process.wait(timeout=30) == 0
            farewell, *between, over, last = process.stdout.read().splitlines()
            assert (farewell, over, last) == ("farewell", "lifespan over", "last words")
            assert any("server.farewell.cut" in line for line in between) == cut
        finally:
            process.kill()


def test_what_is_not_http_is_answered_in_json(folder: Path) -> None:
    """The bounds of `limi.cli.connections` are in force."""
    with (
        _serving(folder) as (_, url),
        create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=30) as client,
    ):
        client.sendall(b"nonsense\r\n\r\n")
        assert b'"code":"invalid_request"' in client.makefile("rb").read()


@pytest.mark.parametrize(
    ("host", "number"),
    [("127.0.0.1", signal.SIGTERM), ("localhost", signal.SIGINT), ("127.0.0.1", signal.SIGHUP)],
)
def test_it_announces_its_url_believes_no_proxy_and_returns_after_a_signal(
    host: str, number: signal.Signals, folder: Path
) -> None:
    # Under nohup these tests' children would begin by ignoring it.
    heeded = f"import signal\nsignal.signal({number:d}, signal.SIG_DFL)"
    command = [sys.executable, "-c", heeded + SCRIPT, host]
    with subprocess.Popen(  # noqa: S603 - a script of ours
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            url = process.stdout.readline().strip()
            assert url.startswith("http://localhost:")
            spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
            with urlopen(Request(url, headers=spoofed), timeout=30) as answer:  # noqa: S310 - our own server
                assert answer.read() in {b"127.0.0.1 http", b"::1 http"}
                assert "server" not in answer.headers
            process.send_signal(number)
            assert process.wait(timeout=30) == 0
            assert process.stdout.read() == "stopped\nlast words\n"
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_a_terminal_that_goes_ends_nothing_under_nohup(folder: Path) -> None:
    ignored = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with _serving(folder, ignored) as (process, url):
        process.send_signal(signal.SIGHUP)
        for _ in range(3):
            with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
                assert answer.status == 200


def test_a_signal_is_heeded_between_two_ticks(folder: Path) -> None:
    rarely = "import limi.cli.server\nlimi.cli.server._TICK_SECONDS = 3600.0"
    with _serving(folder, rarely) as (process, url):
        with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_each_tick_makes_the_date_anew(folder: Path) -> None:
    numbered = """
import itertools, limi.cli.server, uvicorn.server
limi.cli.server._TICK_SECONDS = 0.01
dates = itertools.count()
uvicorn.server.formatdate = lambda *_, **__: f"date {next(dates)}"
"""
    with _serving(folder, numbered) as (_, url):
        seen: set[str] = set()
        until = time.monotonic() + 30
        while len(seen) < 3 and time.monotonic() < until:
            with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
                seen.add(answer.headers["date"])
        assert len(seen) >= 3
