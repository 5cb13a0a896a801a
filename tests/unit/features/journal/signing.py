"""What the tests of the signed log share: a signer, writers that write under it, and who verifies."""

from limi.features.journal.export import export_lines, log_lines
from limi.features.journal.lease import WriterLease
from limi.features.journal.ports import JournalStore
from limi.features.journal.sealing import Signer
from limi.features.journal.verifier import Report, load_keys, verify
from limi.kernel.clock import Clock
from tests.unit.features.journal.harness import NOON, CountingIds

KEY = bytes(range(32))
OTHER_KEY = bytes(32)


def make_signer(clock: Clock, key: bytes = KEY) -> Signer:
    return Signer(key=key, clock=clock)


def make_writer(store: JournalStore, clock: Clock, number: int = 1) -> WriterLease:
    """Return a writer whose name is told from others' by its number."""
    return WriterLease(
        store=store, clock=clock, ids=CountingIds(number * 1_000_000), seconds=15, signer=make_signer(clock)
    )


def verify_store(store: JournalStore, clock: Clock) -> Report:
    return verify(log_lines(store), load_keys(make_signer(clock).public_pem.encode()), closed=False)


def verify_export(lines: list[bytes], clock: Clock, *, closed: bool = True) -> Report:
    return verify(lines, load_keys(make_signer(clock).public_pem.encode()), closed=closed, whole=closed)


def export(store: JournalStore, clock: Clock) -> list[bytes]:
    return list(export_lines(store, signer=make_signer(clock), now=NOON))
