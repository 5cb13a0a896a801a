"""`python -m benchmarks [question …]`: measure, print the tables, and keep the results."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from benchmarks import access, analytics, clients, connect, latency, limits, mint, startup, voice, webhooks
from benchmarks.contenders import by_name
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import RESULTS, Report, save_report
from benchmarks.harness.rounds import Options
from benchmarks.harness.servers import Contender
from benchmarks.setup import CACHE, install_wrk
from benchmarks.table import render

__all__ = ["main"]

_QUESTIONS: Final[Mapping[str, Callable[[Sequence[Contender], Options], Report]]] = {
    "mint": mint.measure,
    "latency": latency.measure,
    "startup": startup.measure,
    "clients": clients.measure,
    "limits": limits.measure,
    "access": access.measure,
    "voice": voice.measure,
    "connect": connect.measure,
    "webhooks": webhooks.measure,
    "analytics": analytics.measure,
}
_FULL: Final = Options(rounds=5, seconds=5.0, warm_up_seconds=8.0, connections=64)
_QUICK: Final = Options(rounds=1, seconds=1.0, warm_up_seconds=1.0, connections=64)


def main() -> None:
    """Run the questions; end with 1 where somebody could not take part."""
    args = _arguments()
    options = replace(_QUICK if args.quick else _FULL, **({"rounds": args.rounds} if args.rounds else {}))
    try:
        contenders = by_name(args.only)
    except ValueError as exc:
        sys.exit(str(exc))
    install_wrk()
    if not choose_cores().apart:
        print(
            "This machine has one core: server and load share it, so figures are no one else's.", file=sys.stderr
        )
    reports = [_QUESTIONS[name](contenders, options) for name in args.questions or _QUESTIONS]
    # A quick or partial run shows that everything works; only a whole one is worth keeping.
    folder = CACHE / "results" if args.quick or args.only else RESULTS
    for report in reports:
        print(f"Written: {save_report(report, folder)}", file=sys.stderr)
    print(render(reports))
    sys.exit(1 if any(report.missing for report in reports) else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "questions", nargs="*", metavar="question", help=f"{', '.join(_QUESTIONS)}; all unless given"
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of {_FULL.seconds:g} s, {_FULL.rounds} unless given")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything works")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="contenders by name")
    args = parser.parse_args()
    if unknown := set(args.questions) - set(_QUESTIONS):
        parser.error(f"no question is named {', '.join(sorted(unknown))}")
    return args


if __name__ == "__main__":
    main()
