"""A service that gives its own users keys for voice calls: `python service.py`.

Browsers and phones never see the backend's API key: they show this service who they are, and get a key that lives
for minutes. The standard library is all the server there is; the same handful of lines fits any web framework.
"""

import json
import logging
import math
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from limi_client import APIError, LimiAIServiceIntegration, RateLimitError

USERS = {"demo-token-of-alice": "alice", "demo-token-of-bob": "bob"}
"""Stands for however your service knows its users."""
log = logging.getLogger("service")


class Service(ThreadingHTTPServer):
    """`POST /voice-key` for users, `GET /health` for operators."""

    daemon_threads = True

    def __init__(self, host: str, port: int, limi: LimiAIServiceIntegration) -> None:
        super().__init__((host, port), Handler)
        self.limi = limi


class Handler(BaseHTTPRequestHandler):
    """Answers one request; the client behind `limi` is shared by all threads."""

    server: Service

    def do_POST(self) -> None:
        """Hand a key to a user."""
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65_536))
        user = USERS.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))
        if self.path != "/voice-key":
            self.answer(404, {"error": "There is nothing here"})
        elif user is None:
            self.answer(401, {"error": "Log in first"})
        else:
            self.hand_out_key(user)

    def do_GET(self) -> None:
        """Say whether keys can be had."""
        try:
            healthy = self.server.limi.check_service_health().is_healthy
        except APIError as error:
            log.warning("%s", error)
            healthy = False
        self.answer(200 if healthy else 503, {"voice": healthy})

    def hand_out_key(self, user: str) -> None:
        """Mint a key in the service's name, and translate what can go wrong into this service's own words."""
        try:
            key = self.server.limi.generate_token_for_service(
                f"shop-{user}", capabilities=["audio_input", "audio_output"]
            )
        except RateLimitError as error:
            wait = math.ceil(error.retry_after_seconds or 1)
            self.answer(429, {"error": "Too many calls at once"}, {"Retry-After": str(wait)})
        except APIError as error:
            # The message names the backend and its page: it is for operators, not for users.
            log.warning("%s", error)
            self.answer(503, {"error": "Voice is not available now"})
        else:
            urls = {"webrtc": key.urls.webrtc, "websocket": key.urls.websocket}
            self.answer(200, {"key": key.ephemeral_key, "expiresAt": key.expires_at, "urls": urls})

    def answer(self, status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> None:
        """Send JSON that nobody keeps."""
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log as the rest does."""
        log.info(format, *args)


def main() -> None:
    """Serve until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    backend = os.environ.get("LIMI_BACKEND_URL", "http://localhost:3001/api")
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "3003"))
    with (
        LimiAIServiceIntegration(backend, os.environ.get("LIMI_API_KEY")) as limi,
        Service(host, port, limi) as service,
    ):
        log.info("Keys for users at http://localhost:%d/voice-key, from %s", service.server_port, backend)
        try:
            service.serve_forever()
        except KeyboardInterrupt:
            log.info("Stopped")


if __name__ == "__main__":
    main()
