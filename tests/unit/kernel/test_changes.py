"""Facts go before changes."""

import asyncio

import pytest

from limi.features.revision.memory import StillRevision
from limi.kernel.changes import Changes
from limi.kernel.facts import TenantUpdated
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.revision import AccessUnavailableError
from limi.testing import CountingIds, ManualClock
from tests.unit.access_office import ORIGIN, FactList


class News(StillRevision):
    def __init__(self) -> None:
        self.announced = 0

    async def announce(self) -> None:
        self.announced += 1


class Desk:
    def __init__(self) -> None:
        self.journal, self.news = FactList(), News()
        self.seen: list[int] = []
        self.result: bool | BaseException = True
        self._changes = Changes(journal=self.journal, revision=self.news, clock=ManualClock(), ids=CountingIds())

    async def change(self) -> bool:
        self.seen.append(len(self.journal.facts))
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result

    async def make(self, detail: str = "name=Acme") -> bool:
        return await self._changes.make(
            TenantUpdated, self.change, origin=ORIGIN, tenant="acme", subject="tenant:acme", detail=detail
        )


async def test_the_fact_is_durable_before_the_change_and_the_news_follow_it() -> None:
    desk = Desk()
    assert await desk.make()
    (fact,) = desk.journal.facts
    assert (desk.seen, desk.news.announced) == ([1], 1)
    assert (fact.subject, fact.detail, fact.code) == ("tenant:acme", "name=Acme", None)
    assert (fact.origin.tenant, fact.origin.caller, fact.origin.ip) == ("acme", "system", "203.0.113.9")


async def test_without_the_fact_nothing_is_changed() -> None:
    desk = Desk()
    desk.journal.broken = True
    with pytest.raises(JournalUnavailableError):
        await desk.make()
    assert (desk.seen, desk.news.announced) == ([], 0)


async def test_a_change_that_came_too_late_is_said_not_to_have_been_made() -> None:
    desk = Desk()
    desk.result = False
    assert not await desk.make()
    first, second = desk.journal.facts
    assert (second.resolves, second.code) == (first.id, "invalid_request")
    assert second.detail == "not made: another change came first"
    assert desk.news.announced == 0


@pytest.mark.parametrize("problem", [AccessUnavailableError("away"), asyncio.CancelledError()], ids=repr)
async def test_a_change_of_unknown_end_is_said_to_be_unknown(problem: BaseException) -> None:
    desk = Desk()
    desk.result = problem
    with pytest.raises(type(problem)):
        await desk.make()
    first, second = desk.journal.facts
    assert (second.resolves, second.code) == (first.id, "access_unavailable")
    assert second.detail == f"perhaps not made: {type(problem).__name__}"


async def test_a_long_detail_is_cut_and_an_empty_one_left_out() -> None:
    desk = Desk()
    await desk.make("x" * 1000)
    await desk.make("")
    assert [fact.detail for fact in desk.journal.facts] == ["x" * 500, None]
