"""The catalogue against the contract's table of errors."""

import pytest

from limi.kernel.errors import CATALOGUE, ErrorEntry

CONTRACT = [
    ("openai_auth_failed", 500, "OpenAI API authentication failed", "Check OPENAI_API_KEY configuration", 5000),
    ("openai_rate_limited", 429, "OpenAI API rate limit exceeded", None, 60_000),
    ("openai_timeout", 504, "OpenAI API request timeout", "Retry request or check OpenAI status", 5000),
    ("token_generation_failed", 502, "Unable to generate ephemeral client secret", None, 5000),
    ("invalid_request", 400, None, None, None),
    ("rate_limit_exceeded", 429, None, None, None),
    ("auth_required", 401, "Valid API key required for this endpoint", None, None),
    ("forbidden", 403, None, None, None),
    ("tenant_suspended", 403, None, None, None),
    ("host_not_allowed", 400, None, None, None),
    ("not_found", 404, None, None, None),
    ("method_not_allowed", 405, None, None, None),
    ("idempotency_conflict", 409, None, None, None),
    ("payload_too_large", 413, None, None, None),
    ("unsupported_media_type", 415, None, None, None),
    ("audit_unavailable", 503, None, None, 5000),
    ("overloaded", 503, None, None, 1000),
    ("internal_error", 500, None, None, None),
]
RAISED_BY_CLIENTS = [
    "openai_client_secret_failed",
    "token_generation_timeout",
    "webrtc_connection_failed",
    "ephemeral_key_invalid",
]


@pytest.mark.parametrize(("code", "status", "message", "action", "retry_after_ms"), CONTRACT)
def test_an_entry_says_what_the_contract_promises(
    code: str, status: int, message: str | None, action: str | None, retry_after_ms: int | None
) -> None:
    entry = CATALOGUE[code]
    assert entry.status == status
    assert entry.retry_after_ms == retry_after_ms
    assert message in (None, entry.message)
    assert action in (None, entry.action)


@pytest.mark.parametrize("code", RAISED_BY_CLIENTS)
def test_what_only_clients_raise_is_explained_too(code: str) -> None:
    assert CATALOGUE[code].status is None


def test_titles_are_the_contracts() -> None:
    assert CATALOGUE["auth_required"].title == "Authentication Required"
    for code in ("openai_auth_failed", "openai_rate_limited", "openai_timeout", "token_generation_failed"):
        assert CATALOGUE[code].title == "Token Generation Failed"


def test_a_code_nobody_knows_gets_the_general_page() -> None:
    assert CATALOGUE["unknown"].status is None


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_every_entry_teaches(entry: ErrorEntry) -> None:
    assert CATALOGUE[entry.code] is entry
    assert entry.title
    assert entry.message
    assert entry.checks
    assert all(check.endswith(".") for check in entry.checks)
    assert entry.example.strip()
    assert entry.action


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["new"] = CATALOGUE["unknown"]  # type: ignore[index] # it is what must fail
