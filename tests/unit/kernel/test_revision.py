"""Caches that end when the revision moves."""

import asyncio

import pytest

from limi.kernel.revision import AccessUnavailableError, RevisionCache
from tests.unit.access_office import turns


class Hand:
    """A revision in the test's hand."""

    def __init__(self) -> None:
        self.number = 1
        self.fresh = True
        self.broken = False
        self.refreshed = 0

    async def refresh(self) -> None:
        self.refreshed += 1
        if self.broken:
            raise AccessUnavailableError("away")
        self.fresh = True

    async def announce(self) -> None:
        raise NotImplementedError

    async def moved_from(self, number: int | None) -> None:
        raise NotImplementedError


class Shelf:
    """Where things are loaded from, slowly when told."""

    def __init__(self) -> None:
        self.things: dict[str, int] = {"a": 1, "b": 2, "c": 3}
        self.loaded: list[str] = []
        self.problem: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def load(self, key: str) -> int | None:
        self.loaded.append(key)
        value = self.things.get(key)
        await self.open.wait()
        if self.problem:
            raise self.problem
        return value


def cache(revision: Hand, shelf: Shelf, *, strict: bool = True, most: int = 10) -> RevisionCache[str, int]:
    return RevisionCache(load=shelf.load, revision=revision, max_entries=most, strict=strict)


async def test_what_is_known_is_not_loaded_until_the_number_moves() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf)
    assert [await known.get("a") for _ in range(3)] == [1, 1, 1]
    shelf.things["a"] = 5
    assert await known.get("a") == 1
    revision.number = 2
    assert await known.get("a") == 5
    assert shelf.loaded == ["a", "a"]


async def test_a_peek_gives_only_what_may_be_believed_at_once() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf)
    assert known.peek("a") is None
    await known.get("a")
    assert known.peek("a") == 1
    revision.fresh = False
    assert (known.peek("a"), cache(revision, shelf, strict=False).peek("a")) == (None, None)
    revision.fresh, revision.number = True, 2
    assert known.peek("a") is None
    assert revision.refreshed == 0


async def test_what_is_not_there_is_not_kept() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf)
    assert [await known.get("z") for _ in range(2)] == [None, None]
    assert (shelf.loaded, len(known), "z" in known) == (["z", "z"], 0, False)


async def test_past_its_bound_what_was_loaded_first_goes() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf, most=2)
    for key in "abc":
        await known.get(key)
    assert ["a" in known, "b" in known, "c" in known] == [False, True, True]


async def test_requests_at_once_share_a_load_and_its_failure() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf)
    shelf.problem = AccessUnavailableError("away")
    shelf.open.clear()
    asking = [asyncio.create_task(known.get("a")) for _ in range(5)]
    await turns()
    shelf.open.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(result) for result in results} == {AccessUnavailableError}
    assert shelf.loaded == ["a"]


async def test_when_whoever_loads_goes_away_another_loads() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf)
    shelf.open.clear()
    first, second = (asyncio.create_task(known.get("a")) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    shelf.open.set()
    assert await second == 1
    assert shelf.loaded == ["a", "a"]


async def test_what_was_read_before_a_change_is_given_to_nobody_who_comes_after_it() -> None:
    revision, shelf = Hand(), Shelf()
    known = cache(revision, shelf)
    shelf.open.clear()
    early = asyncio.create_task(known.get("a"))
    await turns()
    shelf.things["a"], revision.number = 5, 2
    late = asyncio.create_task(known.get("a"))
    await turns()
    shelf.open.set()
    assert (await early, await late) == (1, 5)
    assert await known.get("a") == 5


class TestOutOfSight:
    async def test_a_strict_cache_looks_again_before_it_answers(self) -> None:
        revision, shelf = Hand(), Shelf()
        known = cache(revision, shelf)
        await known.get("a")
        revision.fresh = False
        assert await known.get("a") == 1
        assert revision.refreshed == 1
        revision.fresh, revision.broken = False, True
        with pytest.raises(AccessUnavailableError):
            await known.get("a")

    async def test_another_says_what_it_knows(self) -> None:
        revision, shelf = Hand(), Shelf()
        known = cache(revision, shelf, strict=False)
        await known.get("a")
        revision.fresh, revision.broken = False, True
        assert await known.get("a") == 1
        assert revision.refreshed == 0
