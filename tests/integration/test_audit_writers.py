"""Several writers at once, taken for dead again and again, while somebody verifies: never a false alarm."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal.lease import WriterLease
from limi.features.journal.verifier import Problem
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from tests.unit.features.journal.harness import Facts, FakeClock
from tests.unit.features.journal.signing import make_signer, verify_store

_WRITERS = 3
_BATCHES = 60


def sqlite(request: pytest.FixtureRequest) -> str:
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder}/limi.db"


def postgresql(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres_url")
    return url


def _write(url: str, number: int) -> None:
    clock = SystemClock()
    store = SQLJournalStore(engine=open_engine(url, busy_seconds=30))
    # A lease that a busy machine lets end while its writer lives.
    writer = WriterLease(store=store, clock=clock, ids=RandomIds(), seconds=0.05, signer=make_signer(clock))
    facts = Facts(start=number * 10_000_000)
    for batch in range(_BATCHES):
        writer.append(facts.intents(20))
        if batch % 5 == 0:
            writer.tend()
    writer.release()
    store.close()


@pytest.mark.parametrize("make", [sqlite, postgresql])
def test_a_log_is_sound_at_every_moment(
    request: pytest.FixtureRequest, make: Callable[[pytest.FixtureRequest], str]
) -> None:
    url = make(request)
    upgrade(url)
    writers = [threading.Thread(target=_write, args=(url, number)) for number in range(1, _WRITERS + 1)]
    for writer in writers:
        writer.start()
    store, clock = SQLJournalStore(engine=open_engine(url, busy_seconds=30)), FakeClock()
    found: list[Problem] = []
    while any(writer.is_alive() for writer in writers) and not found:
        found = verify_store(store, clock).problems
    for writer in writers:
        writer.join()
    report = verify_store(store, clock)
    store.close()
    assert (found, report.problems, report.unsealed) == ([], [], 0)
    assert report.rows >= _WRITERS * _BATCHES * 20
