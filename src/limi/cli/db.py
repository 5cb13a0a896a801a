"""`limi db`: the database's tables and a copy of it; the server may be running or not."""

import json
from pathlib import Path
from typing import Annotated

import typer

from limi.adapters.configuration import load_settings
from limi.adapters.sql.backup import back_up
from limi.adapters.sql.schema import HEAD, current_revision
from limi.adapters.sql.schema import upgrade as upgrade_tables

__all__ = ["db_app"]

db_app = typer.Typer(help="Look after the database.", no_args_is_help=True)

_AsJSON = Annotated[bool, typer.Option("--json", help="Print a JSON object.")]
_Config = Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)]


@db_app.command()
def upgrade(*, config: _Config = None, as_json: _AsJSON = False) -> None:
    """Bring the tables to what this version needs; a start does the same.

    Of several that do so at once one works and the others wait. Migrations only add.
    """
    url = load_settings(file=config).database.url
    upgrade_tables(url)
    _show(current_revision(url), as_json=as_json)


@db_app.command()
def current(*, config: _Config = None, as_json: _AsJSON = False) -> None:
    """Print which revision the tables have and which one this version needs; exit code 1 where they differ."""
    revision = current_revision(load_settings(file=config).database.url)
    _show(revision, as_json=as_json)
    if revision != HEAD:
        raise typer.Exit(1)


@db_app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; nothing is overwritten.")],
    *,
    config: _Config = None,
) -> None:
    """Write a whole copy of the database to a new file that only its owner can read.

    Of SQLite it is a database, to be put in its place while no server runs. Of PostgreSQL it is made by pg_dump,
    for pg_restore. The key files are not in it: without the root key some of it cannot be read or checked.
    """
    back_up(load_settings(file=config).database.url, target)
    typer.echo(f"{target} holds the whole database.")


def _show(revision: str | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"revision": revision, "needed": HEAD}))
    elif revision is None:
        typer.echo(f"The database has no tables of Limi; this version makes revision {HEAD}.")
    elif revision == HEAD:
        typer.echo(f"The tables have revision {HEAD}, which is what this version needs.")
    else:
        typer.echo(f"The tables have revision {revision}; this version needs {HEAD}.")
