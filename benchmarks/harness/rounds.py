"""Interleaved rounds: everyone once, then everyone again, so that a slow minute is nobody's alone."""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.load import LoadError
from benchmarks.harness.servers import Contender, NotReadyError
from benchmarks.setup import MissingError

__all__ = ["Options", "Outcome", "interleave"]

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much to measure."""

    rounds: int
    seconds: float
    """Length of one measurement."""
    warm_up_seconds: float
    """Express needs 3–4 s until its code is compiled, and LiteLLM longer until its pools are filled."""
    connections: int

    def at_most(self, *, rounds: int, seconds: float, warm_up_seconds: float) -> "Options":
        """Return the same with no more than a question has time for."""
        return replace(
            self,
            rounds=min(self.rounds, rounds),
            seconds=min(self.seconds, seconds),
            warm_up_seconds=min(self.warm_up_seconds, warm_up_seconds),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rounds of each contender, and why some have none."""

    rounds: Mapping[str, Sequence[Figures]]
    missing: Mapping[str, str]


def interleave(
    contenders: Sequence[Contender], rounds: int, measure: Callable[[Contender, Path], Figures]
) -> Outcome:
    """Measure each contender `rounds` times; one that fails once is left out from then on, and said to be missing.

    Args:
        contenders: who takes part, in this order in every round.
        rounds: how often.
        measure: starts, measures and stops one contender; its folder is empty and goes afterwards.
    """
    found: dict[str, list[Figures]] = {contender.name: [] for contender in contenders}
    missing: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for contender in contenders:
            if contender.name in missing:
                continue
            try:
                with tempfile.TemporaryDirectory(prefix="limi-bench-") as folder:
                    figures = measure(contender, Path(folder))
            except (DifferentAnswerError, LoadError, MissingError, NotReadyError) as exc:
                missing[contender.name] = str(exc)
                found.pop(contender.name)
                _say(f"{contender.name}: {exc}")
                continue
            found[contender.name].append(figures)
            told = "  ".join(f"{name}={value:.4g}" for name, value in figures.items())
            _say(f"round {number}/{rounds}  {contender.name:16}  {told}")
    return Outcome(found, missing)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
