"""How opening the database fails. What fails while it is used is translated into the errors of the feature.

DatabaseError
├── DatabaseURLError       the setting does not name a database that Limi can use
├── DatabaseMissingError   there is no such file, or it cannot be opened
├── DatabaseReplacedError  the open file is no longer the one at its path
├── SchemaError            the tables are not those of this version
└── BackupError            no copy of it could be made
"""

from pathlib import Path

__all__ = [
    "BackupError",
    "DatabaseError",
    "DatabaseMissingError",
    "DatabaseReplacedError",
    "DatabaseURLError",
    "SchemaError",
]


class DatabaseError(Exception):
    """The database cannot be used.

    Attributes:
        hint: what to do about it.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.hint = hint


class DatabaseURLError(DatabaseError):
    """`LIMI_DATABASE_URL` does not fit. The message never quotes it: it may hold a password."""

    def __init__(self, rule: str) -> None:
        super().__init__(
            f"LIMI_DATABASE_URL (database.url): {rule}.",
            hint="Write `sqlite:///path/to/file.db` or `postgresql://user:password@host/database`.",
        )


class DatabaseMissingError(DatabaseError):
    """The database is not there or does not open."""


class DatabaseReplacedError(DatabaseError):
    """The file was moved, removed or replaced while it was open.

    Attributes:
        path: where it was.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The database {path} was moved, removed or replaced while it was open.",
            hint="Put a whole database of Limi there: it is used without a restart.",
        )
        self.path = path


class SchemaError(DatabaseError):
    """The tables are missing, older or newer than this version needs."""


class BackupError(DatabaseError):
    """No copy was made, and no part of one is left."""
