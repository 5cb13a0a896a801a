"""The fixtures of the journal's tests."""

from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from tests.unit.features.journal.desk import Desk, Logs


@pytest.fixture
def logs() -> Iterator[Logs]:
    with capture_logs() as captured:
        yield captured


@pytest.fixture
async def desk(logs: Logs) -> AsyncIterator[Desk]:  # noqa: ARG001 - captures before anything is logged
    made = Desk()
    yield made
    made.store.gate.set()
    await made.writer.stop()
