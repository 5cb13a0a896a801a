"""Taking turns: everyone once, then everyone again, so that a slow minute of the machine is nobody's alone.

`interleave` starts a contender for each measurement and stops it afterwards. `take_turns` starts everyone once and
measures in bursts, with seconds in place of minutes between two contenders, and with many more of them.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.load import LoadError
from benchmarks.harness.servers import Contender, NotReadyError
from benchmarks.setup import MissingError

__all__ = ["Bursts", "Options", "Outcome", "interleave", "take_turns"]

Figures = Mapping[str, float]
_FAILURES: Final = (DifferentAnswerError, LoadError, MissingError, NotReadyError)
_BURST_SECONDS: Final = 1.0
"""The least that wrk can do. What strangers on the same processor take lasts for tenths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much to measure."""

    rounds: int
    seconds: float
    """Length of one measurement."""
    warm_up_seconds: float
    """Express needs 3–4 s until its code is compiled, and LiteLLM longer until its pools are filled."""
    connections: int
    in_bursts: bool = False
    """Whether contenders live side by side and rounds are turns of bursts."""

    def at_most(self, *, rounds: int, seconds: float, warm_up_seconds: float) -> "Options":
        """Return the same with no more than a question has time for."""
        return replace(
            self,
            rounds=min(self.rounds, rounds),
            seconds=min(self.seconds, seconds),
            warm_up_seconds=min(self.warm_up_seconds, warm_up_seconds),
        )

    def cut(self) -> "Options":
        """Return the same measured time cut into bursts, each of which is a round of its own."""
        bursts = max(1, round(self.rounds * self.seconds / _BURST_SECONDS))
        return replace(self, rounds=bursts, seconds=_BURST_SECONDS, in_bursts=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rounds of each contender, and why some have none."""

    rounds: Mapping[str, Mapping[int, Figures]]
    """By the number of the round; not everyone has a turn in each."""
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How a contender that runs takes its turns."""

    measure: Callable[[], Figures]
    """Measures it, once."""
    every: int = 1
    """In how many turns it has one: 1 is each."""


def interleave(
    contenders: Sequence[Contender], rounds: int, measure: Callable[[Contender, Path], Figures]
) -> Outcome:
    """Measure each contender `rounds` times; one that fails once is left out from then on, and said to be missing.

    Args:
        contenders: who takes part, in this order in every round.
        rounds: how often.
        measure: starts, measures and stops one contender; its folder is empty and goes afterwards.
    """
    book = _Book(contenders, rounds)
    for number in range(1, rounds + 1):
        for contender in book.present(contenders):
            with book.failing(contender), _folder() as folder:
                book.note(contender, number, measure(contender, folder))
    return book.outcome


def take_turns(
    contenders: Sequence[Contender],
    turns: int,
    take_part: Callable[[Contender, Path], AbstractContextManager[Bursts]],
) -> Outcome:
    """Start everyone, let everyone have a burst in turn, so many times, and stop everyone.

    Every other turn goes backwards, so that nobody always follows the same. One that fails is stopped, left out
    from then on, and said to be missing.

    Args:
        contenders: who takes part.
        turns: how often each is measured, where it does not say that it is measured less often.
        take_part: starts a contender, warms it up, gives its bursts, and stops it at the block's end; its
            folder is empty and goes afterwards.
    """
    book = _Book(contenders, turns)
    bursts: dict[str, Bursts] = {}
    with ExitStack() as everyone:
        stays = {contender.name: everyone.enter_context(ExitStack()) for contender in contenders}
        for contender in contenders:
            stay = stays[contender.name]
            with book.failing(contender, stay):
                folder = stay.enter_context(_folder())
                bursts[contender.name] = stay.enter_context(take_part(contender, folder))
        for turn in range(1, turns + 1):
            for contender in book.present(contenders if turn % 2 else contenders[::-1]):
                its = bursts[contender.name]
                if turn % its.every == 1 % its.every:
                    with book.failing(contender, stays[contender.name]):
                        book.note(contender, turn, its.measure())
        # One by one, because who leaves traces that are too few is found out only after its end.
        for contender in book.present(contenders):
            with book.failing(contender):
                stays[contender.name].close()
    return book.outcome


class _Book:
    """What everyone's rounds gave, and who is out."""

    def __init__(self, contenders: Sequence[Contender], rounds: int) -> None:
        self._found: dict[str, dict[int, Figures]] = {contender.name: {} for contender in contenders}
        self._missing: dict[str, str] = {}
        self._rounds = rounds

    @property
    def outcome(self) -> Outcome:
        return Outcome(self._found, self._missing)

    def present(self, contenders: Sequence[Contender]) -> Iterator[Contender]:
        """Give who is still in, asked anew for each."""
        return (contender for contender in contenders if contender.name not in self._missing)

    def note(self, contender: Contender, number: int, figures: Figures) -> None:
        self._found[contender.name][number] = figures
        told = "  ".join(f"{name}={value:.4g}" for name, value in figures.items())
        _say(f"round {number}/{self._rounds}  {contender.name:16}  {told}")

    @contextmanager
    def failing(self, contender: Contender, stay: ExitStack | None = None) -> Iterator[None]:
        """Take out a contender that fails within the block, keep the reason, and end its stay."""
        try:
            yield
        except _FAILURES as exc:
            self._missing[contender.name] = str(exc)
            self._found.pop(contender.name)
            _say(f"{contender.name}: {exc}")
            if stay:
                # Its traces are likely to be wrong as well; the first reason is the one to tell.
                with suppress(*_FAILURES):
                    stay.close()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="limi-bench-") as folder:
        yield Path(folder)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
