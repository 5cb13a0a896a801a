"""Credentials that are not valid count for the address they come from."""

import pytest

from limi.http.errors import Refusal
from tests.unit.http.harness import Observer, make_context, make_scope, wrong_credentials

WRONG = (b"authorization", b"Bearer wrong")


async def test_so_many_are_refused_as_wrong_and_the_next_as_too_many() -> None:
    observer = Observer()
    wrong = wrong_credentials(limit=2, observer=observer)
    scope = make_scope("GET", "/metrics", WRONG, context=make_context())
    answers = [await wrong.count(scope, Refusal("auth_required")) for _ in range(3)]
    assert [answer.code for answer in answers] == ["auth_required", "auth_required", "rate_limit_exceeded"]
    assert answers[2].retry_after_ms == 60_000
    assert observer.decisions == [("mint", True), ("mint", True), ("mint", False)]
    elsewhere = make_scope("GET", "/metrics", WRONG, context=make_context(ip="203.0.113.8"))
    assert (await wrong.count(elsewhere, Refusal("auth_required"))).code == "auth_required"


@pytest.mark.parametrize(
    ("code", "headers"),
    [("auth_required", ()), ("forbidden", (WRONG,)), ("not_found", (WRONG,)), ("internal_error", (WRONG,))],
)
async def test_nothing_else_counts(code: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    observer = Observer()
    scope = make_scope("GET", "/", *headers, context=make_context())
    assert (await wrong_credentials(limit=1, observer=observer).count(scope, Refusal(code))).code == code
    assert observer.decisions == []
