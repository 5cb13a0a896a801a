"""Plays every scenario with both clients and records how it went."""

import asyncio
import os
import time
from collections.abc import Awaitable

from openai import AsyncOpenAI

from conformance.python_clients import agents_sdk, openai_sdk
from conformance.python_clients.frames import note_types
from conformance.record import Outcome, Played, record
from conformance.scenarios import Scenario
from conformance.target import Target

_TOGETHER = 3
"""Scenarios at a time: they mostly wait, and two cores are enough for as many sandbox voices."""


async def _main() -> None:
    target = Target.from_environment()
    slots = asyncio.Semaphore(_TOGETHER)
    async with (
        AsyncOpenAI(api_key=os.environ["OPENAI_API_KEY"], base_url=target.url) as client,
        asyncio.TaskGroup() as group,
    ):
        for module in (openai_sdk, agents_sdk):
            for scenario, play in module.PLAYS.items():
                group.create_task(_run(slots, module.CLIENT, scenario, play(target, client)))


async def _run(slots: asyncio.Semaphore, client: str, scenario: Scenario, play: Awaitable[None]) -> None:
    async with slots:
        begin = time.monotonic()
        types = note_types()
        reason = None
        try:
            await play
        except Exception as exc:  # noqa: BLE001 - whatever a client raises is the outcome
            reason = f"{type(exc).__name__}: {exc}"
        record(
            Played(
                client=client,
                scenario=scenario,
                outcome=Outcome.FAILED if reason else Outcome.PASSED,
                reason=reason,
                seconds=round(time.monotonic() - begin, 3),
                events=" ".join(sorted(types)),
            )
        )


if __name__ == "__main__":
    asyncio.run(_main())
