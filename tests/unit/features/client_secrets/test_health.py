"""Upstream is asked rarely, however many want to know."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from limi.features.client_secrets.errors import UpstreamAuthError, UpstreamError
from limi.features.client_secrets.health import HealthProbe
from limi.testing import ManualClock
from tests.unit.features.client_secrets.harness import StepUpstream, turns


class Ward:
    def __init__(self, *, cache_seconds: float = 5.0) -> None:
        self.clock = ManualClock()
        self.upstream = StepUpstream(self.clock)
        self.probe = HealthProbe(upstream=self.upstream, clock=self.clock, cache_seconds=cache_seconds)


@pytest.fixture
async def ward() -> AsyncIterator[Ward]:
    made = Ward()
    yield made
    await made.probe.close()


async def test_an_upstream_that_answers_is_accessible(ward: Ward) -> None:
    health = await ward.probe.check()
    assert health.accessible
    assert health.problem is None
    assert health.checked_at == ward.clock.now()


async def test_what_is_wrong_is_kept_as_it_was_said(ward: Ward) -> None:
    ward.upstream.problem = UpstreamAuthError("upstream refused the key", status=401)
    health = await ward.probe.check()
    assert not health.accessible
    assert isinstance(health.problem, UpstreamError)
    assert health.problem.code == "openai_auth_failed"


async def test_an_answer_is_reused_until_it_is_too_old(ward: Ward) -> None:
    first = await ward.probe.check()
    ward.clock.advance(4.999)
    assert await ward.probe.check() is first
    ward.clock.advance(0.001)
    assert await ward.probe.check() is not first
    assert ward.upstream.checks == 2


async def test_a_bad_answer_is_reused_too(ward: Ward) -> None:
    ward.upstream.problem = UpstreamError("upstream answered 503", status=503)
    await ward.probe.check()
    ward.upstream.problem = None
    assert not (await ward.probe.check()).accessible
    ward.clock.advance(5)
    assert (await ward.probe.check()).accessible


async def test_twenty_who_ask_at_once_cause_one_question(ward: Ward) -> None:
    ward.upstream.gate.clear()
    asking = [asyncio.create_task(ward.probe.check()) for _ in range(20)]
    await turns()
    assert ward.upstream.checks == 1
    ward.clock.advance(0.25)
    ward.upstream.gate.set()
    answers = await asyncio.gather(*asking)
    assert ward.upstream.checks == 1
    assert all(answer is answers[0] for answer in answers)
    assert answers[0].response_ms == 250


async def test_one_who_gives_up_does_not_spoil_it_for_the_next(ward: Ward) -> None:
    ward.upstream.gate.clear()
    impatient = asyncio.create_task(ward.probe.check())
    patient = asyncio.create_task(ward.probe.check())
    await turns()
    impatient.cancel()
    ward.upstream.gate.set()
    assert (await patient).accessible


async def test_no_cache_means_every_question_is_asked() -> None:
    ward = Ward(cache_seconds=0)
    await ward.probe.check()
    await ward.probe.check()
    assert ward.upstream.checks == 2


async def test_a_glance_never_waits_and_sees_better_the_next_time(ward: Ward) -> None:
    ward.upstream.gate.clear()
    assert ward.probe.glance() is None
    await turns()
    assert ward.probe.glance() is None
    assert ward.upstream.checks == 1
    ward.upstream.gate.set()
    await turns()
    seen = ward.probe.glance()
    assert seen is not None
    assert seen.accessible


async def test_a_glance_shows_the_old_answer_while_a_new_one_is_fetched(ward: Ward) -> None:
    old = await ward.probe.check()
    ward.clock.advance(60)
    ward.upstream.problem = UpstreamError("upstream answered 503", status=503)
    assert ward.probe.glance() is old
    await turns()
    fresh = ward.probe.glance()
    assert fresh is not None
    assert not fresh.accessible


async def test_closing_ends_a_question_that_is_never_answered() -> None:
    ward = Ward()
    ward.upstream.gate.clear()
    ward.probe.glance()
    await turns()
    before = len(asyncio.all_tasks())
    await ward.probe.close()
    await ward.probe.close()
    assert len(asyncio.all_tasks()) == before - 1


async def test_closing_without_a_question_is_nothing(ward: Ward) -> None:
    await ward.probe.close()
