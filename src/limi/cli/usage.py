"""`limi usage`: how much the service was used, read from the database; the server may be running or not."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from limi.adapters.configuration import load_settings
from limi.adapters.sql.engine import open_engine
from limi.cli.operating import ConfigFile
from limi.cli.options import start_option
from limi.cli.output import AsJSON, Yes, confirm, fail, print_facts, print_json, print_table
from limi.features.analytics.errors import AnalyticsUnavailableError, InvalidUsageQueryError
from limi.features.analytics.model import Dimension
from limi.features.analytics.usage import Bucket, UsageWish
from limi.http.admin.usage_answers import UsageAnswer, columns_of, usage_csv, usage_table
from limi.kernel.clock import SystemClock
from limi.kernel.frontends import Frontend
from limi.kernel.ids import RandomIds

if TYPE_CHECKING:
    from limi.analytics import UsageForCommands

__all__ = ["usage_app"]

_Result = TypeVar("_Result")

usage_app = typer.Typer(help="Count mints, connections and errors over time.", invoke_without_command=True)

_Since = Annotated[datetime | None, start_option("From then on.")]
_Until = Annotated[datetime | None, start_option("Before then.")]


@usage_app.callback()
def usage(
    context: typer.Context,
    *,
    since: _Since = None,
    until: _Until = None,
    bucket: Annotated[Bucket, typer.Option(help="What one line stands for.")] = Bucket.TOTAL,
    by: Annotated[list[Dimension] | None, typer.Option(help="What is told apart; may be repeated.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None,
    frontend: Annotated[Frontend | None, typer.Option(help="Of this kind of application only.")] = None,
    model: Annotated[str | None, typer.Option(help="Of this model only.")] = None,
    code: Annotated[str | None, typer.Option(help="Of this error code only.")] = None,
    as_json: AsJSON = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config: ConfigFile = None,
) -> None:
    """Count mints, connections and errors: of the last day unless told otherwise."""
    if context.invoked_subcommand is not None:
        return
    where = {Dimension.TENANT: tenant, Dimension.FRONTEND: frontend, Dimension.MODEL: model, Dimension.CODE: code}
    wish = UsageWish(
        bucket=bucket,
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        group=tuple(by or ()),
        where={dimension: str(value) for dimension, value in where.items() if value is not None},
    )
    answer = _read(config, wish)
    if as_csv:
        sys.stdout.write(usage_csv(answer).decode())
    elif as_json:
        print_json(answer)
    else:
        _print(answer)


def _print(answer: UsageAnswer) -> None:
    """Print what fits a terminal: one line's measures below each other, of several those that any of them has."""
    names = [name.replace("_", " ") for name in columns_of(answer)]
    rows = usage_table(answer)
    if len(rows) == 1:
        print_facts(dict(zip(names, rows[0], strict=True)))
        return
    keys = 1 + len(answer.group)
    shown = [at for at in range(len(names)) if at < keys or any(row[at] for row in rows)]
    table = [[row[at] for at in shown] for row in rows]
    print_table([names[at] for at in shown], table, empty="Nothing was counted in that time.")


@usage_app.command()
def rebuild(*, yes: Yes = False, config: ConfigFile = None) -> None:
    """Count everything anew from the journal and the events that are kept; older numbers stay as they are."""
    confirm("Usage is incomplete until everything is counted again. Go on?", yes=yes)

    async def work(parts: "UsageForCommands") -> int:
        await parts.rollups.rebuild()
        return await parts.projector.catch_up()

    typer.echo(f"{_run(config, work)} rows were counted.")


def _read(config: Path | None, wish: UsageWish) -> UsageAnswer:
    async def work(parts: "UsageForCommands") -> UsageAnswer:
        # Where no server runs, nobody else counts.
        await parts.projector.catch_up()
        return UsageAnswer.of(await parts.usage.ask(wish))

    return _run(config, work)


def _run(config: Path | None, work: "Callable[[UsageForCommands], Awaitable[_Result]]") -> _Result:
    # Not at the top: it imports every store, which `limi --help` should not wait for.
    from limi.analytics import open_usage  # noqa: PLC0415

    settings = load_settings(file=config)
    # A database is made by a server's start or `limi db upgrade`, not because a command ran in the wrong folder.
    open_engine(settings.database.url).dispose()

    async def run() -> _Result:
        async with open_usage(settings, clock=SystemClock(), ids=RandomIds()) as parts:
            return await work(parts)

    try:
        return asyncio.run(run())
    except InvalidUsageQueryError as exc:
        raise fail(str(exc), code=2) from exc
    except AnalyticsUnavailableError as exc:
        raise fail(f"the database does not answer: {exc}") from exc
