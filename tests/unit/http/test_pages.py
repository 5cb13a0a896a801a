"""What a person sees."""

import html
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from limi.features.analytics.usage import Occurrences, UsageService
from limi.http.authentication import Authenticator
from limi.http.error_counts import ErrorCounts
from limi.http.html import prose
from limi.http.pages import PageRoutes, error_page, errors_page
from limi.http.routes import make_routes
from limi.kernel.analytics_settings import AnalyticsSettings
from limi.kernel.errors import CATALOGUE, ErrorEntry
from limi.kernel.secret import Secret
from limi.testing import ManualClock
from tests.unit.features.analytics.harness import memory_store
from tests.unit.http.harness import call, make_context, make_scope

_ATTACK = "<script>alert(1)</script>"


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_error_page_says_how_to_mend_it(code: str) -> None:
    entry = CATALOGUE[code]
    page = html.unescape(error_page(entry).decode())
    for text in (entry.code, entry.title, entry.example):
        assert text in page
    for text in (entry.message, entry.action or "", *entry.checks):
        assert prose(text) in error_page(entry).decode()
    assert (f"HTTP {entry.status}" if entry.status else "raised by the client") in page
    assert ("retry after" in page) is bool(entry.retry_after_ms)


def test_every_code_is_on_the_list() -> None:
    page = errors_page().decode()
    for code in CATALOGUE:
        assert f'<a href="/errors/{code}">{code}</a>' in page


def test_how_often_an_error_occurred_is_shown_where_it_may_be() -> None:
    entry = CATALOGUE["network_error"]
    page = error_page(entry, Occurrences(hour=1, day=23, week=456)).decode()
    for cells in (
        "<td>last hour</td><td>1</td>",
        "<td>last day</td><td>23</td>",
        "<td>last week</td><td>456</td>",
    ):
        assert cells in page
    assert "lately" not in error_page(entry).decode()


def test_an_entry_is_shown_as_text() -> None:
    entry = ErrorEntry(
        code="x", title=_ATTACK, message=_ATTACK, action=_ATTACK, checks=(_ATTACK,), example=_ATTACK
    )
    assert _ATTACK.encode() not in error_page(entry)


async def test_what_language_models_read_is_there_for_everybody() -> None:
    async def refuse(_: object) -> None:
        raise AssertionError("nobody is asked who they are")

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield

    def describe() -> Mapping[str, Any]:
        return {}

    counts = ErrorCounts(
        usage=UsageService(store=memory_store(), settings=AnalyticsSettings(), clock=ManualClock()),
        authenticator=Authenticator(admin_key=Secret("admin"), allow_anonymous=True),
    )
    llms = "# Limi – für Modelle\n".encode()
    pages = PageRoutes(describe=describe, authorize=refuse, counts=counts, llms=llms)
    app = make_routes(handlers=pages.handlers(), lifespan=lifespan)
    answer = await call(app, make_scope("GET", "/llms.txt", context=make_context()))
    assert (answer.status, answer.body.decode()) == (200, "# Limi – für Modelle\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
