import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from limi.sandbox.speech import SpeechError, SpeechUnavailableError
from limi.sandbox.speech.worker import Worker, _environment, environment_without_keys, worker_command

_SCRIPT = """
import sys, time, os
from limi.sandbox.speech.workers.framing import serve

def make():
    {make}
    def answer(question):
        {answer}
    return answer

serve(make, answer_seconds=float(sys.argv[1]))
"""

MakeWorker = Callable[..., Worker]


@pytest.fixture
async def make_worker() -> AsyncIterator[MakeWorker]:
    """Make workers whose child runs the given code, and close them afterwards."""
    workers = []

    def make(
        answer: str, *, at_start: str = "pass", answer_seconds: float = 5.0, queue_length: int = 10
    ) -> Worker:
        code = _SCRIPT.format(make=at_start, answer=textwrap.indent(textwrap.dedent(answer), " " * 8).strip())
        command = [sys.executable, "-c", code]
        worker = Worker(command=command, answer_seconds=answer_seconds, queue_length=queue_length)
        workers.append(worker)
        return worker

    yield make
    for worker in workers:
        await worker.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


async def _gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while _is_alive(pid):  # noqa: ASYNC110 - another process tells nobody that it ended
            await asyncio.sleep(0.01)


async def test_no_child_is_started_before_the_first_question(make_worker: MakeWorker) -> None:
    assert make_worker("return 1").pid is None


async def test_questions_are_answered_in_order_by_one_child(make_worker: MakeWorker) -> None:
    worker = make_worker("return [question['n'], os.getpid()]")
    answers = await asyncio.gather(*(worker.ask({"n": n}) for n in range(5)))
    assert [n for n, _ in answers] == list(range(5))
    assert {pid for _, pid in answers} == {worker.pid}


async def test_an_error_of_the_engine_is_reported_and_the_child_goes_on(make_worker: MakeWorker) -> None:
    worker = make_worker("return 1 // question['n']")
    with pytest.raises(SpeechError, match="ZeroDivisionError"):
        await worker.ask({"n": 0})
    before = worker.pid
    assert await worker.ask({"n": 1}) == 1
    assert worker.pid == before


async def test_a_child_that_hangs_is_killed_and_the_next_question_gets_a_fresh_one(
    make_worker: MakeWorker,
) -> None:
    worker = make_worker("time.sleep(3600 if question['hang'] else 0)\nreturn os.getpid()", answer_seconds=0.5)
    first = await worker.ask({"hang": False})
    with pytest.raises(SpeechError, match=r"within 0\.5 s"):
        await worker.ask({"hang": True})
    assert not _is_alive(first)
    assert await worker.ask({"hang": False}) != first


async def test_a_child_that_dies_fails_its_question_only(make_worker: MakeWorker) -> None:
    worker = make_worker("os._exit(1) if question['die'] else None\nreturn 'alive'")
    with pytest.raises(SpeechError, match="ended unexpectedly"):
        await worker.ask({"die": True})
    assert await worker.ask({"die": False}) == "alive"


async def test_a_missing_library_is_named_with_what_to_install(make_worker: MakeWorker) -> None:
    worker = make_worker("return 1", at_start="import no_such_engine")
    for _ in range(2):
        with pytest.raises(SpeechUnavailableError, match=r"no_such_engine.*limi\[sandbox\]"):
            await worker.ask({})


async def test_what_to_do_about_a_missing_library_is_what_the_worker_was_told() -> None:
    code = _SCRIPT.format(make="import no_such_engine", answer="return 1")
    worker = Worker(command=[sys.executable, "-c", code], hint="ask somebody")
    with pytest.raises(SpeechUnavailableError, match=r"no_such_engine is not installed; ask somebody$"):
        await worker.ask({})
    await worker.close()


async def test_a_program_that_does_not_exist_is_an_error_of_speech() -> None:
    worker = Worker(command=["/no/such/program"])
    with pytest.raises(SpeechError, match="could not be started"):
        await worker.ask({})
    await worker.close()


