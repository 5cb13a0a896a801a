import asyncio
from typing import Any

import pytest

from limi.protocol import SemanticVAD, ServerVAD
from limi.sandbox.hearing.ears import Ears
from limi.sandbox.owned_tasks import OwnedTasks


class _Slow:
    def __init__(self) -> None:
        self.prepared = 0

    async def prepare(self) -> None:
        self.prepared += 1

    async def recognise(self, audio: bytes, encoding: str) -> str:
        raise NotImplementedError

    async def finished(self, audio: bytes, encoding: str) -> float:
        raise NotImplementedError

    async def close(self) -> None:
        return


class _Quick:
    """Has nothing to prepare."""

    async def recognise(self, audio: bytes, encoding: str) -> str:
        raise NotImplementedError

    async def close(self) -> None:
        return


@pytest.mark.parametrize(("settings", "judged"), [(SemanticVAD(), 1), (ServerVAD(), 0), (None, 0)])
async def test_what_is_needed_starts_with_the_first_sound_and_once(settings: Any, judged: int) -> None:
    recogniser, judge, tasks = _Slow(), _Slow(), OwnedTasks()
    ears = Ears(recogniser=recogniser, judge=judge, tasks=tasks)
    ears.expect(settings)
    await asyncio.sleep(0)
    assert (recogniser.prepared, judge.prepared) == (0, 0)
    for _ in range(3):
        ears.hear()
    await asyncio.sleep(0)
    assert (recogniser.prepared, judge.prepared) == (1, judged)
    await tasks.cancel_all()


async def test_a_judge_that_is_needed_later_starts_later() -> None:
    judge, tasks = _Slow(), OwnedTasks()
    ears = Ears(recogniser=_Quick(), judge=judge, tasks=tasks)
    ears.hear()
    ears.expect(SemanticVAD())
    ears.hear()
    await asyncio.sleep(0)
    assert judge.prepared == 1
    await tasks.cancel_all()
