"""What the voice page may connect to."""

from limi.http.page_policy import page_policy
from limi.http.urls import URLMaker


def _connections(upstream: str, base_url: str = "http://localhost:3001") -> list[str]:
    policy = page_policy(URLMaker(upstream).make(base_url, "any"))
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    return directives["connect-src"].split()


def test_a_call_to_the_sandbox_inside_stays_at_this_server() -> None:
    assert _connections("/sandbox/v1") == ["'self'", "http://localhost:3001", "ws://localhost:3001"]


def test_a_call_to_openai_goes_there_and_nowhere_else() -> None:
    found = _connections("https://api.openai.com/v1")
    assert found == ["'self'", "https://api.openai.com", "wss://api.openai.com"]


def test_an_address_that_a_policy_cannot_name_is_left_out() -> None:
    assert _connections("/sandbox/v1", "http://[::1]:3001") == ["'self'"]


def test_nothing_that_is_not_named_is_allowed_and_no_code_is_inline() -> None:
    policy = page_policy(URLMaker("/sandbox/v1").make("http://localhost", "any"))
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