async def test_past_its_queue_a_worker_is_too_busy(make_worker: MakeWorker) -> None:
    worker = make_worker("return 1", queue_length=2)
    asked = [asyncio.create_task(worker.ask({})) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(SpeechError, match="too busy"):
        await worker.ask({})
    assert await asyncio.gather(*asked) == [1, 1]


async def test_a_caller_that_leaves_does_not_disturb_the_next(make_worker: MakeWorker) -> None:
    worker = make_worker("time.sleep(question['sleep'])\nreturn question['n']")
    assert await worker.ask({"n": 0, "sleep": 0}) == 0
    leaving = asyncio.create_task(worker.ask({"n": 1, "sleep": 0.2}))
    staying = asyncio.create_task(worker.ask({"n": 2, "sleep": 0}))
    await asyncio.sleep(0.05)
    before = worker.pid
    leaving.cancel()
    assert await staying == 2
    assert worker.pid == before


async def test_what_an_engine_prints_does_not_disturb_its_answers(make_worker: MakeWorker) -> None:
    worker = make_worker("print('noise')\nos.write(1, b'noise')\nreturn 'answer'")
    assert await worker.ask({}) == "answer"


async def test_closing_ends_the_child_and_fails_who_waits(make_worker: MakeWorker) -> None:
    worker = make_worker("time.sleep(question['sleep'])\nreturn os.getpid()")
    pid = await worker.ask({"sleep": 0})
    waiting = [asyncio.create_task(worker.ask({"sleep": 3600})) for _ in range(3)]
    await asyncio.sleep(0.05)
    await worker.close()
    await worker.close()
    for task in waiting:
        with pytest.raises(SpeechError, match="stopping"):
            await task
    with pytest.raises(SpeechError, match="stopping"):
        await worker.ask({"sleep": 0})
    await _gone(pid)


async def test_closing_lets_go_of_the_pipe_that_an_answer_is_still_in(make_worker: MakeWorker) -> None:
    """asyncio calls a process ended when its pipe is, and reads no further while nobody takes what is there."""
    worker = make_worker('return "x" * 4_000_000')
    await worker.ask({})
    process = worker._process
    assert process is not None
    assert process.stdout is not None
    asking = asyncio.ensure_future(worker.ask({}))
    async with asyncio.timeout(30):
        while not process.stdout._buffer:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0)
    await worker.close()
    assert process.stdout.at_eof()
    with pytest.raises(SpeechError):
        await asking


@pytest.mark.parametrize("state", ["idle", "hanging in native code"])
async def test_no_child_is_left_behind_when_its_parent_is_killed(state: str) -> None:
    """The parent gets SIGKILL, so it can clean up nothing; the hanging child holds the interpreter's lock."""
    hanging = state != "idle"
    # A regular expression that backtracks for ever never gives the lock away, like the voice on a long word.
    hang = "__import__('re').match('(a+)+$', 'a' * 64 + 'b')"
    child = _SCRIPT.format(make="pass", answer=f"{hang if hanging else ''}\n        return os.getpid()")
    parent_code = f"""
import asyncio, sys
from limi.sandbox.speech.worker import Worker, _environment
async def main():
    worker = Worker(command=[sys.executable, "-c", {child!r}], answer_seconds={0.5 if hanging else 60})
    asking = asyncio.create_task(worker.ask({{}}))
    while worker.pid is None:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    print(worker.pid, flush=True)
    await asyncio.sleep(3600)
asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", parent_code]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)  # noqa: ASYNC220, S603 - our own code
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    await _gone(pid)


def test_a_child_is_told_no_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-children")
    monkeypatch.setenv("PATH", "/usr/bin")
    told = _environment()
    assert told["PATH"] == "/usr/bin"
    assert "OPENAI_API_KEY" not in told


def test_programs_of_others_are_told_everything_but_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-children")
    monkeypatch.setenv("LIMI_ADMIN_KEY_FILE", "/not/for/children")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test")
    monkeypatch.setenv("PATH", "/usr/bin")
    told = environment_without_keys(first_on_path="/opt/node/bin")
    assert told["PATH"] == "/opt/node/bin:/usr/bin"
    assert told["HTTPS_PROXY"] == "http://proxy.test"
    assert not [name for name in told if name.startswith(("OPENAI_", "LIMI_"))]


def test_a_worker_is_run_by_this_interpreter_with_what_it_is_to_know() -> None:
    command = worker_command("moonshine", "/weights")
    assert command[0] == sys.executable
    assert command[-2:] == ["limi.sandbox.speech.workers.moonshine", "/weights"]
