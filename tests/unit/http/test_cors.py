"""Which pages of other origins may call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.http.cors import CORS
from limi.kernel.settings import SettingsError
from tests.unit.http.harness import make_scope

_BASE = "https://voice.example.com"


def _cors(*origins: str, allow_localhost: bool = False) -> CORS:
    return CORS(origins=origins, allow_localhost=allow_localhost)


@pytest.mark.parametrize("origin", [b"https://app.example.com", b"HTTPS://APP.example.com"])
def test_a_configured_origin_is_allowed(origin: bytes) -> None:
    assert _cors("https://App.example.com/").allows(origin, base_url=_BASE)


@pytest.mark.parametrize(
    "origin",
    [
        b"https://app.example.com.evil.example",
        b"http://app.example.com",
        b"https://app.example.com:1",
        b"null",
        b"",
    ],
)
def test_no_other_is(origin: bytes) -> None:
    assert not _cors("https://app.example.com").allows(origin, base_url=_BASE)


def test_the_servers_own_pages_are_allowed() -> None:
    assert _cors().allows(b"https://voice.example.com", base_url=f"{_BASE}/limi")


def test_localhost_is_allowed_only_when_asked_for() -> None:
    assert _cors(allow_localhost=True).allows(b"http://localhost:5173", base_url=_BASE)
    assert not _cors().allows(b"http://localhost:5173", base_url=_BASE)


@given(st.binary(max_size=40))
def test_no_origin_crashes_it(origin: bytes) -> None:
    assert _cors(allow_localhost=True).allows(origin, base_url=_BASE) in {True, False}


def test_an_origin_that_is_no_url_is_refused() -> None:
    assert not _cors(allow_localhost=True).allows(b"http://[::1", base_url=_BASE)


@pytest.mark.parametrize(
    ("method", "header", "preflight"),
    [
        ("OPTIONS", b"access-control-request-method", True),
        ("POST", b"access-control-request-method", False),
        ("OPTIONS", b"x-other", False),
    ],
)
def test_a_preflight_is_an_options_request_that_names_a_method(
    method: str, header: bytes, *, preflight: bool
) -> None:
    assert CORS.is_preflight(make_scope(method, "/", (header, b"POST"))) is preflight


@pytest.mark.parametrize("for_sdks", [True, False])
def test_credentials_and_wildcards_are_never_granted(*, for_sdks: bool) -> None:
    origin = b"https://app.example.com"
    for headers in (
        CORS.preflight_headers(origin, for_sdks=for_sdks),
        CORS.response_headers(origin, for_sdks=for_sdks),
    ):
        granted = dict(headers)
        assert granted[b"access-control-allow-origin"] == origin
        assert granted[b"vary"] == b"origin"
        assert b"access-control-allow-credentials" not in granted
        assert b"*" not in b"".join(granted.values())


def test_pages_that_use_sdks_may_read_where_a_call_is() -> None:
    assert b"location" in dict(CORS.response_headers(b"x", for_sdks=True))[b"access-control-expose-headers"]
    assert b"location" not in dict(CORS.response_headers(b"x", for_sdks=False))[b"access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "https://*.example.com", "app.example.com", "https://app.example.com/page", "https://a.example?x"),
        *("https://a.example#x", "https://me@a.example", "https://a.example:", "https://a.example:port", "null"),
        *("https://a.example:443", "http://a.example:80", "https://b\u00fccher.example", "https://", "", "a.b:80"),
        *("https://a.example\n", "https://a b"),
    ],
    ids=ascii,
)
def test_an_origin_that_no_browser_sends_stops_the_start(origin: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^LIMI_CORS_ORIGINS \(server\.cors_origins\): .* must be an origin such"
    ):
        _cors("https://app.example.com", origin)


@pytest.mark.parametrize(
    "origin",
    ["https://a.example:8443", "http://a.example:443", "http://[::1]:5173", "capacitor://localhost", "http://a_b"],
)
def test_every_origin_that_a_browser_sends_may_be_configured(origin: str) -> None:
    assert _cors(origin).allows(origin.encode(), base_url=_BASE)
