"""A copy of the audit log in a file, which follows the database and can be shipped elsewhere as it grows.

The database is what must be believed: a mint waits for its row there, and for nothing here. The file is JSON
lines, readable by its owner only, and opened anew when what is at its path is no longer what was opened: whoever
rotates it renames it. How far it has come stands beside it in `<file>.cursor`. Of several processes that share a
file the one that holds the lock of that note writes.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from limi.features.journal.export import Place, read_on
from limi.features.journal.ports import JournalStore

__all__ = ["AuditFile"]

_OWNER_ONLY: Final = 0o600
_START: Final = Place(seq=0, number=0)
_TAIL: Final = 65_536
"""Bytes of the file's end that are looked at for its last whole line; a line has about 1 KB."""


class _Last(msgspec.Struct):
    """What of a line says where it stands."""

    seq: int = 0
    checkpoint: int = 0


class AuditFile:
    """Follows the journal into a file. `copy` blocks and belongs to one thread."""

    def __init__(self, *, store: JournalStore, path: Path, now: Callable[[], float]) -> None:
        """Keep the parts; nothing is opened before the first `copy`.

        Args:
            store: what is copied.
            path: where to; its folder must exist.
            now: Unix seconds.
        """
        self._store = store
        self._path = path
        self._now = now
        self._place: Place | None = None
        self._file: int | None = None
        self._cursor: int | None = None
        self._complete_at = now()
        self._standing_by = False

    def lag_seconds(self) -> float:
        """Return how long ago the file had everything; 0 in a process that leaves it to another."""
        return 0.0 if self._standing_by else max(0.0, self._now() - self._complete_at)

    def copy(self) -> None:
        """Append all that the journal has and the file has not.

        Raises:
            JournalUnavailableError: when the journal cannot be read.
            OSError: when the file cannot be written.
        """
        self._standing_by = not self._take_turn()
        if self._standing_by:
            return
        place, more = self._place or self._find_place(), True
        while more:
            started = self._now()
            lines, place, more = read_on(self._store, place)
            if lines:
                self._append(b"".join(lines))
            if place != self._place:
                self._note(place)
        self._complete_at = started

    def close(self) -> None:
        """Let go of the file; another process may go on with it."""
        for descriptor in (self._file, self._cursor):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._cursor = self._place = None

    def _take_turn(self) -> bool:
        if self._cursor is None:
            cursor = os.open(f"{self._path}.cursor", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                fcntl.flock(cursor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(cursor)
                return False
            self._cursor = cursor
        return True

    def _find_place(self) -> Place:
        """Return where the file ends: what is noted, or its last whole line where that is further."""
        assert self._cursor is not None  # noqa: S101 - the turn was taken
        try:
            noted = msgspec.json.decode(os.pread(self._cursor, 256, 0), type=Place)
        except msgspec.DecodeError:
            noted = _START
        self._open()
        last = self._mend_end()
        return Place(seq=max(noted.seq, last.seq), number=max(noted.number, last.number))

    def _mend_end(self) -> Place:
        """Cut off a line that a crash left unfinished, and return what the last whole ones say."""
        assert self._file is not None  # noqa: S101 - it was opened
        size = os.fstat(self._file).st_size
        start = max(0, size - _TAIL)
        tail = os.pread(self._file, size - start, start)
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(self._file, start + whole)
        seq = number = 0
        for line in tail[:whole].splitlines()[1 if start else 0 :]:
            try:
                last = msgspec.json.decode(line, type=_Last)
            except msgspec.DecodeError:
                continue
            if last.checkpoint:
                number = max(number, last.checkpoint)
            else:
                seq = max(seq, last.seq)
        return Place(seq=seq, number=number)

    def _append(self, text: bytes) -> None:
        self._open()
        assert self._file is not None  # noqa: S101 - it was opened
        written = 0
        while written < len(text):
            written += os.write(self._file, text[written:])
        os.fdatasync(self._file)

    def _open(self) -> None:
        """Open what is at the path, unless it is open."""
        if self._file is not None:
            opened = os.fstat(self._file)
            try:
                found = self._path.stat()
            except FileNotFoundError:
                found = None
            if found is not None and (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino):
                return
            os.close(self._file)
            self._file = None
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(self._path, flags, _OWNER_ONLY)

    def _note(self, place: Place) -> None:
        assert self._cursor is not None  # noqa: S101 - the turn was taken
        text = msgspec.json.encode(place)
        # Padded, so that a shorter note leaves nothing of a longer one; one small write is whole or not there.
        os.pwrite(self._cursor, text.ljust(128), 0)
        self._place = place
