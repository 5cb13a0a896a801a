"""The offline OpenAI for tests of applications: on a free port of this machine, its time and faults in hand.

    async with limi.testing.sandbox() as box:                    # in the test's own event loop
        client = AsyncOpenAI(base_url=box.url, api_key=box.api_key)

    with limi.testing.sandbox() as box:                          # in a thread, for tests without one
        client = OpenAI(base_url=box.url, api_key=box.api_key)

Both are documented in docs/testing-with-limi.md.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from threading import Thread
from types import TracebackType
from typing import Any, Final, TypeVar

from limi.kernel.clock import Clock, SystemClock
from limi.kernel.ids import Ids, RandomIds
from limi.sandbox.answering.brain import Brain, BuiltInBrain
from limi.sandbox.app import create_sandbox
from limi.sandbox.config import SandboxConfig
from limi.sandbox.faults.injection import FaultInjection
from limi.sandbox.faults.rules import FaultRules, parse_rules
from limi.sandbox.speech import Recogniser, Voice, VoiceActivityDetector
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.testing.recording import RecordedSession, Recording
from limi.testing.server import serving
from limi.testing.stage import AnyScript, Stage
from limi.testing.virtual_clock import VirtualClock

__all__ = ["RunningSandbox", "SandboxInThread", "sandbox"]

_API_KEY: Final = "sk-sandbox"
_START_SECONDS: Final = 30.0
"""A thread that has not begun to serve by then has met an error it could not report."""

_T = TypeVar("_T")
Clocks = Clock | VirtualClock


class RunningSandbox:
    """A sandbox that answers, in the event loop that asks."""

    def __init__(
        self, *, base_url: str, clock: Clock, faults: FaultRules, recording: Recording, stage: Stage
    ) -> None:
        """Gather what a test needs; `sandbox` makes it."""
        self.base_url = base_url
        """Where it is: `http://127.0.0.1:port`."""
        self.url = f"{base_url}/v1"
        """What an SDK takes as its base URL."""
        self.socket_url = f"ws{base_url.removeprefix('http')}/v1/realtime"
        """What an SDK takes that wants the socket's whole URL; `?model=` goes behind it."""
        self.api_key = _API_KEY
        """A key it accepts; it accepts any, unless its configuration names one."""
        self.faults = faults
        """What is to go wrong: `box.faults.add("mint", "refuse", status=429, times=1)`."""
        self.clock = clock
        self._recording = recording
        self._stage = stage

    @property
    def sessions(self) -> list[RecordedSession]:
        """Every session there was, oldest first, with the events it received and sent."""
        return self._recording.sessions

    def play(self, script: AnyScript | None) -> None:
        """Go by another script from now on; see docs/sandbox-scripts.md for what stands in one.

        Raises:
            ScriptError: It is no script.
        """
        self._stage.play(script)

    async def advance(self, seconds: float) -> None:
        """Let time pass; only with a `VirtualClock`.

        Raises:
            TypeError: The clock is another one.
        """
        if not isinstance(self.clock, VirtualClock):
            raise TypeError("only a virtual clock can be advanced: sandbox(clock=VirtualClock())")
        await self.clock.advance(seconds)

    async def until(self, is_so: Callable[[], bool], *, seconds: float = 5.0) -> None:
        """Wait until something is so of what was recorded: `await box.until(lambda: not box.sessions[0].is_open)`.

        Raises:
            TimeoutError: It was not so within `seconds` of real time.
        """
        await self._recording.until(is_so, seconds=seconds)


