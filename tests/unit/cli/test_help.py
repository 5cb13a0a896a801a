"""What `--help` says of a group's commands."""

from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from limi.cli.help import WholeSentences

_GROUPS = ((), ("audit",), ("db",), ("key",), ("profile",), ("speech",), ("tenant",), ("usage",), ("webhook",))


@pytest.mark.parametrize("group", _GROUPS, ids=" ".join)
def test_no_sentence_is_cut(group: tuple[str, ...], invoke: Callable[..., Result]) -> None:
    listed = invoke(*group, "--help").output.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


def test_a_long_sentence_is_wrapped_and_ends_the_list_of_what_is_said() -> None:
    app = typer.Typer(cls=WholeSentences, rich_markup_mode=None)

    @app.command()
    def first() -> None:
        """Do what takes so many words to say that they go on in the next line of the help. And more.

        And even more.
        """

    @app.command(hidden=True)
    def second() -> None:
        """Do what nobody is told of."""

    output = CliRunner().invoke(app, ["--help"]).output
    listed = output.partition("Commands:\n")[2].splitlines()
    assert len(listed) == 2
    assert listed[0].startswith("  first  Do what takes")
    assert " ".join(output.split()).endswith("go on in the next line of the help.")
