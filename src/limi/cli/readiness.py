"""How whoever starts `limi sandbox` learns that it answers, and how the sandbox learns that they are gone.

A test runner in another language reads one JSON line, or waits for a file; and it need not clean up after itself,
because a pipe to standard input closes with the process that held it, however that ended.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, Final

import structlog
import typer

from limi.kernel.settings import SettingsError

__all__ = ["Announcement", "PrintJSON", "ReadyFile", "WithParent", "exit_with_parent", "keep_output_clean"]

PrintJSON = Annotated[bool, typer.Option("--print-json", help="Say in one JSON line where it is.")]
ReadyFile = Annotated[
    Path | None, typer.Option(help="File to write that line to, once it answers.", dir_okay=False)
]
WithParent = Annotated[bool, typer.Option("--exit-with-parent", help="Stop when standard input ends.")]

_API_KEY: Final = "sk-anything"


class Announcement:
    """Says once that the sandbox answers, to people or to programs."""

    def __init__(self, *, as_json: bool, ready_file: Path | None, ca_file: Path | None) -> None:
        """Prepare to say it; what an earlier run left in the file is gone from here on.

        Args:
            as_json: Print one JSON line and nothing else.
            ready_file: Where to write that line as well.
            ca_file: What clients have to trust, when the server answers by TLS.

        Raises:
            SettingsError: The file cannot be written.
        """
        self._as_json = as_json
        self._ready_file = ready_file
        self._ca_file = ca_file and ca_file.resolve()
        if ready_file is not None:
            _in_folder(ready_file, lambda file: file.unlink(missing_ok=True))

    def __call__(self, url: str) -> None:
        """Say it of a URL that answers now."""
        line = json.dumps(self._facts(url))
        if self._as_json:
            typer.echo(line)
        else:
            typer.echo(f"The sandbox answers at {url}/v1. Try: {self._variables(url)}")
        # Standard output is a file or a pipe here, and whoever reads it waits for this line.
        sys.stdout.flush()
        if self._ready_file is not None:
            _in_folder(self._ready_file, lambda file: _write_whole(file, line + "\n"))

    def _variables(self, url: str) -> str:
        trust = f" NODE_EXTRA_CA_CERTS={self._ca_file} SSL_CERT_FILE={self._ca_file}" if self._ca_file else ""
        return f"OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={_API_KEY}{trust}"

    def _facts(self, url: str) -> dict[str, Any]:
        facts = {
            "url": url,
            "base_url": f"{url}/v1",
            "socket_url": f"ws{url.removeprefix('http')}/v1/realtime",
            "api_key": _API_KEY,
            "pid": os.getpid(),
        }
        return {**facts, "ca_file": str(self._ca_file)} if self._ca_file else facts


def keep_output_clean() -> None:
    """Send logs to standard error, so that the announcement is all that standard output holds."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def exit_with_parent() -> None:
    """Stop this process, as SIGTERM does, when its standard input ends."""
    # A daemon, because nobody can interrupt a read: it ends with the process.
    threading.Thread(target=_stop_at_the_end_of_input, name="limi parent watch", daemon=True).start()


def _stop_at_the_end_of_input() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _in_folder(file: Path, change: Any) -> None:  # noqa: ANN401 - a callable of the file, whatever it returns
    try:
        change(file)
    except OSError as exc:
        msg = f"--ready-file: {file} cannot be written: {exc.strerror}."
        raise SettingsError(msg) from exc


def _write_whole(file: Path, text: str) -> None:
    """Write so that whoever sees the file can read all of it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
