"""A child process that answers one question at a time, for work that would hold the event loop or may hang.

The child is a module of `workers/`, which imports no more of Limi than it must. A question and its answer are each
one frame: four bytes of length, big-endian, then MessagePack. The child ends when its standard input does, so
nothing is left behind when this process is killed; while it computes, an alarm watches over it.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from limi.sandbox.speech.ports import SpeechError, SpeechUnavailableError

__all__ = ["Worker", "environment_without_keys", "worker_command"]

_log = structlog.get_logger(__name__)

_PACKAGE: Final = "limi.sandbox.speech.workers"
_IMPORT_ROOT: Final = str(Path(__file__).parents[3])
_STOP_SECONDS: Final = 1.0
"""How long a child may take to leave by itself; it has nothing to save."""
_HEADER_BYTES: Final = 4
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What a child is told of the environment: enough to run, and no key."""
_KEPT_BACK: Final = ("LIMI_", "OPENAI_")
"""How the names of variables begin that may hold keys of Limi's."""


class Worker:
    """Owns one child process, started at the first question and again after it died."""

    def __init__(
        self,
        *,
        command: Sequence[str],
        answer_seconds: float = 5.0,
        start_seconds: float = 15.0,
        queue_length: int = 256,
        hint: str | None = None,
    ) -> None:
        """Make a worker without starting it.

        Args:
            command: What to run; `worker_command` makes it. The seconds of an answer are added as an argument.
            answer_seconds: How long one answer may take. It takes 2 to 50 ms, so 5 s means that the child hangs.
            start_seconds: How long the child may take until it is ready; a cold disk needs a few seconds.
            queue_length: How many questions may wait. At 50 ms each, 256 are 13 s: past that nobody is helped by
                waiting longer.
            hint: What to do when the child lacks something; by default to install `limi[sandbox]`.
        """
        self._command = command
        self._answer_seconds = answer_seconds
        self._start_seconds = start_seconds
        self._questions: asyncio.Queue[_Question] = asyncio.Queue(queue_length)
        self._pump: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._hints = {} if hint is None else {"hint": hint}
        self._missing: str | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id while there is a child."""
        return None if self._process is None else self._process.pid

    async def ask(self, question: dict[str, Any]) -> Any:  # noqa: ANN401 - each worker answers in its own type
        """Return the child's answer to `question`. A caller that is cancelled does not disturb the others.

        Raises:
            SpeechError: When the child is busy, fails, dies or takes too long (it is then killed).
            SpeechUnavailableError: When it lacks a library.
        """
        if self._closed:
            raise SpeechError("the sandbox is stopping")
        waiting = _Question(question)
        try:
            self._questions.put_nowait(waiting)
        except asyncio.QueueFull:
            raise SpeechError("the sandbox's speech worker is too busy") from None
        if self._pump is None:
            self._pump = asyncio.create_task(self._answer_questions(), name="sandbox speech worker")
        return await waiting.answer

    async def close(self) -> None:
        """End the child; questions that wait fail."""
        self._closed = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        while not self._questions.empty():
            self._questions.get_nowait().fail(SpeechError("the sandbox is stopping"))
        await self._end()

    async def _answer_questions(self) -> None:
        while True:
            question = await self._questions.get()
            if question.answer.done():
                continue
            try:
                answer = await self._answer(question.body)
            except SpeechError as error:
                question.fail(error)
            except asyncio.CancelledError:
                question.fail(SpeechError("the sandbox is stopping"))
                raise
            except Exception:  # noqa: BLE001 - were this task to end, every later question would wait for ever
                _log.exception("sandbox.speech.question_failed")
                question.fail(SpeechError("the speech worker could not be asked"))
            else:
                question.succeed(answer)

    async def _answer(self, question: dict[str, Any]) -> Any:  # noqa: ANN401 - as in `ask`
        if self._missing is not None:
            raise SpeechUnavailableError(self._missing, **self._hints)
        try:
            process = await self._started()
            answer = await self._exchange(process, question, self._answer_seconds)
        except SpeechError:
            # After a failed exchange an answer may still come that the next question would take for its own.
            await self._end()
            raise
        if "failed" in answer:
            raise SpeechError(answer["failed"])
        return answer["answer"]

    async def _started(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        command = (*self._command, str(self._answer_seconds))
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=_environment())
        except OSError as exc:
            raise SpeechError("the speech worker could not be started") from exc
        self._process = process
        ready = await self._exchange(process, None, self._start_seconds)
        if "missing" in ready:
            self._missing = ready["missing"]
            raise SpeechUnavailableError(ready["missing"], **self._hints)
        return process

    async def _exchange(self, process: Process, question: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
        reader, writer = process.stdout, process.stdin
        if reader is None or writer is None:
            raise SpeechError("the speech worker has no pipes")
        try:
            async with asyncio.timeout(seconds):
                if question is not None:
                    frame = msgspec.msgpack.encode(question)
                    writer.write(len(frame).to_bytes(_HEADER_BYTES, "big") + frame)
                    await writer.drain()
                length = int.from_bytes(await reader.readexactly(_HEADER_BYTES), "big")
                return msgspec.msgpack.decode(await reader.readexactly(length), type=dict[str, Any])
        except TimeoutError as exc:
            raise SpeechError(f"the speech worker did not answer within {seconds:g} s") from exc
        except (OSError, asyncio.IncompleteReadError, msgspec.DecodeError) as exc:
            raise SpeechError("the speech worker ended unexpectedly") from exc

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        # Not `wait`: it waits for the end of the pipe as well, which does not come while an answer is in it.
        try:
            await asyncio.wait_for(process.communicate(), _STOP_SECONDS)
        except TimeoutError:
            _kill(process)
            await process.communicate()


class _Question:
    """What is asked and where the answer goes, unless the asker has left."""

    __slots__ = ("answer", "body")

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def succeed(self, answer: Any) -> None:  # noqa: ANN401 - as in `Worker.ask`
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: SpeechError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def worker_command(module: str, *arguments: str) -> list[str]:
    """Return how to run a module of `limi.sandbox.speech.workers` with this interpreter."""
    # -P keeps the working directory off the import path: what lies there must not stand in for a library.
    return [sys.executable, "-P", "-m", f"{_PACKAGE}.{module}", *arguments]


def _environment() -> dict[str, str]:
    """Let the child find this very Limi, which need not be an installed one."""
    found = [_IMPORT_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(found)}


def environment_without_keys(*, first_on_path: str) -> dict[str, str]:
    """Return the environment for a program that needs its proxies and mirrors, but none of Limi's keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
    return {**kept, "PATH": os.pathsep.join([first_on_path, *filter(None, [kept.get("PATH")])])}


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
