"""Storage in SQLite or PostgreSQL: engine, tables, migrations, stores. Knows features' ports, not services."""

from limi.adapters.sql.engine import create_database_file, open_engine
from limi.adapters.sql.errors import (
    DatabaseError,
    DatabaseMissingError,
    DatabaseReplacedError,
    DatabaseURLError,
    SchemaError,
)
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import HEAD, check_schema, upgrade

__all__ = [
    "HEAD",
    "DatabaseError",
    "DatabaseMissingError",
    "DatabaseReplacedError",
    "DatabaseURLError",
    "SQLJournalStore",
    "SchemaError",
    "check_schema",
    "create_database_file",
    "open_engine",
    "upgrade",
]
