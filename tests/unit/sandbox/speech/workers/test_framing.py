import subprocess
import sys

import msgspec
import pytest

_SERVER = """
from limi.sandbox.speech.workers.framing import serve
serve(lambda: lambda question: question["n"] * 2, answer_seconds=5)
"""


def _frame(message: object) -> bytes:
    encoded = msgspec.msgpack.encode(message)
    return len(encoded).to_bytes(4, "big") + encoded


def _frames(data: bytes) -> list[object]:
    frames = []
    while data:
        length = int.from_bytes(data[:4], "big")
        frames.append(msgspec.msgpack.decode(data[4 : 4 + length]))
        data = data[4 + length :]
    return frames


def _run(code: str, questions: bytes) -> "subprocess.CompletedProcess[bytes]":
    environment = {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, input=questions, capture_output=True, env=environment, timeout=30, check=False)  # noqa: S603 - our own code


def test_a_child_says_that_it_is_ready_answers_and_ends_with_its_input() -> None:
    done = _run(_SERVER, _frame({"n": 1}) + _frame({"n": 2}))
    assert _frames(done.stdout) == [{"ready": True}, {"answer": 2}, {"answer": 4}]
    assert done.returncode == 0


def test_an_error_is_an_answer_too() -> None:
    assert _frames(_run(_SERVER, _frame({})).stdout)[1] == {"failed": "KeyError: 'n'"}


def test_a_missing_library_is_told_before_any_question() -> None:
    code = _SERVER.replace('lambda: lambda question: question["n"] * 2', "lambda: __import__('no_such_engine')")
    assert _frames(_run(code, b"").stdout) == [{"missing": "no_such_engine"}]


@pytest.mark.parametrize("cut", [1, 3])
def test_half_a_frame_is_the_end_of_input(cut: int) -> None:
    assert _run(_SERVER, _frame({"n": 1})[:cut]).returncode == 0
