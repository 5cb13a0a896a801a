"""The command `limi`."""

import json
import os
import sys
from typing import Annotated, Final

import typer

from limi import __version__
from limi.adapters.sql.errors import DatabaseError
from limi.cli.audit import audit_app
from limi.cli.config import config
from limi.cli.db import db_app
from limi.cli.doctor import doctor
from limi.cli.help import WholeSentences
from limi.cli.keys import key_app
from limi.cli.mint import mint
from limi.cli.mistakes import Commands
from limi.cli.profiles import profile_app
from limi.cli.sandbox import sandbox
from limi.cli.serve import serve, settings_help
from limi.cli.speech import speech_app
from limi.cli.stats import stats
from limi.cli.tenants import tenant_app
from limi.cli.usage import usage_app
from limi.cli.webhooks import webhook_app
from limi.kernel.settings import SettingsError

__all__ = ["app", "main"]

_STANDARD_ERROR: Final = 2

app = typer.Typer(
    name="limi",
    cls=Commands,
    help="Mints short-lived keys for live voice conversations with OpenAI's realtime models.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(epilog=settings_help())(serve)
app.command()(sandbox)
app.command()(config)
app.command()(doctor)
app.command()(mint)
app.command()(stats)
app.add_typer(audit_app, name="audit", cls=WholeSentences)
app.add_typer(db_app, name="db", cls=WholeSentences)
app.add_typer(key_app, name="key", cls=WholeSentences)
app.add_typer(profile_app, name="profile", cls=WholeSentences)
app.add_typer(speech_app, name="speech", cls=WholeSentences)
app.add_typer(tenant_app, name="tenant", cls=WholeSentences)
app.add_typer(usage_app, name="usage", cls=WholeSentences)
app.add_typer(webhook_app, name="webhook", cls=WholeSentences)


@app.command()
def version(*, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False) -> None:
    """Print the version."""
    python = ".".join(map(str, sys.version_info[:3]))
    facts = {"limi": __version__, "python": python}
    typer.echo(json.dumps(facts) if as_json else f"limi {__version__} (Python {python})")


def main() -> None:
    """Run the command line; a mistake of the operator's is a sentence, not a stack trace."""
    _open_standard_streams()
    try:
        app()
    except (SettingsError, DatabaseError) as exc:
        typer.echo(f"limi: {exc}", err=True)
        sys.exit(2)


def _open_standard_streams() -> None:
    """Have standard input, output and errors lead nowhere where the process was started without them.

    Their numbers would otherwise go to the next files that are opened, such as the database, and whoever prints
    would write into those. One of them may have gone to a library by now, as a newer libffi opens its own file; so
    streams are not opened by their numbers.
    """
    if sys.stdin and sys.stdout and sys.stderr:
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(number, True)
    sys.stdin = sys.stdin or os.fdopen(number, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(number, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(number, "w", closefd=False)
