"""What answers mean, and when to come again, without sending anything."""

import json
from typing import Any

import pytest

from limi_client import APIConnectionError, LimiError, RateLimitError
from limi_client._exchange import Answer, Backend
from limi_client._retry import NO_RETRIES, RetryPolicy

NOW = 1_790_000_000.0
BACKEND = Backend("https://voice.example.com/limi/api/")


def _failure(status: int, body: Any = None, **headers: str) -> LimiError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    failure = BACKEND.failure(Answer(status, named, json.dumps(body).encode()), now=NOW)
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        ({"code": "x", "retryAfter": 1234}, "9", 1.234),
        ({"code": "x"}, "9", 9.0),
        ({"code": "x"}, "Mon, 21 Sep 2026 14:13:50 GMT", 30.0),
        ({"code": "x"}, "Mon, 21 Sep 2020 14:13:50 GMT", 0.0),
        ({"code": "x"}, "soon", None),
        ({"code": "x"}, "٣", None),
        ({"code": "x"}, "", None),
        ({"code": "x", "retryAfter": float("inf")}, "", None),
        ({"code": "x", "retryAfter": float("nan")}, "3", 3.0),
        ({"code": "x", "retryAfter": -5}, "3", 3.0),
        ({"code": "x", "retryAfter": "soon"}, "3", 3.0),
        (None, "3", 3.0),
    ],
)
def test_the_time_to_wait_is_understood_in_every_form(body: Any, header: str, seconds: float | None) -> None:
    assert _failure(429, body, retry_after=header).retry_after_seconds == seconds


def test_links_begin_where_the_backend_is_also_below_a_path() -> None:
    assert BACKEND.url == "https://voice.example.com/limi/api"
    assert _failure(401, {"code": "auth_required"}).reference == (
        "https://voice.example.com/limi/errors/auth_required"
    )


def test_what_an_error_does_not_say_is_taken_from_the_catalogue() -> None:
    error = _failure(401, {"code": "auth_required"}, x_request_id="r7")
    assert error.message == "Valid API key required for this endpoint"
    assert error.hint.startswith("Send `Authorization")
    assert error.request_id == "r7"
    assert str(error) == f"{error.message} (auth_required). {error.hint}: {error.reference}"


def test_a_good_answer_is_no_failure() -> None:
    assert BACKEND.failure(Answer(200, {}, b""), now=NOW) is None


def test_what_goes_out_shows_no_key_when_it_is_printed() -> None:
    request = Backend("http://l/api", "limi_secret").mint(idempotency_key="k")
    assert request.headers["authorization"] == "Bearer limi_secret"
    assert "limi_secret" not in repr(request)


@pytest.mark.parametrize("key", ["", "with space", "ü"])
def test_an_idempotency_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        BACKEND.mint(idempotency_key=key)


def test_one_capability_is_not_taken_for_a_list_of_letters() -> None:
    with pytest.raises(ValueError, match="capabilities"):
        BACKEND.mint(idempotency_key="k", capabilities="audio_input")  # type: ignore[arg-type] # the mistake


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_waits_grow_and_are_bounded_and_never_shorter_than_asked_for(chance: float) -> None:
    policy = RetryPolicy(max_retries=2000, max_wait_seconds=100)
    lost = APIConnectionError("network_error")
    waits = [policy.wait_seconds(lost, retries_done=done, chance=chance) or 0 for done in (0, 1, 2, 3, 4, 1999)]
    assert waits == sorted(waits)
    assert 0 < waits[0] <= 0.5
    assert waits[-1] <= 8
    asked = RateLimitError("rate_limit_exceeded", status_code=429, retry_after_seconds=3)
    assert 3 <= (policy.wait_seconds(asked, retries_done=0, chance=chance) or 0) <= 3.75


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 500])
def test_what_cannot_get_better_is_not_repeated(status: int) -> None:
    failure = _failure(status, {"code": "x", "retryAfter": 1})
    assert RetryPolicy().wait_seconds(failure, retries_done=0, chance=0) is None


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_what_may_pass_is_repeated(status: int) -> None:
    failure = _failure(status, {"code": "x"})
    assert RetryPolicy().wait_seconds(failure, retries_done=0, chance=0) == 0.5
    assert NO_RETRIES.wait_seconds(failure, retries_done=0, chance=0) is None
