"""A key or the reason why there is none, whatever upstream does: the contract's table over real sockets."""

import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi import __version__
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.openai import OpenAIUpstream
from limi.adapters.upstream.transports import Answer, ASGITransport
from limi.features.client_secrets.errors import (
    UpstreamAuthError,
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
from limi.features.client_secrets.model import ClientSecret
from limi.kernel.clock import Clock
from limi.kernel.secret import Secret
from limi.testing import FakeUpstream, ManualClock, Reply

MAIN_KEY = "sk-main-key-of-a-test"
LEAKED = "ek_in_a_body_that_must_not_be_quoted"
BODY = json.dumps({"session": {"type": "realtime", "model": "gpt-realtime-2.1"}}).encode()
TIMEOUT_SECONDS = 0.05

Make = Callable[..., OpenAIUpstream]


class Observations(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def observed() -> Observations:
    return Observations()


@pytest.fixture
async def server() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream().running() as running:
        yield running


@pytest.fixture
async def upstream(
    server: FakeUpstream, clock: ManualClock, observed: Observations
) -> AsyncIterator[OpenAIUpstream]:
    made = make(server.url, clock, observed)
    yield made
    await made.close()


def make(url: str, clock: Clock, observed: Observations, *, timeout_seconds: float = 5.0) -> OpenAIUpstream:
    transport = HTTPTransport(
        base_url=url,
        timeout_seconds=timeout_seconds,
        max_bytes=1_048_576,
        user_agent=f"Limi-AI-Backend/{__version__}",
    )
    return OpenAIUpstream(transport=transport, api_key=Secret(MAIN_KEY), clock=clock, observe=observed)


async def mint(upstream: OpenAIUpstream) -> ClientSecret:
    return await upstream.mint(BODY, safety_identifier="safe-1")


async def refusal(upstream: OpenAIUpstream) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await mint(upstream)
    said = "".join(map(str, (caught.value, caught.value.reason, caught.value.__cause__, caught.value.args)))
    assert MAIN_KEY not in said
    assert LEAKED not in said
    return caught.value


def secret_body(**members: Any) -> bytes:
    session = {"id": "sess_1", "object": "realtime.session", "type": "realtime", "model": "gpt-realtime-2.1"}
    return json.dumps({"value": "ek_1", "expires_at": 1_790_000_600, "session": session, **members}).encode()


class TestWhatIsSent:
    async def test_the_mint(self, server: FakeUpstream, upstream: OpenAIUpstream) -> None:
        await mint(upstream)
        (asked,) = server.asked
        assert (asked.method, asked.path, asked.body) == ("POST", "/v1/realtime/client_secrets", BODY)
        assert asked.headers["authorization"] == f"Bearer {MAIN_KEY}"
        assert asked.headers["content-type"] == "application/json"
        assert asked.headers["openai-safety-identifier"] == "safe-1"
        assert re.fullmatch(r"Limi-AI-Backend/\d+\.\d+\.\d+.*", asked.headers["user-agent"])

    async def test_the_check_lists_models_with_the_key_and_costs_nothing(
        self, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        await upstream.check()
        (asked,) = server.asked
        assert (asked.method, asked.path) == ("GET", "/v1/models")
        assert asked.headers["authorization"] == f"Bearer {MAIN_KEY}"


class TestSuccess:
    async def test_upstreams_secret_is_read(self, server: FakeUpstream, upstream: OpenAIUpstream) -> None:
        secret = await mint(upstream)
        assert secret.value.reveal().startswith("ek_")
        assert secret.expires_at == server.now + 600
        assert (secret.session_id, secret.model) == ("sess_000001", "gpt-realtime-2.1")

    async def test_members_nobody_knows_yet_are_ignored(
        self, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        server.always = Reply(body=secret_body(new_member={"a": 1}, session={"id": "sess_2", "extra": None}))
        secret = await mint(upstream)
        assert (secret.session_id, secret.model) == ("sess_2", None)

    async def test_how_long_it_took_is_observed(
        self, server: FakeUpstream, upstream: OpenAIUpstream, observed: Observations
    ) -> None:
        await mint(upstream)
        server.always = Reply(status=500, body=b"")
        await refusal(upstream)
        assert observed == [0.0, 0.0]


class TestStatuses:
    @pytest.mark.parametrize(
        ("status", "kind", "code"),
        [
            (400, UpstreamError, "token_generation_failed"),
            (401, UpstreamAuthError, "openai_auth_failed"),
            (403, UpstreamError, "token_generation_failed"),
            (404, UpstreamError, "token_generation_failed"),
            (429, UpstreamRateLimitedError, "openai_rate_limited"),
            (500, UpstreamError, "token_generation_failed"),
            (503, UpstreamError, "token_generation_failed"),
            (201, UpstreamError, "token_generation_failed"),
            (204, UpstreamError, "token_generation_failed"),
            (302, UpstreamError, "token_generation_failed"),
        ],
    )
    async def test_a_status_becomes_the_error_of_the_contract(
        self, status: int, kind: type[UpstreamError], code: str, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        body = b"" if status == 204 else json.dumps({"error": {"message": f"wrong {MAIN_KEY} {LEAKED}"}}).encode()
        server.always = Reply(status=status, body=body, headers={"location": "/v1/elsewhere"})
        error = await refusal(upstream)
        assert type(error) is kind
        assert (error.code, error.status) == (code, status)
        assert len(server.asked) == 1

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (
                {"code": "invalid_value", "param": "session.voice"},
                "upstream answered 400: invalid_value at session.voice",
            ),
            ({"code": "model_not_found", "param": None}, "upstream answered 400: model_not_found"),
            ({"code": None, "param": "session"}, "upstream answered 400: no code at session"),
            ({"code": None, "param": None}, "upstream answered 400"),
            ({"code": f"{LEAKED} {MAIN_KEY}"}, "upstream answered 400"),
            ({"code": "x" * 1000}, "upstream answered 400"),
            ("down", "upstream answered 400"),
        ],
        ids=range(7),
    )
    async def test_a_refusal_names_upstreams_code_and_member_and_nothing_else(
        self, error: object, reason: str, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        """An operator whose profile upstream refuses has to learn which member it was."""
        server.always = Reply(status=400, body=json.dumps({"error": error}).encode())
        assert (await refusal(upstream)).reason == reason

    @pytest.mark.parametrize(
        ("status", "kind"), [(401, UpstreamAuthError), (403, UpstreamError), (429, UpstreamRateLimitedError)]
    )
    async def test_the_check_tells_the_same(
        self, status: int, kind: type[UpstreamError], server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        server.always = Reply(status=status, body=b"")
        with pytest.raises(kind) as caught:
            await upstream.check()
        assert caught.value.status == status

    @pytest.mark.parametrize("body", [b"<html>Log in to the network</html>", b"", b"[]", b"null", b"\xff{}"])
    async def test_the_check_takes_no_page_for_an_answer(
        self, body: bytes, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        """What stands before upstream answers 200 too, and mints would fail while health says that all is fine."""
        server.always = Reply(body=body)
        with pytest.raises(UpstreamError, match="not one of the API"):
            await upstream.check()


def date(clock: ManualClock, seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(clock.now(), UTC) + timedelta(seconds=seconds), usegmt=True)


class TestRetryAfter:
    async def wait(self, headers: dict[str, str], server: FakeUpstream, upstream: OpenAIUpstream) -> int | None:
        server.queued.append(Reply(status=429, body=b"{}", headers=headers))
        error = await refusal(upstream)
        assert isinstance(error, UpstreamRateLimitedError)
        return error.retry_after_ms

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ({}, None),
            ({"retry-after": "20"}, 20_000),
            ({"Retry-After": "0"}, 0),
            ({"retry-after": "1.5"}, 1500),
            ({"retry-after": "0.0001"}, 1),
            ({"retry-after-ms": "1200"}, 1200),
            ({"retry-after-ms": "1200", "retry-after": "9"}, 1200),
            ({"retry-after-ms": "soon", "retry-after": "9"}, 9000),
            ({"retry-after": "86400"}, 86_400_000),
            ({"retry-after": "86401"}, None),
            ({"retry-after": "-5"}, None),
            ({"retry-after": "nan"}, None),
            ({"retry-after": "inf"}, None),
            ({"retry-after": "soon"}, None),
            ({"retry-after": "Wed, 99 Foo 2026 25:61:61 GMT"}, None),
            ({"retry-after": "Wed, 21 Oct 99999999999 07:28:00 GMT"}, None),
            ({"retry-after": "Wed, 21 Oct 2026 07:28:00 +9999999999999999"}, None),
            ({"retry-after": "\xff\xfe"}, None),
        ],
    )
    async def test_it_is_read_as_milliseconds_or_not_at_all(
        self, headers: dict[str, str], expected: int | None, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        assert await self.wait(headers, server, upstream) == expected

    @pytest.mark.parametrize(
        ("seconds", "expected"), [(30, 30_000), (0, 0), (-60, 0), (86_400, 86_400_000), (90_000, None)]
    )
    async def test_a_date_is_counted_from_now(
        self,
        seconds: int,
        expected: int | None,
        clock: ManualClock,
        server: FakeUpstream,
        upstream: OpenAIUpstream,
    ) -> None:
        assert await self.wait({"retry-after": date(clock, seconds)}, server, upstream) == expected

    async def test_the_old_form_of_a_date_is_utc_wherever_the_server_stands(
        self, clock: ManualClock, server: FakeUpstream, upstream: OpenAIUpstream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import time  # noqa: PLC0415 - only here is the machine's time zone a matter

        monkeypatch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        try:
            moment = datetime.fromtimestamp(clock.now(), UTC) + timedelta(seconds=30)
            assert (
                await self.wait({"retry-after": moment.strftime("%a %b %d %H:%M:%S %Y")}, server, upstream)
                == 30_000
            )
        finally:
            monkeypatch.undo()
            time.tzset()


class CannedTransport:
    """Gives one answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    async def send(self, *_: Any, **__: Any) -> Answer:
        return self.answer

    async def close(self) -> None:
        return


@given(st.one_of(st.text(max_size=40), st.text("0123456789:,+-; GMTanJuDec", max_size=40)))
async def test_whatever_retry_after_says_the_refusal_is_a_rate_limit(text: str) -> None:
    transport = CannedTransport(Answer(429, b"", {"retry-after": text}))
    upstream = OpenAIUpstream(
        transport=transport, api_key=Secret(MAIN_KEY), clock=ManualClock(), observe=lambda _: None
    )
    error = await refusal(upstream)
    assert isinstance(error, UpstreamRateLimitedError)
    assert error.retry_after_ms is None or 0 <= error.retry_after_ms <= 86_400_000


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>502</html>",
            f'{{"value": "{LEAKED}", "expires_at": '.encode(),
            b"\xff\xfe",
            b"null",
            b"[]",
            b"{}",
            secret_body(value=None),
            secret_body(value=7),
            secret_body(value="sk-something"),
            secret_body(value=""),
            secret_body(value="EK_1"),
            secret_body(expires_at=None),
            secret_body(expires_at=LEAKED),
            secret_body(expires_at=1.5),
            secret_body(expires_at=-1),
            secret_body(expires_at=2**40),
            secret_body(expires_at=2**70),
            secret_body(session=None),
            secret_body(session={}),
            secret_body(session={"id": 5}),
            secret_body(session={"id": "sess_1", "model": 5}),
            secret_body(value="ek_"),
            secret_body(value="ek_x\r\nset-cookie: y"),
            secret_body(value="ek_" + "x" * 1000),
            secret_body(session={"id": "s" * 1000}),
            secret_body(session={"id": "sess_\0"}),
            secret_body(session={"id": "sess_1", "model": "gpt\n"}),
            b'{"value": ' + json.dumps(LEAKED).encode() + b', "expires_at": 1}',
            b"[" * 100_000,
        ],
        ids=range(30),
    )
    async def test_a_body_that_holds_no_usable_key_is_a_failure(
        self, body: bytes, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        server.always = Reply(body=body)
        error = await refusal(upstream)
        assert type(error) is UpstreamError
        assert (error.code, error.status) == ("token_generation_failed", 200)
        assert error.__cause__ is None

    @given(
        st.one_of(
            st.binary(max_size=50),
            st.recursive(
                st.none() | st.integers() | st.text(),
                lambda children: (
                    st.lists(children)
                    | st.dictionaries(st.sampled_from(["value", "expires_at", "session", "id"]), children)
                ),
                max_leaves=8,
            ).map(lambda value: json.dumps(value).encode()),
        )
    )
    async def test_whatever_the_body_is_the_end_is_a_key_or_an_upstream_error(self, body: bytes) -> None:
        upstream = OpenAIUpstream(
            transport=CannedTransport(Answer(200, body, {})),
            api_key=Secret(MAIN_KEY),
            clock=ManualClock(),
            observe=lambda _: None,
        )
        try:
            assert (await mint(upstream)).value.reveal().startswith("ek_")
        except UpstreamError as exc:
            assert exc.status == 200  # noqa: PT017 - both ends are allowed

    async def test_ten_megabytes_are_a_failure(self, server: FakeUpstream, upstream: OpenAIUpstream) -> None:
        server.queued.append(Reply(body=secret_body(padding="x" * 10_000_000)))
        assert "more than 1048576 bytes" in (await refusal(upstream)).reason
        assert (await mint(upstream)).value


class TestConnections:
    async def test_nobody_listening_is_a_failure_without_a_status(
        self, clock: ManualClock, observed: Observations
    ) -> None:
        async with FakeUpstream().running() as gone:
            url = gone.url
        upstream = make(url, clock, observed)
        error = await refusal(upstream)
        assert (type(error), error.status) == (UpstreamError, None)
        assert len(observed) == 1
        await upstream.close()

    async def test_a_connection_cut_in_mid_body_is_a_failure(
        self, server: FakeUpstream, upstream: OpenAIUpstream
    ) -> None:
        server.queued.append(Reply(cut_after=20))
        assert (await refusal(upstream)).code == "token_generation_failed"
        assert (await mint(upstream)).value

    async def test_silence_is_a_time_out(
        self, server: FakeUpstream, clock: ManualClock, observed: Observations
    ) -> None:
        server.always = Reply(silent=True)
        upstream = make(server.url, clock, observed, timeout_seconds=TIMEOUT_SECONDS)
        error = await refusal(upstream)
        assert isinstance(error, UpstreamTimeoutError)
        assert (error.code, error.status) == ("openai_timeout", None)
        with pytest.raises(UpstreamTimeoutError):
            await upstream.check()
        await upstream.close()


class TestInThisProcess:
    async def upstream(self, status: int, body: bytes) -> OpenAIUpstream:
        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": status, "headers": [(b"Retry-After", b"3")]})
            await send({"type": "http.response.body", "body": body})

        transport = ASGITransport(app, base_path="/v1", timeout_seconds=5)
        return OpenAIUpstream(
            transport=transport, api_key=Secret(MAIN_KEY), clock=ManualClock(), observe=lambda _: None
        )

    async def test_a_key_is_a_key(self) -> None:
        assert (await mint(await self.upstream(200, secret_body()))).value == Secret("ek_1")

    async def test_a_refusal_is_a_refusal(self) -> None:
        assert isinstance(await refusal(await self.upstream(401, b"")), UpstreamAuthError)
        limited = await refusal(await self.upstream(429, b""))
        assert isinstance(limited, UpstreamRateLimitedError)
        assert limited.retry_after_ms == 3000
