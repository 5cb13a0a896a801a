"""The number in memory."""

import pytest

from limi.features.revision.memory import InMemoryRevisionStore, NullRevisionSignal, StillRevision
from limi.features.revision.ports import RevisionSignal, RevisionStore
from limi.kernel.revision import AccessUnavailableError, Revision


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
