import pytest

from limi.features.journal import (
    FactRefusedError,
    JournalFullError,
    JournalStoppedError,
    JournalTimeoutError,
)
from limi.kernel.journal import JournalUnavailableError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (JournalFullError(limit=7), "has 7 entries waiting"),
        (JournalTimeoutError(seconds=2.0), "within 2 s"),
        (JournalStoppedError(), "not running"),
    ],
)
def test_whatever_keeps_facts_from_being_durable_is_unavailability(
    error: JournalUnavailableError, text: str
) -> None:
    assert isinstance(error, JournalUnavailableError)
    assert text in str(error)


def test_a_refused_fact_is_not_unavailability_because_trying_again_is_pointless() -> None:
    assert not issubclass(FactRefusedError, JournalUnavailableError)
