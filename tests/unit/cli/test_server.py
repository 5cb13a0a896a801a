"""How an application is served, whatever it is: here by a small script in a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path
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


@pytest.mark.parametrize(("host", "number"), [("127.0.0.1", signal.SIGTERM), ("localhost", signal.SIGINT)])
def test_it_announces_its_url_believes_no_proxy_and_returns_after_a_signal(
    host: str, number: signal.Signals, folder: Path
) -> None:
    with subprocess.Popen(  # noqa: S603 - a script of ours
        [sys.executable, "-c", SCRIPT, host], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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
