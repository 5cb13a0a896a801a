"""The steps of the question about access."""

from dataclasses import replace

import pytest

from benchmarks.access import STEPS, Used, cost
from benchmarks.contenders import by_name
from benchmarks.harness.access_setup import Caller
from benchmarks.harness.load import LoadResult

_RESULT = LoadResult(
    requests=2000, duration_us=4_000_000, bad_status=0, failed=0, p50_us=1, p90_us=1, p99_us=1, max_us=1
)


def test_the_first_step_is_what_the_question_about_a_mint_measures() -> None:
    first, limi = STEPS[0].contender(), by_name(["limi"])[0]
    assert STEPS[0].caller is Caller.ANYBODY
    assert (first.command, first.path, first.body) == (limi.command, limi.path, limi.body)
    assert first.authorization is None


def test_the_last_two_differ_in_their_workers_only() -> None:
    one, two = STEPS[-2:]
    assert (one.workers, two.workers) == (1, 2)
    assert replace(two, name=one.name, title=one.title, workers=1) == one


def test_the_others_take_one_thing_more_each() -> None:
    shapes = [(step.caller, step.redis, step.postgres) for step in STEPS[:5]]
    assert shapes == [
        (Caller.ANYBODY, False, False),
        (Caller.KEY, False, False),
        (Caller.TENANT_KEY, False, False),
        (Caller.TENANT_KEY, True, False),
        (Caller.TENANT_KEY, True, True),
    ]
    assert not any(step.on_all_cores for step in STEPS[:5])


def test_names_are_unique() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)


def test_each_ones_processor_time_is_of_a_thousand_mints() -> None:
    found = cost(Used(1.0, 10.0, 20.0), Used(2.0, 10.1, 20.3), _RESULT)
    assert found == pytest.approx(
        {
            "cpu_s_per_1000": 0.5,
            "redis_s_per_1000": 0.05,
            "postgres_s_per_1000": 0.15,
            "stores_core_share": 0.1,
        }
    )
