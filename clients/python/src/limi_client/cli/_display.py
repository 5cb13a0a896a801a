"""What a person sees of a conversation: two meters and the words of both sides, as they come."""

from types import TracebackType
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from limi_client.voice import (
    EventsDropped,
    Interrupted,
    Notice,
    StateChanged,
    ToolCalled,
    TranscriptChanged,
    TranscriptEntry,
    VoiceEvent,
    VoiceSession,
)

__all__ = ["Display"]

_FRAMES_PER_SECOND: Final = 12
_SHOWN_ENTRIES: Final = 12
_METER_WIDTH: Final = 30
_LOUDNESS: Final = 4.0
"""Speech is at a quarter of full scale at its loudest, so a meter of that range moves."""
_NAMES: Final = {"user": "You", "assistant": "Limi"}
_COLOURS: Final = {"user": "cyan", "assistant": "green"}


class Display:
    """Redraws itself on a terminal; elsewhere it prints a line for each finished utterance."""

    def __init__(self, voice: VoiceSession, console: Console | None = None) -> None:
        """Show a conversation."""
        self._voice = voice
        self._console = console or Console(highlight=False)
        self._status = "Connecting…"
        self._printed: set[str] = set()
        self._waiting: list[str] = []
        live = self._console.is_terminal
        self._live = (
            Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=_FRAMES_PER_SECOND,
                transient=True,
                vertical_overflow="visible",
            )
            if live
            else None
        )

    def __enter__(self) -> "Display":
        """Begin to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing, and leave the words on the screen."""
        if self._live is not None:
            self._live.stop()
        for entry in self._voice.transcript:
            self._print(entry)

    def take(self, event: VoiceEvent) -> None:
        """Show what happened."""
        if isinstance(event, StateChanged):
            self._status = _status(event)
        elif isinstance(event, TranscriptChanged) and event.entry.final and self._live is None:
            self._print_in_order()
        elif isinstance(event, ToolCalled):
            self._say(Text(f"  calls {event.name}", "dim"))
        elif isinstance(event, Interrupted):
            self._say(Text("  interrupted", "dim"))
        elif isinstance(event, Notice):
            self._say(Text(f"  {event.error}", "yellow"))
        elif isinstance(event, EventsDropped):
            self._say(Text(f"  {event.count} events came too fast", "yellow"))

    def _say(self, line: Text) -> None:
        self._console.print(line, soft_wrap=self._live is None)

    def _print_in_order(self) -> None:
        """Print what is finished, but no answer before its question: that may be written down later."""
        for entry in self._voice.transcript:
            if not entry.final:
                return
            self._print(entry)

    def _print(self, entry: TranscriptEntry) -> None:
        if entry.id not in self._printed:
            self._printed.add(entry.id)
            self._say(_line(entry))

    def _render(self) -> Group:
        entries = self._voice.transcript[-_SHOWN_ENTRIES:]
        return Group(self._meters(), *(_line(entry) for entry in entries))

    def _meters(self) -> Table:
        table = Table.grid(padding=(0, 1))
        listening, speaking = self._voice.levels
        table.add_row(Text("You", _COLOURS["user"]), _meter(listening, "cyan"), Text(self._status, "dim"))
        table.add_row(Text("Limi", _COLOURS["assistant"]), _meter(speaking, "green"), "")
        return table


def _meter(level: float, style: str) -> ProgressBar:
    filled = min(1.0, level * _LOUDNESS)
    return ProgressBar(total=1.0, completed=filled, width=_METER_WIDTH, complete_style=style, finished_style=style)


def _line(entry: TranscriptEntry) -> Text:
    name = _NAMES[entry.role]
    return Text.assemble(
        (f"{name}: ".ljust(6), f"bold {_COLOURS[entry.role]}"), entry.text + ("" if entry.final else " …")
    )


def _status(event: StateChanged) -> str:
    state = event.state
    if state.status == "connecting":
        return f"Connecting again ({state.attempt})…" if state.attempt else "Connecting…"
    return {"connected": "Connected", "disconnected": "Disconnected"}.get(state.status, "Failed")
