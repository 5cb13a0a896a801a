"""From an error to a response."""

from collections.abc import Iterator

import pytest

from limi.features.api_keys.errors import KeyNotFoundError
from limi.features.client_secrets import errors
from limi.features.journal.errors import JournalFullError, JournalStoppedError, JournalTimeoutError
from limi.features.profiles.errors import InvalidProfileError
from limi.features.tenants.errors import InvalidTenantError, TenantForbiddenError
from limi.features.webhooks.errors import (
    EndpointConflictError,
    EndpointNotFoundError,
    InvalidEndpointError,
    TooManyEndpointsError,
)
from limi.http.errors import Refusal, as_refusal, render_error
from limi.kernel.errors import CATALOGUE
from limi.kernel.journal import JournalUnavailableError


def _all_mint_errors(kind: type[errors.MintError] = errors.MintError) -> Iterator[type[errors.MintError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all_mint_errors(below)


@pytest.mark.parametrize("kind", [*_all_mint_errors()])
def test_every_reason_why_a_mint_fails_is_in_the_catalogue(kind: type[errors.MintError]) -> None:
    assert CATALOGUE[kind.code].status is not None


CODES: list[tuple[Exception, str]] = [
    (errors.InvalidMintError(field="model", rule="must be"), "invalid_request"),
    (errors.ForbiddenError(field="profile", rule="`staff` needs an API key"), "forbidden"),
    (errors.IdempotencyConflictError(), "idempotency_conflict"),
    (errors.OverloadedError(), "overloaded"),
    (EndpointNotFoundError("whe_a"), "not_found"),
    (EndpointConflictError("whe_a"), "invalid_request"),
    (TooManyEndpointsError(limit=50), "invalid_request"),
    (errors.UpstreamError("upstream answered 503", status=503), "token_generation_failed"),
    (errors.UpstreamAuthError("refused", status=401), "openai_auth_failed"),
    (errors.UpstreamTimeoutError("silent"), "openai_timeout"),
    (errors.UpstreamRateLimitedError("limit", retry_after_ms=None), "openai_rate_limited"),
    (JournalUnavailableError("the disk is full"), "audit_unavailable"),
    (JournalFullError(limit=1), "audit_unavailable"),
    (JournalStoppedError(), "audit_unavailable"),
    (JournalTimeoutError(seconds=1), "audit_unavailable"),
    (ValueError("a bug"), "internal_error"),
    (TimeoutError(), "internal_error"),
    (Refusal("not_found"), "not_found"),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_an_error_has_a_code(error: Exception, code: str) -> None:
    assert as_refusal(error).code == code


SILENT = [
    ValueError("a-secret-cause"),
    JournalUnavailableError("a-secret-cause"),
    errors.UpstreamError("a-secret-cause"),
    errors.UpstreamAuthError("a-secret-cause"),
]


@pytest.mark.parametrize("error", SILENT, ids=lambda value: type(value).__name__)
def test_a_cause_is_not_told(error: Exception) -> None:
    assert b"a-secret-cause" not in render_error(as_refusal(error), request_id="abc").body


def test_what_was_made_for_the_caller_is_told() -> None:
    refusal = as_refusal(errors.InvalidMintError(field="model", rule="must be a name"))
    assert b'"message":"model: must be a name"' in render_error(refusal, request_id="abc").body


def test_a_member_is_spelt_as_it_was_sent() -> None:
    refusal = as_refusal(InvalidEndpointError(field="overlap_seconds", rule="must be a whole number"))
    assert refusal.message == "overlapSeconds: must be a whole number"


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(0, b"0"), (1, b"1"), (999, b"1"), (1000, b"1"), (1001, b"2")]
)
def test_the_header_rounds_up_to_whole_seconds(milliseconds: int, seconds: bytes) -> None:
    response = render_error(Refusal("openai_rate_limited", retry_after_ms=milliseconds), request_id="abc")
    assert dict(response.headers)[b"retry-after"] == seconds
    assert f'"retryAfter":{milliseconds}'.encode() in response.body


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_renders_in_both_shapes(code: str) -> None:
    entry = CATALOGUE[code]
    limi = render_error(Refusal(code), request_id="abc", base_url="http://localhost")
    assert limi.status == (entry.status or 500)
    assert f'"reference":"http://localhost/errors/{code}"'.encode() in limi.body
    openai = render_error(Refusal(code), request_id="abc", openai_shape=True)
    assert openai.body.startswith(b'{"error":{"message":')
    assert openai.status == limi.status


def test_headers_of_a_refusal_are_sent() -> None:
    response = render_error(Refusal("method_not_allowed", headers=((b"allow", b"POST"),)), request_id="abc")
    assert (b"allow", b"POST") in response.headers


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            InvalidTenantError(field="tokens_per_minute", rule="must be a number"),
            "invalid_request",
            "tokensPerMinute: must be a number",
        ),
        (
            InvalidProfileError(field="turn_detection.silence_duration_ms", rule="must be a number"),
            "invalid_request",
            "turnDetection.silence_duration_ms: must be a number",
        ),
        (KeyNotFoundError("an_id"), "not_found", "id: there is no key `an_id`"),
        (TenantForbiddenError(), "forbidden", "tenant: only operators of all tenants may make or change one"),
    ],
)
def test_a_member_is_named_as_it_was_sent(error: Exception, code: str, message: str) -> None:
    refusal = as_refusal(error)
    assert (refusal.code, refusal.message) == (code, message)
