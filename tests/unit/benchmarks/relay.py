"""The smallest server that mints, for tests of questions that run servers: it asks upstream for each key.

Run as `python -m tests.unit.benchmarks.relay PORT UPSTREAM_URL`. With `--keeps` it hands out its first key again
and again; with `--ends-after 3` the process ends in place of a fourth answer.
"""

import argparse
import http.server
import json
import os
import urllib.request
from dataclasses import dataclass
from functools import partial
from typing import Any

__all__ = ["Relay"]

_OK = 200
_REFUSED = 400


@dataclass
class Relay:
    """What is handed out, and how often."""

    upstream_url: str
    keeps: bool
    ends_after: int | None
    minted: int = 0
    kept: dict[str, Any] | None = None

    def mint(self) -> dict[str, Any]:
        """Return upstream's answer, or end."""
        if self.minted == self.ends_after:
            os._exit(3)
        self.minted += 1
        if self.kept is None or not self.keeps:
            asked = urllib.request.Request(f"{self.upstream_url}/realtime/client_secrets", b"{}")  # noqa: S310 - ours
            with urllib.request.urlopen(asked) as answer:  # noqa: S310 - ours
                self.kept = json.load(answer)
        print("mint.succeeded", flush=True)  # noqa: T201 - its log
        return self.kept


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, relay: Relay, *rest: Any) -> None:
        self._relay = relay
        super().__init__(*rest)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, answer = (_REFUSED, {}) if " " in asked["sessionId"] else (_OK, _answer(self._relay.mint()))
        body = json.dumps(answer | {"requestId": self.headers["x-request-id"]}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _answer(secret: dict[str, Any]) -> dict[str, Any]:
    return {
        "ephemeralKey": secret["value"],
        "expiresAt": secret["expires_at"],
        "sessionId": "bench-session-1",
        "model": secret["session"]["model"],
    }


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("upstream_url")
    parser.add_argument("--keeps", action="store_true", help="hand out the first key again and again")
    parser.add_argument("--ends-after", type=int, help="end the process in place of one answer more")
    args = parser.parse_args()
    relay = Relay(upstream_url=args.upstream_url, keeps=args.keeps, ends_after=args.ends_after)
    with http.server.HTTPServer(("127.0.0.1", args.port), partial(_Handler, relay)) as server:
        server.serve_forever()


if __name__ == "__main__":
    _main()
