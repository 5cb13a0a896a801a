"""Receives webhooks of Limi with Python's own server, and verifies them with the `standardwebhooks` library.

    pip install standardwebhooks
    limi webhook create https://your.host/limi --quiet > webhook-secret
    WEBHOOK_SECRET_FILE=webhook-secret python receiver.py

It listens on 127.0.0.1; a proxy with a certificate goes before it.
"""

import argparse
import os
import sys
from collections import OrderedDict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 20_000  # Limi sends less
REMEMBERED = 100_000  # ids; a real receiver keeps them in its database as long as Limi tries, which is 75 hours


class Inbox:
    """Takes each event once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def take(self, message: str, event: dict[str, Any]) -> None:
        """Do with an event whatever is to be done, unless it came before: a delivery may come twice."""
        with self._lock:
            if message in self._seen:
                return
            self._seen[message] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        print(f"{event['type']} at {event['timestamp']}: {event['data']}", flush=True)


def make_handler(webhook: Webhook, inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds that a connection may say nothing

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if not 0 < length <= MOST_BYTES:
                self._answer(413)
                return
            body = self.rfile.read(length)  # the very bytes: a signature covers these and no others
            try:
                event = webhook.verify(body, dict(self.headers))
            except (WebhookVerificationError, ValueError, IndexError):
                self._answer(400)
                return
            inbox.take(self.headers["webhook-id"], event)
            self._answer(204)  # soon: what takes long belongs into a queue

        def _answer(self, status: int) -> None:
            self.send_response(status)
            if status != HTTPStatus.NO_CONTENT:
                self.send_header("content-length", "0")
                self.close_connection = True
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    return Handler


def main() -> None:
    """Receive until interrupted."""
    parser = argparse.ArgumentParser(description="Receive and verify webhooks of Limi.")
    parser.add_argument("--port", type=int, default=4000, help="port to listen on (default: %(default)s)")
    port = parser.parse_args().port
    file = os.environ.get("WEBHOOK_SECRET_FILE")
    if not file:
        sys.exit("WEBHOOK_SECRET_FILE must name a file with the endpoint's secret.")
    webhook = Webhook(Path(file).read_text(encoding="utf-8").strip())
    with ThreadingHTTPServer(("127.0.0.1", port), make_handler(webhook, Inbox())) as server:
        print(f"Listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
