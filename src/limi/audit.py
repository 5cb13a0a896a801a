"""The parts list of the audit log: the writer of the journal, who signs for it, and what looks after it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from limi.adapters.audit_file import AuditFile
from limi.features.journal.ports import JournalStore, Outbox
from limi.features.journal.privacy import OriginPrivacy, Privacy
from limi.features.journal.retention import Retention
from limi.features.journal.sealing import Signer
from limi.features.journal.service import JournalWriter
from limi.features.journal.upkeep import Upkeep
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings

__all__ = ["AuditUpkeep", "make_journal", "make_privacy", "make_signer", "make_upkeep"]

_FILE_SECONDS: Final = 1.0
"""Pause between two looks at the journal for the file, and so how far the file is behind at most."""
_RETENTION_SECONDS: Final = 3600.0
_BATCH_PAUSE_SECONDS: Final = 0.05
"""Pause between two deletions: with 5 ms for each, others have the lock nine tenths of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditUpkeep:
    """What runs beside the journal's writer."""

    file: AuditFile | None
    file_task: Upkeep | None
    retention_task: Upkeep | None

    async def start(self) -> None:
        """Begin to copy and to remove, as far as the settings say so."""
        for task in (self.file_task, self.retention_task):
            if task is not None:
                await task.start()

    async def stop(self) -> None:
        """Copy what is left, and end. The journal's writer has stopped by then."""
        if self.retention_task is not None:
            await self.retention_task.stop()
        if self.file_task is not None and self.file is not None:
            await self.file_task.stop(last=True)
            self.file.close()


def make_signer(root: Secret, *, clock: Clock) -> Signer:
    """Return who signs the audit log of the server with this root."""
    return Signer(key=derive_key(root, KeyLabel.AUDIT), clock=clock)


def make_privacy(settings: Settings, root: Secret) -> OriginPrivacy:
    """Return what the settings make of addresses in the journal."""
    return OriginPrivacy(choice=Privacy(settings.audit.ip), key=derive_key(root, KeyLabel.PRIVACY))


def make_journal(
    settings: Settings,
    *,
    root: Secret,
    store: JournalStore,
    clock: Clock,
    ids: Ids,
    outbox: Outbox | None = None,
    observe: Callable[[int, float], None] | None = None,
) -> JournalWriter:
    """Return the process's writer of the journal; nothing runs before it is started.

    Args:
        settings: all of them.
        root: the server's root key.
        store: where facts go.
        clock: time.
        ids: randomness.
        outbox: knows which endpoints are told of a fact.
        observe: is told of each commit; see `JournalWriter`.
    """
    return JournalWriter(
        store=store,
        settings=settings.journal,
        clock=clock,
        ids=ids,
        signer=make_signer(root, clock=clock),
        privacy=make_privacy(settings, root),
        outbox=outbox,
        observe=observe,
    )


def make_upkeep(settings: Settings, *, root: Secret, store: JournalStore, clock: Clock) -> AuditUpkeep:
    """Return what the settings want beside the writer; nothing runs before it is started."""
    chosen = settings.audit
    file = AuditFile(store=store, path=Path(chosen.file), now=clock.now) if chosen.file else None
    retention_task = None
    if chosen.retention_days is not None:
        stopping = threading.Event()
        retention = Retention(
            store=store,
            signer=make_signer(root, clock=clock),
            clock=clock,
            days=chosen.retention_days,
            pause=lambda: not stopping.wait(_BATCH_PAUSE_SECONDS),
        )
        retention_task = Upkeep(
            retention.run, name="audit-retention", seconds=_RETENTION_SECONDS, stopping=stopping
        )
    return AuditUpkeep(
        file=file,
        file_task=Upkeep(file.copy, name="audit-file", seconds=_FILE_SECONDS) if file else None,
        retention_task=retention_task,
    )
