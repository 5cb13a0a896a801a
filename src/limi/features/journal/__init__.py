"""Facts made durable and read back: group commits, leases, live tokens, audit export. Knows no database."""

from limi.features.journal.errors import (
    FactRefusedError,
    JournalFullError,
    JournalStoppedError,
    JournalTimeoutError,
)
from limi.features.journal.export import audit_lines, entries_in_order
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.model import JournalEntry, JournalState, LiveToken, LiveTokens, Selection
from limi.features.journal.ports import JournalStore
from limi.features.journal.reader import JournalReader
from limi.features.journal.service import JournalWriter

__all__ = [
    "FactRefusedError",
    "InMemoryJournalStore",
    "JournalEntry",
    "JournalFullError",
    "JournalReader",
    "JournalState",
    "JournalStoppedError",
    "JournalStore",
    "JournalTimeoutError",
    "JournalWriter",
    "LiveToken",
    "LiveTokens",
    "Selection",
    "audit_lines",
    "entries_in_order",
]
