"""Both clients against a real backend, and against whatever may answer in its place."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import pytest
from limi.testing import Backend, FakeUpstream, Reply, SandboxInThread, running_backend
from servers import in_thread
from shells import CHANCE, SHELLS, Shell

from limi_client import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncLimiAIClient,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    LimiAIClient,
    NotFoundError,
    PermissionDeniedError,
    Ports,
    RateLimitError,
)

KEY = {
    "ephemeralKey": "ek_0123456789",
    "expiresAt": 1_790_000_600,
    "sessionId": "session-1",
    "model": "gpt-realtime",
    "requestId": "r1",
    "urls": {"webrtc": "http://127.0.0.1/v1/realtime/calls", "websocket": "ws://127.0.0.1/v1/realtime?model=x"},
    "mode": "direct",
}


def _json(status: int, body: Any, **headers: str) -> Reply:
    return Reply(
        status, json.dumps(body).encode(), headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


def _refusal(status: int, code: str, **members: Any) -> Reply:
    body = {
        "error": "No",
        "message": "That is how it is",
        "code": code,
        "requestId": "r9",
        "reference": "http://l/e",
    }
    return _json(status, {**body, **members})


@pytest.fixture(params=sorted(SHELLS))
def make(request: pytest.FixtureRequest) -> Any:
    """Makes a client, one with `await` and one without."""
    return SHELLS[request.param]


@pytest.fixture
async def client(make: Any, shared_url: str) -> AsyncIterator[Shell]:
    made = make(shared_url)
    yield made
    await made.close()


@pytest.fixture
async def fooled(make: Any, impostor: FakeUpstream) -> AsyncIterator[Shell]:
    """A client whose backend is the impostor."""
    made = make(impostor.url)
    yield made
    await made.close()


async def test_a_key_comes_with_all_that_is_known_of_it(client: Shell) -> None:
    key = await client.key(model="gpt-realtime-2.1", session_id="session-123")
    assert key.ephemeral_key.startswith("ek_")
    assert (key.session_id, key.model, key.mode) == ("session-123", "gpt-realtime-2.1", "direct")
    assert key.urls.websocket.startswith("ws://127.0.0.1:")
    assert key.urls.webrtc.endswith("/v1/realtime/calls")


async def test_model_and_session_id_may_be_given_by_position(client: Shell) -> None:
    key = await client.key("gpt-realtime-2.1", "session-7")
    assert (key.model, key.session_id) == ("gpt-realtime-2.1", "session-7")


async def test_a_slash_at_the_end_of_the_url_does_not_matter(make: Any, shared_url: str) -> None:
    client = make(shared_url + "/")
    assert (await client.key()).ephemeral_key.startswith("ek_")
    await client.close()


async def test_the_same_idempotency_key_gives_the_same_key_again(client: Shell) -> None:
    first = await client.key(idempotency_key="order-42")
    assert (await client.key(idempotency_key="order-42")).ephemeral_key == first.ephemeral_key
    assert (await client.key()).ephemeral_key != first.ephemeral_key


async def test_the_same_idempotency_key_for_another_request_is_a_conflict(client: Shell) -> None:
    await client.key(idempotency_key="order-43")
    with pytest.raises(ConflictError) as caught:
        await client.key(model="gpt-realtime-2.1", idempotency_key="order-43")
    assert caught.value.code == "idempotency_conflict"


async def test_a_healthy_backend_says_so(client: Shell) -> None:
    health = await client.health()
    assert health.is_healthy
    assert health.accessible
    assert health.response_time.endswith("ms")


async def test_an_unhealthy_backend_is_an_answer_and_no_error(
    make: Any, backend_url: str, limi_sandbox: SandboxInThread
) -> None:
    limi_sandbox.faults.add("models", "refuse", status=401)
    client = make(backend_url)
    health = await client.health()
    await client.close()
    assert not health.is_healthy
    assert health.code == "openai_auth_failed"


async def test_a_member_that_breaks_a_rule_of_the_server_is_named(client: Shell, shared_backend: Backend) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.key(capabilities=["telepathy"])
    error = caught.value
    assert "capabilities" in error.message
    assert (error.code, error.status_code) == ("invalid_request", 400)
    assert error.reference == f"{shared_backend.url}/errors/invalid_request"
    assert error.request_id
    assert error.hint


@pytest.mark.parametrize("session_id", ["", "ü", "with space", "x" * 101, "line\n"])
async def test_a_session_id_that_no_server_takes_is_refused_here(client: Shell, session_id: str) -> None:
    with pytest.raises(ValueError, match="session_id"):
        await client.key(session_id=session_id)


async def test_unicode_reaches_the_server_whole(fooled: Shell, impostor: FakeUpstream) -> None:
    impostor.always = _json(200, KEY)
    await fooled.key(variables={"name": "Žofie 🎙", "half": "\ud83d"})
    assert impostor.asked[0].json()["variables"] == {"name": "Žofie 🎙", "half": "\ud83d"}


async def test_a_wrong_key_is_an_authentication_error_that_does_not_show_it(make: Any, shared_url: str) -> None:
    client = make(shared_url, "limi_wrong_key_0000")
    with pytest.raises(AuthenticationError) as caught:
        await client.key()
    assert caught.value.code == "auth_required"
    assert client.waits == []
    for shown in (str(caught.value), repr(caught.value), repr(client.client)):
        assert "limi_wrong" not in shown
    await client.close()


async def test_the_right_key_is_sent(make: Any, shared_backend: Backend, shared_url: str) -> None:
    client = make(shared_url, shared_backend.admin_key)
    assert (await client.key()).ephemeral_key.startswith("ek_")
    await client.close()


async def test_a_repr_hides_the_ephemeral_key(client: Shell) -> None:
    key = await client.key()
    assert key.ephemeral_key not in repr(key)
    assert key.ephemeral_key not in str(key)


async def test_the_backend_learns_which_client_asks(fooled: Shell, impostor: FakeUpstream) -> None:
    impostor.always = _json(200, KEY)
    await fooled.key()
    sent = impostor.asked[0].headers
    assert sent["x-limi-client"] == "python/1.0.0"
    assert sent["user-agent"] == "limi-ai-client-python/1.0.0"
    assert sent["content-type"] == "application/json"
    assert "authorization" not in sent


async def test_after_a_refusal_that_passes_it_is_tried_again_when_the_server_says(
    fooled: Shell, impostor: FakeUpstream
) -> None:
    impostor.queued.append(_refusal(429, "rate_limit_exceeded", retryAfter=1500))
    impostor.always = _json(200, KEY)
    assert (await fooled.key()).session_id == "session-1"
    assert fooled.waits == [1.5 * (1 + 0.25 * CHANCE)]
    first, second = impostor.asked
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


async def test_a_header_in_seconds_will_do_where_the_body_says_nothing(
    fooled: Shell, impostor: FakeUpstream
) -> None:
    impostor.queued.append(_json(503, "busy", retry_after="2"))
    impostor.always = _json(200, KEY)
    await fooled.key()
    assert fooled.waits == [2 * (1 + 0.25 * CHANCE)]


async def test_it_gives_up_after_two_repeats(fooled: Shell, impostor: FakeUpstream) -> None:
    impostor.always = _refusal(503, "overloaded")
    with pytest.raises(InternalServerError):
        await fooled.key()
    assert len(impostor.asked) == 3
    assert fooled.waits == [0.5 * (1 - 0.25 * CHANCE), 1.0 * (1 - 0.25 * CHANCE)]


async def test_nobody_waits_a_minute_without_knowing(fooled: Shell, impostor: FakeUpstream) -> None:
    impostor.always = _refusal(429, "openai_rate_limited", retryAfter=60_000)
    with pytest.raises(RateLimitError) as caught:
        await fooled.key()
    assert caught.value.retry_after_seconds == 60
    assert fooled.waits == []


async def test_a_real_limit_says_when_to_come_again(make: Any, limi_sandbox: SandboxInThread) -> None:
    limited = partial(running_backend, upstream_url=limi_sandbox.url, environ={"LIMI_TOKENS_PER_MINUTE": "1"})
    with in_thread(limited) as backend:
        client = make(f"{backend.url}/api")
        await client.key()
        with pytest.raises(RateLimitError) as caught:
            await client.key()
        await client.close()
    assert caught.value.code == "rate_limit_exceeded"
    assert 50 < (caught.value.retry_after_seconds or 0) <= 60
    assert client.waits == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, APIStatusError),
        (429, RateLimitError),
        (500, InternalServerError),
        (507, InternalServerError),
    ],
)
async def test_each_status_has_the_class_that_users_of_openai_know(
    make: Any, impostor: FakeUpstream, status: int, kind: type[APIStatusError]
) -> None:
    client = make(impostor.url, max_retries=0)
    impostor.always = _refusal(status, "some_new_code", action="Do this")
    with pytest.raises(APIStatusError) as caught:
        await client.key()
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.message, error.hint) == ("some_new_code", "That is how it is", "Do this")
    assert (error.reference, error.request_id) == ("http://l/e", "r9")
    await client.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome to the hotel</html>",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        json.dumps({**KEY, "urls": None}).encode(),
        json.dumps({**KEY, "expiresAt": "soon"}).encode(),
        json.dumps({**KEY, "expiresAt": True}).encode(),
        json.dumps({**KEY, "ephemeralKey": 5}).encode(),
        json.dumps({**KEY, "model": ""}).encode(),
        b" " * 300_000,
    ],
)
async def test_an_answer_that_is_not_the_backends_is_refused(
    fooled: Shell, impostor: FakeUpstream, body: bytes
) -> None:
    impostor.always = Reply(200, body)
    with pytest.raises(APIResponseValidationError) as caught:
        await fooled.key()
    assert caught.value.code == "openai_client_secret_failed"


async def test_a_key_that_is_no_ephemeral_one_is_neither_used_nor_shown(
    fooled: Shell, impostor: FakeUpstream
) -> None:
    impostor.always = _json(200, {**KEY, "ephemeralKey": "sk-the-main-key-of-somebody"})
    with pytest.raises(APIResponseValidationError) as caught:
        await fooled.key()
    assert caught.value.code == "ephemeral_key_invalid"
    assert "sk-" not in str(caught.value) + repr(caught.value)


async def test_a_redirect_is_not_followed_with_the_key(make: Any, impostor: FakeUpstream) -> None:
    moved = {"location": "http://127.0.0.1:9/"}
    impostor.always = Reply(302, json.dumps(KEY).encode(), headers=moved)
    client = make(impostor.url, "limi_key")
    with pytest.raises(APIResponseValidationError):
        await client.key()
    assert len(impostor.asked) == 1
    await client.close()


async def test_a_page_of_a_proxy_is_not_taken_for_the_backends_word(make: Any, impostor: FakeUpstream) -> None:
    impostor.always = Reply(502, b"<html>Bad gateway</html>")
    client = make(impostor.url, max_retries=0)
    with pytest.raises(InternalServerError) as caught:
        await client.key()
    assert caught.value.code == "openai_client_secret_failed"
    assert "502" in caught.value.message
    await client.close()


async def test_no_network_is_a_connection_error_that_names_the_place(make: Any) -> None:
    client = make("http://127.0.0.1:9/api", max_retries=1)
    with pytest.raises(APIConnectionError) as caught:
        await client.key()
    error = caught.value
    assert error.code == "network_error"
    assert "http://127.0.0.1:9" in error.message
    assert error.reference == "http://127.0.0.1:9/errors/network_error"
    assert len(client.waits) == 1
    await client.close()


async def test_a_connection_that_breaks_in_the_middle_is_tried_again(
    fooled: Shell, impostor: FakeUpstream
) -> None:
    impostor.queued.append(Reply(200, json.dumps(KEY).encode(), cut_after=10))
    impostor.always = _json(200, KEY)
    assert (await fooled.key()).session_id == "session-1"
    assert len(impostor.asked) == 2


async def test_a_backend_that_says_nothing_is_given_up(make: Any, impostor: FakeUpstream) -> None:
    client = make(impostor.url, timeout=0.05, max_retries=0)
    impostor.always = Reply(silent=True)
    with pytest.raises(APITimeoutError) as caught:
        await client.key()
    assert caught.value.code == "token_generation_timeout"
    await client.close()


async def test_a_call_may_have_its_own_time_limit(fooled: Shell, impostor: FakeUpstream) -> None:
    impostor.always = Reply(silent=True)
    with pytest.raises(APITimeoutError):
        await fooled.key(timeout=0.05)


async def test_an_answer_that_trickles_in_is_given_up(make: Any, impostor: FakeUpstream) -> None:
    """Each step is in time, the whole is not."""
    hours = iter([0.0, 3600.0, 7200.0])
    client = make(impostor.url, max_retries=0, ports=Ports(monotonic=lambda: next(hours)))
    impostor.always = _json(200, KEY)
    with pytest.raises(APITimeoutError):
        await client.key()
    await client.close()


async def test_health_is_asked_once(make: Any, impostor: FakeUpstream) -> None:
    client = make(impostor.url)
    impostor.always = _refusal(429, "rate_limit_exceeded", retryAfter=100)
    with pytest.raises(RateLimitError):
        await client.health()
    impostor.always = Reply(200, b"fine, thanks")
    with pytest.raises(APIResponseValidationError):
        await client.health()
    assert len(impostor.asked) == 2
    await client.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:3001",
        "ftp://l/api",
        "http://",
        "http://u:pw@l/api",
        "http://l/api?x=1",
        "http://l:x/",
        "/api",
    ],
)
def test_a_url_that_cannot_be_right_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ValueError, match="backend_url") as caught:
        LimiAIClient(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "with space", "schlüssel", "line\nbreak"])
def test_an_api_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="api_key") as caught:
        LimiAIClient("http://localhost/api", key)
    assert not key or key not in str(caught.value)


def test_one_client_serves_many_threads(shared_url: str) -> None:
    with LimiAIClient(shared_url) as client, ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda n: client.generate_ephemeral_key(session_id=f"s{n}"), range(40)))
    assert len({key.ephemeral_key for key in keys}) == 40
    assert [key.session_id for key in keys] == [f"s{n}" for n in range(40)]


async def test_one_client_serves_many_tasks(shared_url: str) -> None:
    async with AsyncLimiAIClient(shared_url) as client:
        keys = await asyncio.gather(*(client.generate_ephemeral_key(session_id=f"s{n}") for n in range(40)))
    assert [key.session_id for key in keys] == [f"s{n}" for n in range(40)]


async def test_closing_leaves_no_task(shared_url: str) -> None:
    tasks = len(asyncio.all_tasks())
    for _ in range(3):
        async with AsyncLimiAIClient(shared_url) as client:
            await client.generate_ephemeral_key()
    assert len(asyncio.all_tasks()) == tasks


async def test_an_http_client_of_ones_own_is_used_and_left_open(impostor: FakeUpstream) -> None:
    impostor.always = _json(200, KEY)
    async with httpx2.AsyncClient(headers={"x-mine": "yes"}) as mine:
        async with AsyncLimiAIClient(impostor.url, http_client=mine) as client:
            await client.generate_ephemeral_key()
        assert not mine.is_closed
    assert impostor.asked[0].headers["x-mine"] == "yes"


async def test_cancelling_a_mint_ends_it(impostor: FakeUpstream) -> None:
    impostor.always = Reply(silent=True)
    async with AsyncLimiAIClient(impostor.url) as client:
        minting = asyncio.create_task(client.generate_ephemeral_key())
        await impostor.until_asked()
        minting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await minting
