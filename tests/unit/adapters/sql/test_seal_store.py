"""What the contract cannot see: that errors are the journal's own. The rest is in tests/contract."""

from pathlib import Path

import pytest

from limi.adapters.sql import SQLJournalStore, create_database_file, open_engine
from limi.kernel.journal import JournalUnavailableError


def test_a_database_without_tables_is_an_error_of_the_journal(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limi.db"
    create_database_file(url)
    store = SQLJournalStore(engine=open_engine(url))
    with pytest.raises(JournalUnavailableError):
        store.seals.last()
    with pytest.raises(JournalUnavailableError):
        store.seals.mark_sealed("w")
    store.close()
