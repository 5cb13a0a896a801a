"""Rounds are interleaved, and who fails is left out and named."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.load import LoadError
from benchmarks.harness.rounds import Bursts, Options, interleave, take_turns
from benchmarks.harness.servers import Contender, NotReadyError


@dataclass
class _Stage:
    """Where contenders of no substance take part, and what happened there."""

    said: list[str] = field(default_factory=list)
    ends_in_burst: Mapping[str, int] = field(default_factory=dict)
    """Who ends in which burst of its own."""
    leaves_nothing: Sequence[str] = ()
    """Whose traces lack at the end."""
    every: Mapping[str, int] = field(default_factory=dict)
    """Who has a burst only in every so many turns."""

    @contextmanager
    def take_part(self, contender: Contender, folder: Path) -> Iterator[Bursts]:
        assert not list(folder.iterdir())
        name, count = contender.name, 0

        def burst() -> Mapping[str, float]:
            nonlocal count
            count += 1
            self.said.append(name)
            if count == self.ends_in_burst.get(name):
                raise NotReadyError(f"{name} ended")
            return {"figure": float(count)}

        self.said.append(f"{name} starts")
        try:
            yield Bursts(measure=burst, every=self.every.get(name, 1))
        finally:
            self.said.append(f"{name} stops")
        if name in self.leaves_nothing:
            raise DifferentAnswerError(f"{name} left nothing")


def _named(contender: Contender, *names: str) -> list[Contender]:
    return [msgspec.structs.replace(contender, name=name) for name in names]


def test_everyone_has_a_turn_before_anyone_has_a_second(contender: Contender) -> None:
    order: list[str] = []

    def measure(one: Contender, folder: Path) -> Mapping[str, float]:
        assert not list(folder.iterdir())
        order.append(one.name)
        return {"figure": float(len(order))}

    outcome = interleave(_named(contender, "a", "b"), 2, measure)
    assert order == ["a", "b", "a", "b"]
    assert outcome.rounds == {
        "a": {1: {"figure": 1.0}, 2: {"figure": 3.0}},
        "b": {1: {"figure": 2.0}, 2: {"figure": 4.0}},
    }
    assert outcome.missing == {}


def test_who_fails_once_is_out_and_the_reason_is_kept(contender: Contender) -> None:
    calls = 0

    def measure(_: Contender, __: Path) -> Mapping[str, float]:
        nonlocal calls
        calls += 1
        raise LoadError("no key came")

    outcome = interleave([contender], 3, measure)
    assert calls == 1
    assert outcome.rounds == {}
    assert outcome.missing == {"made-up": "no key came"}


def test_side_by_side_all_start_once_and_every_other_turn_goes_backwards(contender: Contender) -> None:
    stage = _Stage()
    outcome = take_turns(_named(contender, "a", "b", "c"), 3, stage.take_part)
    assert stage.said[:3] == ["a starts", "b starts", "c starts"]
    assert "".join(stage.said[3:12]) == "abccbaabc"
    assert stage.said[12:] == ["a stops", "b stops", "c stops"]
    assert outcome.missing == {}
    assert outcome.rounds["b"] == {1: {"figure": 1.0}, 2: {"figure": 2.0}, 3: {"figure": 3.0}}


def test_who_has_longer_bursts_has_them_in_fewer_turns(contender: Contender) -> None:
    stage = _Stage(every={"b": 3})
    outcome = take_turns(_named(contender, "a", "b"), 5, stage.take_part)
    assert "".join(stage.said[2:9]) == "abaabaa"
    assert outcome.rounds["b"] == {1: {"figure": 1.0}, 4: {"figure": 2.0}}


def test_who_ends_in_the_middle_is_stopped_at_once_and_named_and_the_others_go_on(contender: Contender) -> None:
    stage = _Stage(ends_in_burst={"a": 2}, leaves_nothing=["a"])
    outcome = take_turns(_named(contender, "a", "b"), 3, stage.take_part)
    assert stage.said[2:] == ["a", "b", "b", "a", "a stops", "b", "b stops"]
    assert outcome.missing == {"a": "a ended"}
    assert list(outcome.rounds) == ["b"]
    assert len(outcome.rounds["b"]) == 3


def test_who_does_not_start_has_no_turn(contender: Contender) -> None:
    stage = _Stage()

    @contextmanager
    def take_part(one: Contender, folder: Path) -> Iterator[Bursts]:
        if one.name == "a":
            raise NotReadyError("a has no licence")
        with stage.take_part(one, folder) as bursts:
            yield bursts

    outcome = take_turns(_named(contender, "a", "b"), 2, take_part)
    assert outcome.missing == {"a": "a has no licence"}
    assert stage.said == ["b starts", "b", "b", "b stops"]


def test_who_left_too_few_traces_is_out_although_it_ran_to_the_end(contender: Contender) -> None:
    outcome = take_turns(_named(contender, "a", "b"), 1, _Stage(leaves_nothing=["a"]).take_part)
    assert outcome.missing == {"a": "a left nothing"}
    assert list(outcome.rounds) == ["b"]


def test_an_interrupted_run_stops_everyone(contender: Contender) -> None:
    stage = _Stage()

    @contextmanager
    def take_part(one: Contender, folder: Path) -> Iterator[Bursts]:
        def interrupted() -> Mapping[str, float]:
            raise KeyboardInterrupt

        with stage.take_part(one, folder):
            yield Bursts(measure=interrupted)

    with pytest.raises(KeyboardInterrupt):
        take_turns(_named(contender, "a", "b"), 1, take_part)
    assert sorted(stage.said) == ["a starts", "a stops", "b starts", "b stops"]


def test_the_time_of_all_rounds_is_cut_into_bursts_of_a_second() -> None:
    cut = Options(rounds=5, seconds=5.0, warm_up_seconds=8.0, connections=64).cut()
    assert (cut.rounds, cut.seconds, cut.warm_up_seconds, cut.in_bursts) == (25, 1.0, 8.0, True)
    quick = Options(rounds=1, seconds=1.0, warm_up_seconds=1.0, connections=64).cut()
    assert (quick.rounds, quick.seconds) == (1, 1.0)


def test_a_full_run_is_shortened_and_a_quick_one_left_as_it_is() -> None:
    full = Options(rounds=5, seconds=5.0, warm_up_seconds=8.0, connections=64)
    short = Options(rounds=3, seconds=4.0, warm_up_seconds=3.0, connections=64)
    assert full.at_most(rounds=3, seconds=4.0, warm_up_seconds=3.0) == short
    quick = Options(rounds=1, seconds=1.0, warm_up_seconds=1.0, connections=64)
    assert quick.at_most(rounds=3, seconds=4.0, warm_up_seconds=3.0) == quick
