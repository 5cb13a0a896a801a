"""Calls an ASGI application as a server would, and the context that the envelope would have attached."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from limi.adapters.configuration import load_settings
from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import ASGIApp, Header, Message, Scope
from limi.http.context import RequestContext, put_context
from limi.http.refusal_audit import RefusalAudit
from limi.http.wrong_credentials import WrongCredentials
from limi.kernel.clock import Clock
from limi.kernel.facts import Fact
from limi.kernel.journal import Journal
from limi.testing import CountingIds, InMemoryWindowStore, ManualClock

__all__ = [
    "Answer",
    "Observer",
    "RecordingJournal",
    "RequestLog",
    "call",
    "make_context",
    "make_scope",
    "refusal_audit",
    "wrong_credentials",
]


@dataclass
class Observer:
    """Remembers the limiter's decisions."""

    decisions: list[tuple[str, bool]] = field(default_factory=list)

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        raise AssertionError(f"nothing is minted here: {outcome} {code} {seconds}")

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        self.decisions.append((window, admitted))


@dataclass
class RequestLog:
    """Remembers requests as the metrics would count them."""

    began: list[str] = field(default_factory=list)
    ended: list[tuple[str, str, str, int | None, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def request_began(self, kind: str) -> None:
        self.began.append(kind)

    def request_ended(self, kind: str, route: str, method: str, status: int | None, seconds: float) -> None:
        self.ended.append((kind, route, method, status, seconds))

    def error_answered(self, code: str) -> None:
        self.errors.append(code)


def wrong_credentials(*, limit: int = 3, observer: Observer | None = None) -> WrongCredentials:
    """Return a counter of its own, which admits so many a minute."""
    settings = load_settings({"LIMI_TOKENS_PER_MINUTE": str(limit)}).limits
    store = InMemoryWindowStore(clock=ManualClock(), max_keys=9)
    return WrongCredentials(limiter=RateLimiter(settings=settings, store=store), observer=observer or Observer())


class RecordingJournal:
    """Keeps facts in a list."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def record(self, *facts: Fact) -> "asyncio.Future[None]":
        self.facts += facts
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


def refusal_audit(journal: Journal | None = None, *, clock: Clock | None = None) -> RefusalAudit:
    """Return what records refusals, in a journal of its own unless one is given."""
    return RefusalAudit(
        journal=journal or RecordingJournal(),
        clock=clock or ManualClock(),
        ids=CountingIds(),
        keep_user_agent=True,
    )


@dataclass(frozen=True)
class Answer:
    """What an application sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    messages: list[Message]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def make_context(**changes: Any) -> RequestContext:
    members = {"request_id": "abc123", "ip": "203.0.113.7", "base_url": "http://localhost", "user_agent": None}
    return RequestContext(**{**members, **changes})


def make_scope(
    method: str = "GET",
    path: str = "/",
    *headers: Header,
    kind: str = "http",
    context: RequestContext | None = None,
) -> Scope:
    scope: Scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), *headers],
        "client": ("203.0.113.7", 4711),
        "server": ("127.0.0.1", 3001),
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    if kind == "http":
        scope["method"] = method
    if context is not None:
        put_context(scope, context)
    return scope


async def call(
    app: ASGIApp, scope: Scope, *, body: bytes = b"", chunks: Sequence[Message] | None = None
) -> Answer:
    """Send one request and gather what is answered.

    Args:
        app: who is asked.
        scope: the request.
        body: its body in one piece.
        chunks: the body's messages, where they matter.
    """
    unread = list(chunks or [{"type": "http.request", "body": body, "more_body": False}])
    sent: list[Message] = []

    async def receive() -> Message:
        return unread.pop(0) if unread else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start: Message = sent[0] if sent else {}
    headers = {name.decode(): value.decode() for name, value in start.get("headers", ())}
    return Answer(start.get("status", 0), headers, b"".join(m.get("body", b"") for m in sent[1:]), sent)
