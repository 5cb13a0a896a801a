"""The receiver behind `limi webhook listen`: verifies deliveries and says what is wrong with those that fail.

Verification is the specification's own library's. It says little of why, on purpose: a stranger should learn
nothing. Here the stranger is the developer, so what can be told is told, without ever printing a secret.
"""

import base64
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from limi.kernel.secret import Secret

__all__ = ["Forward", "Received", "Receiver", "Verifier"]

_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_TOLERANCE_SECONDS: Final = 300
"""The library's: five minutes, either way."""
_MAX_BYTES: Final = 1_048_576
"""Fifty times what Limi sends at most."""
_PREFIX: Final = "whsec_"
_BYTES: Final = range(24, 65)
_MOST_SEEN: Final = 10_000
_POST_ONLY: Final = b"This is `limi webhook listen`. Point a webhook endpoint here; it is sent POST requests.\n"

Forward = Callable[[bytes, Mapping[str, str]], Awaitable[int]]
"""Passes a body and its headers on, and returns the status of the answer."""
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request, looked at."""

    message: str
    """Its `webhook-id`; empty where there is none."""
    body: bytes
    problem: str | None
    """Why it is not to be believed; None where it is verified."""
    again: bool
    """Whether a verified one of that id came before."""
    status: int
    """What it was answered."""


class Verifier:
    """Tells whether a request comes from whoever knows the secret, and why not."""

    def __init__(self, *, secret: Secret, now: Callable[[], float]) -> None:
        """Keep the secret.

        Raises:
            ValueError: it is none; the message does not hold it.
        """
        if not _is_secret(secret.reveal()):
            raise ValueError("a webhook secret is `whsec_` and 24–64 bytes in base64")
        self._webhook = Webhook(secret.reveal())
        self._now = now
        self._fitted = False

    def problem(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """Return why a request is not to be believed, None where it is.

        Args:
            headers: by lower-case name.
            body: the very bytes that came.
        """
        missing = [name for name in _HEADERS if not headers.get(name)]
        if missing:
            return (
                f"no header {' and no header '.join(missing)}: this does not come from Standard Webhooks' senders"
            )
        if late := self._late(headers["webhook-timestamp"]):
            return late
        if self._verifies(headers, body):
            self._fitted = True
            return None
        return self._mismatch(headers, body)

    def _verifies(self, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            self._webhook.verify(body, dict(headers), json_parse=False)
        # The library lets what is malformed in a signature through as whatever it meets.
        except (WebhookVerificationError, ValueError, IndexError):
            return False
        return True

    def _late(self, timestamp: str) -> str | None:
        try:
            age = self._now() - float(timestamp)
        except ValueError:
            return "webhook-timestamp is no number of Unix seconds"
        if age > _TOLERANCE_SECONDS:
            return (
                f"old timestamp: signed {age:.0f} s ago, more than {_TOLERANCE_SECONDS} s. Somebody repeats an "
                "old request, or one of the two clocks is wrong"
            )
        if age < -_TOLERANCE_SECONDS:
            return f"timestamp of the future: {-age:.0f} s ahead, so one of the two clocks is wrong"
        return None if age == age else "webhook-timestamp is no number of Unix seconds"  # noqa: PLR0124 - NaN

    def _mismatch(self, headers: Mapping[str, str], body: bytes) -> str:
        if not any(part.startswith("v1,") for part in headers["webhook-signature"].split(" ")):
            return "webhook-signature holds no signature of version v1"
        if any(self._verifies(headers, was) for was in _before_changes(body)):
            return (
                "altered body: the signature fits the same JSON written otherwise. Verify the bytes as they came, "
                "before anything parses or reformats them"
            )
        if self._fitted:
            return "altered body or id: this secret fitted earlier requests, and does not fit what came now"
        return (
            "wrong secret, or an altered body: the signature does not fit. The secret belongs to another "
            "endpoint, or was rotated and its overlap is over"
        )


class Receiver:
    """The ASGI application."""

    def __init__(
        self, *, verifier: Verifier, status: int, forward: Forward | None, show: Callable[[Received], None]
    ) -> None:
        """Keep the parts.

        Args:
            verifier: says what is to be believed.
            status: answered to verified requests that are not passed on.
            forward: whom verified requests are passed on to, whose status is answered then.
            show: is told of every request.
        """
        self._verifier = verifier
        self._status = status
        self._forward = forward
        self._show = show
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        """Answer one request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] != "http" or scope["method"] != "POST":
            await _answer(send, 405, _POST_ONLY)
        else:
            body = await _read(receive)
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            status = await self._take(headers, body) if body is not None else 413
            await _answer(send, status)

    async def _take(self, headers: Mapping[str, str], body: bytes) -> int:
        message = headers.get("webhook-id", "")
        problem = self._verifier.problem(headers, body)
        status, again = 400, message in self._seen
        if problem is None:
            # What is shown was believed first: a duplicate that is not verified is none.
            status = await self._forward(body, headers) if self._forward else self._status
            self._remember(message)
        self._show(
            Received(message=message, body=body, problem=problem, again=again and problem is None, status=status)
        )
        return status

    def _remember(self, message: str) -> None:
        self._seen[message] = None
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)


def _is_secret(text: str) -> bool:
    # Looked at first, because the library takes whatever is left of a text that is none.
    try:
        return text.startswith(_PREFIX) and len(base64.b64decode(text[len(_PREFIX) :], validate=True)) in _BYTES
    except ValueError:
        return False


def _before_changes(body: bytes) -> Iterator[bytes]:
    """Yield what the body may have been before a proxy or a framework wrote the same JSON otherwise."""
    yield body.strip()
    try:
        parsed = json.loads(body)
    except ValueError:
        return
    for separators in ((",", ":"), (", ", ": ")):
        for ascii_only in (False, True):
            yield json.dumps(parsed, separators=separators, ensure_ascii=ascii_only).encode("utf-8", "replace")


async def _read(receive: _Receive) -> bytes | None:
    """Return the whole body; None where it is too large, or its sender left."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > _MAX_BYTES:
            return None
        if not message.get("more_body", False):
            return body


async def _answer(send: _Send, status: int, text: bytes = b"") -> None:
    headers = [] if status == 204 else [(b"content-length", str(len(text)).encode())]  # noqa: PLR2004
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def _live(receive: _Receive, send: _Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
