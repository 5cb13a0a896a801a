"""Calls come and go and leave nothing: no task, no thread, no socket, no memory."""

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from limi.sandbox.config import SandboxConfig
from tests.integration.sandbox.caller import Caller, LoudnessDetector, ToneVoice, tone
from tests.integration.sandbox.support import Served, serve

_SOAKING = bool(os.environ.get("LIMI_SOAK"))
_CALLS = 30 if _SOAKING else 5
_MOST_GROWTH_KIB = 8 * 1024
"""What the allocator may keep of a working set of several calls; 300 kB lost per call are past it in a soak."""


async def _hold(served: Served, number: int) -> None:
    caller = Caller()
    async with httpx2.AsyncClient() as client:
        headers = {"Authorization": "Bearer sk-test", "Content-Type": "application/sdp"}
        url = f"{served.http_url}/realtime/calls"
        answer = await client.post(url, content=await caller.offer(), headers=headers)
        await caller.accept(answer.text)
        await caller.until("session.created")
        if number % 3 == 0:
            caller.say(tone(0.3))
            await caller.until("output_audio_buffer.started")
        if number % 3 == 1:
            await client.post(url.rpartition("/v1")[0] + answer.headers["location"] + "/hangup", headers=headers)
            await asyncio.wait_for(caller.channel_closed.wait(), 5)
    await caller.close()


async def _settled(served: Served) -> None:
    async with asyncio.timeout(10):
        while served.sandbox.open_sessions:  # noqa: ASYNC110 - the server notices a moment later
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    gc.collect()


def _holdings() -> tuple[set[str], int, int]:
    tasks = {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("sandbox")}
    return tasks, threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def _resident_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.soak
async def test_after_many_calls_everything_is_as_it_was(tell: Callable[[str], None]) -> None:
    config = SandboxConfig(close_seconds=1.0)
    async with serve(config, voice=ToneVoice(), detector=LoudnessDetector()) as served:
        # The first calls fill the pool of threads that aiortc encodes in, which stays.
        for number in range(3):
            await _hold(served, number)
        await _settled(served)
        before, resident = _holdings(), _resident_kib()
        for number in range(_CALLS):
            await _hold(served, number)
        await _settled(served)
        tasks, threads, files = _holdings()
        grown = _resident_kib() - resident
        files_more, threads_more = files - before[2], threads - before[1]
        tell(f"{_CALLS} calls: {grown} KiB, {threads_more} threads, {files_more} files more")
        assert tasks == before[0]
        # That pool grows by one thread for each task until it is full.
        decoders = [thread.name for thread in threading.enumerate() if "decoder" in thread.name]
        assert decoders == []
        assert threads <= before[1] + (os.cpu_count() or 1) + 4
        assert files <= before[2]
        assert grown < _MOST_GROWTH_KIB
