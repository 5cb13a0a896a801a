from limi.kernel.facts import Fact, KeyMinted, Origin
from limi.kernel.journal import Journal, JournalUnavailableError


class NullJournal:
    async def record(self, *facts: Fact) -> None:
        self.facts = facts


async def test_whatever_can_be_awaited_serves_as_a_journal() -> None:
    journal: Journal = NullJournal()
    await journal.record(KeyMinted(id="0" * 32, at=1.0, origin=Origin(request_id="req-1", caller="key:k1")))


def test_an_unavailable_journal_is_no_error_of_input_or_output() -> None:
    """Whoever catches OSError to try another way must not catch this: nothing may be handed out."""
    assert JournalUnavailableError.__mro__[1] is Exception
