from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest

from limi.adapters.configuration import load_settings
from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import ClientEvent, EventKey
from limi.features.analytics.service import EventIntake
from limi.features.rate_limits.service import RateLimiter
from limi.http.analytics import EVENTS_PATH, AnalyticsRoutes
from limi.http.authentication import Authenticator
from limi.http.errors import Refusal, as_refusal
from limi.http.inputs import InputReader
from limi.http.routes import make_routes
from limi.kernel.frontends import Frontend
from limi.kernel.principal import ClientKind, Principal
from limi.kernel.principal import Scope as Grant
from limi.kernel.secret import Secret
from limi.testing import InMemoryWindowStore, ManualClock
from tests.unit.features.analytics.harness import NOON, CountingObserver
from tests.unit.http.harness import Answer, Observer, call, make_context, make_scope

ID = "0B2F6C1E-6a59-4f0e-9f0b-3f7a3f1c9d11"
CONNECTED = {
    "id": ID,
    "type": "connection_successful",
    "sessionId": "s-1",
    "durationMs": 640,
    "transport": "webrtc",
}
FAILED = {"id": str(UUID(int=2)), "type": "error_occurred", "errorCode": "network_error", "errorMessage": "no way"}


class Keys:
    """A key of the tenant acme, for whatever its token says."""

    async def authenticate(self, token: str, *, origin: str | None) -> Principal | None:
        scope = token.removeprefix("limi_sk_")
        return Principal(caller="key:k", scopes=frozenset({Grant(scope)})) if not origin else None


