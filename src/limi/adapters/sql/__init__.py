"""Storage in SQLite or PostgreSQL: engine, tables, migrations, stores. Knows features' ports, not services."""

from limi.adapters.sql.backup import back_up
from limi.adapters.sql.engine import create_database_file, open_engine
from limi.adapters.sql.errors import (
    BackupError,
    DatabaseError,
    DatabaseMissingError,
    DatabaseReplacedError,
    DatabaseURLError,
    SchemaError,
)
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import HEAD, check_schema, current_revision, upgrade

__all__ = [
    "HEAD",
    "BackupError",
    "DatabaseError",
    "DatabaseMissingError",
    "DatabaseReplacedError",
    "DatabaseURLError",
    "SQLJournalStore",
    "SchemaError",
    "back_up",
    "check_schema",
    "create_database_file",
    "current_revision",
    "open_engine",
    "upgrade",
]
