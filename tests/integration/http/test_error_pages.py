"""Every code of the catalogue has a page that teaches."""

import html

import pytest

from limi.http.html import prose
from limi.kernel.errors import CATALOGUE
from tests.integration.http.harness import Site

_SERVER = {
    "openai_auth_failed",
    "openai_rate_limited",
    "openai_timeout",
    "token_generation_failed",
    "invalid_request",
    "rate_limit_exceeded",
    "auth_required",
    "forbidden",
    "tenant_suspended",
    "host_not_allowed",
    "not_found",
    "method_not_allowed",
    "idempotency_conflict",
    "payload_too_large",
    "unsupported_media_type",
    "audit_unavailable",
    "overloaded",
    "internal_error",
}
_CLIENTS = {
    "openai_client_secret_failed",
    "token_generation_timeout",
    "webrtc_connection_failed",
    "ephemeral_key_invalid",
}


def test_the_catalogue_has_every_promised_code() -> None:
    assert set(CATALOGUE) >= _SERVER | _CLIENTS


@pytest.mark.parametrize("code", CATALOGUE)
async def test_a_codes_page_says_what_to_check_and_shows_it_done_right(site: Site, code: str) -> None:
    entry = CATALOGUE[code]
    response = await site.get(f"/errors/{code}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = html.unescape(response.text)
    for text in (code, entry.title, entry.example):
        assert text in page
    for text in (entry.message, entry.action or "", *entry.checks):
        assert prose(text) in response.text


async def test_all_codes_are_listed_for_everybody(site: Site) -> None:
    response = await site.get("/errors")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert all(f'href="/errors/{code}"' in response.text for code in CATALOGUE)


async def test_an_unknown_code_gets_the_general_page(site: Site) -> None:
    assert (await site.get("/errors/nobody_knows")).text == (await site.get("/errors/unknown")).text


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_is_complete(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.code == code
    assert entry.title
    assert entry.message
    assert entry.action
    assert entry.checks
    assert entry.example


async def test_the_front_page_says_what_runs_and_links_to_what_is_there(site: Site) -> None:
    response = await site.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "development" in response.text
    for path in ("/api/client-secret/health", "/api/client-secret/stats", "/docs", "/openapi.json", "/metrics"):
        assert f'href="{path}"' in response.text
        assert (await site.get(path)).status_code == 200