class Kept(InMemoryAnalyticsStore):
    """Remembers events as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[ClientEvent] = []

    async def add(self, events: Any) -> frozenset[EventKey]:
        self.came += events
        return await super().add(events)


class Door:
    """The route, asked as ASGI."""

    def __init__(self, limit: int = 100) -> None:
        settings = load_settings({"LIMI_TOKENS_PER_MINUTE": str(limit)})
        self.clock, self.store, self.observer = ManualClock(NOON), Kept(), CountingObserver()
        self.decisions = Observer()
        windows = InMemoryWindowStore(clock=self.clock, max_keys=9)
        self.limiter = RateLimiter(settings=settings.limits, store=windows)
        self.intake = EventIntake(store=self.store, settings=settings.analytics, observer=self.observer)
        routes = AnalyticsRoutes(
            intake=self.intake,
            authenticator=Authenticator(admin_key=Secret("admin"), allow_anonymous=True, keys=Keys()),
            limiter=self.limiter,
            reader=InputReader(max_body_bytes=65_536, body_seconds=5),
            limits=self.decisions,
            observer=self.observer,
            clock=self.clock,
        )
        self._app = make_routes(handlers=routes.handlers(), lifespan=_nothing)

    async def report(self, *events: Any, key: str = "", **headers: str) -> Answer:
        body = msgspec.json.encode({"events": events})
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        sent += [(b"authorization", f"Bearer {key}".encode())] if key else []
        scope = make_scope(
            "POST", EVENTS_PATH, (b"content-type", b"application/json"), *sent, context=make_context()
        )
        return await call(self._app, scope, body=body)

    async def refused(self, *events: Any, key: str = "") -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.report(*events, key=key)
        return caught.value


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    await made.intake.start()
    yield made
    await made.intake.stop()


async def test_events_are_kept_and_counted_as_new(door: Door) -> None:
    answer = await door.report(CONNECTED, FAILED, x_limi_client="react/1.0.0")
    assert answer.status == 202
    assert answer.json == {"accepted": 2, "requestId": "abc123"}
    assert answer.headers["ratelimit-remaining"] == "99"
    assert (await door.report(CONNECTED, FAILED)).json["accepted"] == 0
    first, second = door.store.came[:2]
    assert first.key == EventKey("", ID.lower())
    assert (first.at, first.frontend, first.session_id, first.duration_ms, first.transport) == (
        NOON,
        Frontend.REACT,
        "s-1",
        640,
        "webrtc",
    )
    assert (second.code, second.message, second.session_id) == ("network_error", "no way", None)


async def test_a_uuid_is_the_same_in_both_spellings(door: Door) -> None:
    assert (await door.report(CONNECTED, CONNECTED | {"id": ID.upper()})).json["accepted"] == 1


async def test_a_code_that_nobody_knows_is_kept_as_it_is(door: Door) -> None:
    """It is counted under one name; what it was can be looked up while the event is kept."""
    assert (await door.report(FAILED | {"errorCode": "My-Own.Error_7"})).status == 202
    assert door.store.came[0].code == "My-Own.Error_7"


async def test_what_would_move_a_terminal_is_taken_out_of_messages(door: Door) -> None:
    await door.report(FAILED | {"errorMessage": "a\x00b\x1b[2J\u2028c\nd Größe"})
    assert door.store.came[0].message == "a b [2J c d Größe"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (CONNECTED | {"id": "7"}, "events[0].id: must be a UUID"),
        (CONNECTED | {"durationMs": -1}, "events[0].durationMs: must be a whole number"),
        (CONNECTED | {"durationMs": 3_600_001}, "events[0].durationMs: must be a whole number"),
        (CONNECTED | {"durationMs": "640"}, "events[0].durationMs: must be a whole number"),
        (CONNECTED | {"transport": "pigeon"}, "events[0].transport: must be webrtc or websocket"),
        (CONNECTED | {"sessionId": "a b"}, "events[0].sessionId: must be a text of 1–100 characters"),
        (CONNECTED | {"tenant": "other"}, "(`tenant` is not known)"),
        (FAILED | {"errorMessage": "x" * 201}, "events[0].errorMessage: must be a text of at most 200"),
        (FAILED | {"errorCode": "a b"}, "events[0].errorCode: must be a text of 1–64"),
        ({"id": ID, "type": "error_occurred", "errorCode": "x"}, "events[0].errorMessage: is required"),
        (FAILED | {"type": "rating"}, "events: must be an array of at most 100 events"),
        ({}, "(`type` is missing)"),
        (7, "events: must be an array"),
    ],
)
async def test_a_wrong_member_is_named_with_its_rule(door: Door, event: Any, said: str) -> None:
    refusal = await door.refused(event)
    assert refusal.code == "invalid_request"
    assert said in (refusal.message or "")
    assert not door.store.came
    assert dict(door.observer.seen) == {("unknown", "refused"): 1}


async def test_a_request_has_a_hundred_events_and_no_more(door: Door) -> None:
    events = [FAILED | {"id": str(UUID(int=number))} for number in range(101)]
    assert (await door.report(*events[:100])).json["accepted"] == 100
    assert "at most 100" in ((await door.refused(*events)).message or "")
    assert (await door.report()).json["accepted"] == 0


async def test_a_body_of_more_than_64_kib_is_refused(door: Door) -> None:
    assert (await door.refused(FAILED | {"errorMessage": "x" * 66_000})).code == "payload_too_large"


async def test_reports_are_limited_as_mints_are_and_take_no_mints_place() -> None:
    door = Door(limit=2)
    await door.intake.start()
    assert [(await door.report(FAILED)).status for _ in range(2)] == [202, 202]
    refusal = await door.refused(FAILED)
    assert refusal.code == "rate_limit_exceeded"
    assert (b"ratelimit-remaining", b"0") in refusal.headers
    assert refusal.by
    assert (await door.limiter.admit_mint(refusal.by, ClientKind.OTHER)).admitted
    assert door.decisions.decisions == [("events", True), ("events", True), ("events", False)]
    await door.intake.stop()


async def test_a_key_needs_the_scope_of_mints(door: Door) -> None:
    assert (await door.report(FAILED, key="limi_sk_mint")).status == 202
    assert (await door.refused(FAILED, key="limi_sk_stats")).code == "forbidden"


async def test_while_nothing_can_be_kept_nothing_is_accepted(door: Door) -> None:
    await door.intake.stop()
    with pytest.raises(AnalyticsUnavailableError) as caught:
        await door.report(FAILED)
    assert as_refusal(caught.value).code == "analytics_unavailable"
