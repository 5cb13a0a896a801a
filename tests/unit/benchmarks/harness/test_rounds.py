"""Rounds are interleaved, and who fails is left out and named."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchmarks.harness.load import LoadError
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.servers import Contender


def test_everyone_has_a_turn_before_anyone_has_a_second(contender: Contender) -> None:
    order: list[str] = []

    def measure(one: Contender, folder: Path) -> Mapping[str, float]:
        assert not list(folder.iterdir())
        order.append(one.name)
        return {"figure": float(len(order))}

    two = [msgspec.structs.replace(contender, name=name) for name in ("a", "b")]
    outcome = interleave(two, 2, measure)
    assert order == ["a", "b", "a", "b"]
    assert outcome.rounds == {"a": [{"figure": 1.0}, {"figure": 3.0}], "b": [{"figure": 2.0}, {"figure": 4.0}]}
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


def test_a_full_run_is_shortened_and_a_quick_one_left_as_it_is() -> None:
    full = Options(rounds=5, seconds=5.0, warm_up_seconds=8.0, connections=64)
    short = Options(rounds=3, seconds=4.0, warm_up_seconds=3.0, connections=64)
    assert full.at_most(rounds=3, seconds=4.0, warm_up_seconds=3.0) == short
    quick = Options(rounds=1, seconds=1.0, warm_up_seconds=1.0, connections=64)
    assert quick.at_most(rounds=3, seconds=4.0, warm_up_seconds=3.0) == quick
