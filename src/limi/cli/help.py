"""How the help of a group of commands looks."""

from typing import Any, Final

from typer.core import TyperGroup

__all__ = ["WholeSentences"]

_ANY_LENGTH: Final = 10_000


class WholeSentences(TyperGroup):
    """A group that lists its commands with whole first sentences, over as many lines as they take.

    Typer's own cuts each sentence where the first line ends, which is where most of ours say what they are about.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer does not export their types
        """Write the list."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(_ANY_LENGTH))
                    for name, command in commands
                    if not command.hidden
                ]
            )