class SandboxInThread:
    """A sandbox that answers from a thread of its own, for tests without an event loop, or with another one.

    What it shows is changed by that thread; looking at it and adding faults is safe.
    """

    def __init__(self, box: RunningSandbox, loop: asyncio.AbstractEventLoop) -> None:
        """Reach a sandbox through its loop; `sandbox` makes it."""
        self._box = box
        self._loop = loop
        self.base_url, self.url, self.socket_url = box.base_url, box.url, box.socket_url
        self.api_key, self.faults, self.clock = box.api_key, box.faults, box.clock

    @property
    def sessions(self) -> list[RecordedSession]:
        """As `RunningSandbox.sessions`."""
        return self._box.sessions

    def play(self, script: AnyScript | None) -> None:
        """As `RunningSandbox.play`."""
        self._box.play(script)

    def advance(self, seconds: float) -> None:
        """As `RunningSandbox.advance`; returns when whoever woke has done what it woke for."""
        self._wait(self._box.advance(seconds))

    def until(self, is_so: Callable[[], bool], *, seconds: float = 5.0) -> None:
        """As `RunningSandbox.until`."""
        self._wait(self._box.until(is_so, seconds=seconds))

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class sandbox:  # noqa: N801 - it is used as a function is, with `with` and with `async with`
    """A context manager of both kinds that runs a sandbox on a free port of 127.0.0.1."""

    def __init__(
        self,
        config: SandboxConfig | None = None,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        script: AnyScript | None = None,
        faults: Iterable[Mapping[str, object]] = (),
        brain: Brain | None = None,
        voice: Voice | None = None,
        detector: VoiceActivityDetector | None = None,
        recogniser: Recogniser | None = None,
    ) -> None:
        """Say how it is to be; nothing runs before `with` or `async with`.

        Args:
            config: Its settings. Unless given they are the usual ones; but with a `VirtualClock` speech is sent
                without a pace, because it would otherwise wait for the test to let time pass.
            clock: Its time: a `VirtualClock` passes when told to. The machine's unless given.
            ids: Its identifiers: `CountingIds` are the same in every run. Random unless given.
            script: What it hears and says.
            faults: What goes wrong from the start, as mappings with the members of a rule.
            brain: Who answers where no script does.
            voice: What it speaks with.
            detector: What tells speech from silence.
            recogniser: What writes speech down where no script does.
        """
        self._clock = clock or SystemClock()
        virtual = isinstance(self._clock, VirtualClock)
        self._config = config or (SandboxConfig(audio_pace=math.inf) if virtual else SandboxConfig())
        self._ids = ids or RandomIds()
        self._script = script
        self._faults = parse_rules(list(faults))
        self._brain = brain or BuiltInBrain(clock=self._clock)
        self._recogniser = recogniser or DeafRecogniser()
        self._speech: dict[str, Any] = {"voice": voice, "detector": detector}
        self._stack = AsyncExitStack()
        self._runner: _Runner | None = None

    async def __aenter__(self) -> RunningSandbox:
        """Start it."""
        sleep = self._clock.sleep if isinstance(self._clock, VirtualClock) else asyncio.sleep
        rules = FaultRules()
        rules.hold(*self._faults)
        stage = Stage(brain=self._brain, recogniser=self._recogniser, faults=rules, sleep=sleep)
        stage.play(self._script)
        faults = FaultInjection(rules=rules, sleep=sleep, api_key=self._config.api_key)
        recording = Recording(faults)
        app = create_sandbox(
            self._config,
            clock=self._clock,
            ids=self._ids,
            sleep=sleep,
            brain=stage,
            recogniser=stage,
            interference=recording,
            **self._speech,
        )
        base_url = await self._stack.enter_async_context(serving(app))
        # Before the server goes, as sessions then end with upstream's code and not with the server's own.
        self._stack.push_async_callback(app.stop)
        return RunningSandbox(base_url=base_url, clock=self._clock, faults=rules, recording=recording, stage=stage)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self._stack.aclose()

    def __enter__(self) -> SandboxInThread:
        """Start it in a thread."""
        self._runner = _Runner(self)
        return self._runner.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and its thread."""
        if self._runner is not None:
            self._runner.stop()


class _Runner:
    """A thread with an event loop in which one sandbox runs."""

    def __init__(self, made: sandbox) -> None:
        self._made = made
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="limi sandbox", daemon=True)

    def start(self) -> SandboxInThread:
        self._thread.start()
        try:
            started = asyncio.run_coroutine_threadsafe(self._made.__aenter__(), self._loop)
            return SandboxInThread(started.result(_START_SECONDS), self._loop)
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._made.__aexit__(None, None, None), self._loop).result()
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
