"""The number in memory."""

import asyncio

import pytest

from limi.features.revision.memory import InMemoryRevisionStore, NullRevisionSignal, StillRevision
from limi.features.revision.ports import RevisionSignal, RevisionStore
from limi.kernel.revision import AccessUnavailableError, Revision
from tests.unit.access_office import turns


async def test_it_moves_with_each_change() -> None:
    kept = InMemoryRevisionStore()
    store: RevisionStore = kept
    before = await store.read()
    kept.move()
    assert await store.read() == before + 1


async def test_it_can_be_away() -> None:
    store = InMemoryRevisionStore()
    store.broken = True
    with pytest.raises(AccessUnavailableError):
        await store.read()


async def test_a_process_that_is_alone_hears_nothing() -> None:
    signal: RevisionSignal = NullRevisionSignal()
    heard: list[None] = []
    signal.subscribe(lambda: heard.append(None))
    await signal.publish()
    assert heard == []


async def test_for_a_command_the_number_stands_still() -> None:
    revision: Revision = StillRevision()
    await revision.announce()
    await revision.refresh()
    assert (revision.number, revision.fresh) == (0, True)
    await revision.moved_from(None)
    waiting = asyncio.create_task(revision.moved_from(0))
    await turns()
    assert not waiting.done()
    waiting.cancel()
