"""Which version of the tables there is, and how it becomes the one this code needs.

Alembic does the work and costs 0.4 s to import, so it is imported only when there is work.
"""

from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from limi.adapters.sql.engine import create_database_file, open_engine, write_transaction
from limi.adapters.sql.errors import DatabaseMissingError, SchemaError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "alembic_config", "check_schema", "current_revision", "upgrade"]

HEAD: Final = "0006"
"""The newest revision among the migrations. They are numbered, so that an old server can tell newer tables."""

_LOCK_SECONDS: Final = 30.0
"""How long a server waits while another one migrates: far longer than that takes, so that it is an error."""

_log = structlog.get_logger(__name__)


def upgrade(url: str) -> None:
    """Create the database where it is a file, and bring its tables to `HEAD`.

    Of several servers that start at once, one does it and the others wait.

    Raises:
        DatabaseURLError: when `url` does not fit.
        DatabaseMissingError: when the database cannot be reached or does not let itself be changed.
        SchemaError: when the tables are newer than this code.
    """
    create_database_file(url)
    engine = open_engine(url, busy_seconds=_LOCK_SECONDS)
    try:
        if not _is_current(engine):
            _migrate(engine)
    except DBAPIError as exc:
        raise DatabaseMissingError(
            f"The database cannot be opened or migrated: {_said(exc)}.",
            hint="Check LIMI_DATABASE_URL, that the database runs, that its disk has room and its user may "
            "change tables.",
        ) from exc
    finally:
        engine.dispose()


def check_schema(connection: Connection) -> None:
    """Return when the tables are those of `HEAD` or newer.

    Newer ones are fine for a server that runs already: while new servers replace old ones, migrations only add.

    Raises:
        SchemaError: when they are missing or older.
    """
    revision = _revision(connection)
    if revision is None:
        raise SchemaError("The database has no tables of Limi.", hint="Start the server once: it makes them.")
    if revision < HEAD:
        raise SchemaError(
            f"The database has revision {revision}, this version needs {HEAD}.",
            hint="Start the server once: it migrates.",
        )


def current_revision(url: str) -> str | None:
    """Return the revision of the tables in the database of `url`, None where Limi made none.

    Raises:
        DatabaseURLError: when `url` does not fit.
        DatabaseMissingError: when there is no such database.
    """
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    except DBAPIError as exc:
        raise DatabaseMissingError(
            f"The database cannot be opened: {_said(exc)}.",
            hint="Check LIMI_DATABASE_URL and that the database runs.",
        ) from exc
    finally:
        engine.dispose()


def alembic_config() -> "Config":
    """Return Alembic's configuration: only where the migrations are, inside the package."""
    from alembic.config import Config  # noqa: PLC0415 - see the module's docstring

    config = Config()
    config.set_main_option("script_location", "limi.adapters.sql:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        return _needs_nothing(_revision(connection))


def _migrate(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        before = _revision(connection)
        if _needs_nothing(before):
            return  # Another server did it while this one waited for the lock.
        from alembic import command  # noqa: PLC0415 - see the module's docstring

        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    _log.info("database.migrated", before=before, after=HEAD)


def _needs_nothing(revision: str | None) -> bool:
    if revision is not None and revision > HEAD:
        raise SchemaError(
            f"The database has revision {revision}, this version knows {HEAD}.",
            hint="A newer Limi has migrated it: run that one, or restore the backup from before.",
        )
    return revision == HEAD


def _revision(connection: Connection) -> str | None:
    """Return the tables' revision as Alembic notes it, None where it has noted nothing."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def _said(error: DBAPIError) -> str:
    """Return what the database said, as part of a sentence: PostgreSQL writes several lines."""
    return " ".join(str(error.orig).split()).rstrip(".?")
