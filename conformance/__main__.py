"""Plays every scenario with every client and says how it went: `python -m conformance`."""

import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from conformance.processes import CommandError, SandboxError, run, running_sandbox, say
from conformance.record import RECORD_VARIABLE, read_record
from conformance.results import COMMITTED, Results, complete, drift, load, save
from conformance.table import render
from conformance.target import DEFAULT_MODEL, SANDBOX_KEY, TARGET_VARIABLE, Target
from conformance.warm_up import warm_up
from conformance.workspace import Workspace, fresh, locked

_WEIGHTS: Final = Path(__file__).parents[1] / ".limi" / "speech"


def main() -> int:
    """Run; 0 when every client could do everything that it can do at all."""
    chosen = _arguments()
    if chosen.upstream and "OPENAI_API_KEY" not in os.environ:
        say("--upstream: OPENAI_API_KEY is not set, and upstream lets nobody in without a key.")
        return 2
    with tempfile.TemporaryDirectory(prefix="limi-conformance-") as folder:
        try:
            workspace = locked() if chosen.locked else fresh(Path(folder) / "newest")
            results = _play(chosen, workspace, Path(folder))
        except (CommandError, SandboxError) as exc:
            say(str(exc))
            return 1
    return _report(chosen, results)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument(
        "--upstream", metavar="URL", help="try this API, with OPENAI_API_KEY, and say where it differs"
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="the model to ask for (%(default)s)")
    parser.add_argument("--locked", action="store_true", help="use the versions of the lock files")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="where to write what happened, if not where it is committed"
    )
    return parser.parse_args()


def _play(chosen: Namespace, workspace: Workspace, folder: Path) -> Results:
    record = folder / "record.jsonl"
    with _target(chosen, workspace, folder) as (target, trusted):
        environ = {
            **workspace.environ,
            **trusted,
            TARGET_VARIABLE: target.dump(),
            RECORD_VARIABLE: str(record),
            # Reasons go into files and tables, where a terminal's colours are noise.
            "NO_COLOR": "1",
            "OPENAI_API_KEY": os.environ["OPENAI_API_KEY"] if chosen.upstream else SANDBOX_KEY,
        }
        suites: tuple[tuple[list[str], Path], ...] = (
            ([str(workspace.python), "-m", "conformance.python_clients"], workspace.folder),
            (["npx", "vitest", "run"], workspace.suite),
            (["npx", "playwright", "test"], workspace.suite),
        )
        for command, place in suites:
            try:
                run(command, place, environ)
            except CommandError as exc:
                # The others shall have their turn; the record says which scenarios failed.
                say(str(exc))
    _keep_pictures(workspace)
    return Results(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        target=chosen.upstream or "the sandbox of this checkout",
        releases="the locked releases" if chosen.locked else "the newest releases of that day",
        versions=workspace.versions(),
        played=complete(read_record(record)),
    )


def _keep_pictures(workspace: Workspace) -> None:
    output = Path(__file__).parent / "output"
    output.mkdir(exist_ok=True)
    for picture in (workspace.suite / "output").glob("*.png"):
        if picture.parent != output:
            shutil.copy(picture, output)


@contextmanager
def _target(chosen: Namespace, workspace: Workspace, folder: Path) -> Iterator[tuple[Target, Mapping[str, str]]]:
    """Yield what is to be tried, and the variables by which its certificate is trusted."""
    python = str(workspace.python)
    if chosen.upstream:
        url = chosen.upstream.rstrip("/")
        tls_url = url if url.startswith("https://") else ""
        yield Target(url=url, tls_url=tls_url, python=python, model=chosen.model), {}
        return
    speech = ["--speech-dir", str(_WEIGHTS)]
    with ExitStack() as stack:
        plain = stack.enter_context(running_sandbox(folder, *speech))
        secure = stack.enter_context(running_sandbox(folder, *speech, "--tls"))
        for sandbox in (plain, secure):
            warm_up(sandbox)
        target = Target(
            # The name may lead to another address first; the sandboxes listen on this one.
            url=plain["base_url"].replace("localhost", "127.0.0.1"),
            tls_url=secure["base_url"].replace("localhost", "127.0.0.1"),
            python=python,
            model=chosen.model,
        )
        yield target, {"NODE_EXTRA_CA_CERTS": secure["ca_file"]}


def _report(chosen: Namespace, results: Results) -> int:
    sys.stdout.write(render(results))
    for played in results.failed:
        say(f"{played.client}, {played.scenario}: {played.reason}")
    if chosen.upstream:
        differences = drift(load(), results)
        for line in differences:
            say(f"drift: {line}")
        say(f"{len(differences)} differences from the sandbox.")
    if path := chosen.results or (None if chosen.upstream or chosen.locked else COMMITTED):
        save(results, path)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
