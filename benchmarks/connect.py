"""How long does a page in a browser take from a click until its call is connected?"""

import asyncio
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.contenders import limi_environ, limi_versions, read_common
from benchmarks.harness.browser import BrowserError, browsing
from benchmarks.harness.call_page import Click, click_to_call, serving_page
from benchmarks.harness.load import LoadError
from benchmarks.harness.machine import tool_version
from benchmarks.harness.processes import choose_cores, pinned
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, Launch, running
from benchmarks.setup import MissingError

__all__ = ["measure"]

_ROOT: Final = Path(__file__).parents[1]
_CLICKS: Final = 10
_QUICK_CLICKS: Final = 3
_WHOLE_SECONDS: Final = 4.0

_COLUMNS: Final = (
    Column(key="key_ms", heading="click → key, ms", digits=0),
    Column(key="connected_ms", heading="click → connected, ms", digits=0),
    Column(key="slowest_ms", heading="slowest of these", digits=0),
    Column(key="event_ms", heading="click → first event, ms", digits=0),
)
_NOTES: Final = (
    (
        f"Medians of {_CLICKS} clicks a round, each in a new page of one browser; the first is among them. The "
        "page stands on an origin of its own and does what an application does: it asks Limi for a key, opens the "
        "microphone, offers, and waits until the connection is `connected`, and then for `session.created`."
    ),
    "Upstream is the sandbox inside Limi. OpenAI's servers are further away, and take time of their own.",
    "The browser's microphone is a fake one, so that no device has to start, and nobody is asked for permission.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has a contender of its own."""
    contenders = [_contender()]
    outcome = interleave(
        contenders, options.rounds, lambda contender, folder: _once(contender, folder, options.seconds)
    )
    report = make_report(
        question="connect",
        title="From a click to a connected call",
        contenders=contenders,
        options=options,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by=None,
        notes=_NOTES,
    )
    run = msgspec.structs.replace(report.run, driver="Chromium, headless", connections=1)
    return msgspec.structs.replace(report, run=run)


def _contender() -> Contender:
    return Contender(
        name="limi",
        title="Limi with the sandbox inside, Chromium",
        command=lambda launch: [sys.executable, "-m", "limi", "serve", "--port", str(launch.port)],
        environ=_environ,
        versions=lambda: {**limi_versions(), "chromium": _chromium_version()},
        read=read_common,
    )


def _environ(launch: Launch) -> Mapping[str, str]:
    environ = limi_environ(launch)
    del environ["OPENAI_API_KEY"]
    return {**environ, "LIMI_UPSTREAM_URL": "sandbox", "LIMI_SPEECH": "small"}


def _once(contender: Contender, folder: Path, seconds: float) -> Mapping[str, float]:
    cores, program = choose_cores(), _chromium()
    with running(contender, core=cores.server, upstream_url="", folder=folder) as server, pinned(cores.load):
        count = _CLICKS if seconds >= _WHOLE_SECONDS else _QUICK_CLICKS
        try:
            clicks = asyncio.run(_click(program, folder, f"http://localhost:{server.port}", count))
        except BrowserError as exc:
            raise LoadError(str(exc)) from exc
    return {
        "key_ms": statistics.median(click.key_ms for click in clicks),
        "connected_ms": statistics.median(click.connected_ms for click in clicks),
        "slowest_ms": max(click.connected_ms for click in clicks),
        "event_ms": statistics.median(click.event_ms for click in clicks),
    }


async def _click(program: str, folder: Path, backend: str, count: int) -> list[Click]:
    with serving_page() as page:
        async with browsing(program, folder / "chromium") as browser:
            return [await click_to_call(browser, page, backend) for _ in range(count)]


def _chromium() -> str:
    """Return where Chromium is; Debian's is installed where that can be done.

    Raises:
        MissingError: there is none.
    """
    command = [str(_ROOT / "scripts" / "chromium.sh")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    if found.returncode:
        raise MissingError(found.stderr.strip() or "Chromium is missing")
    return found.stdout.strip().splitlines()[-1]


def _chromium_version() -> str:
    return tool_version([_chromium(), "--version"]).removeprefix("Chromium ").partition(" ")[0]
