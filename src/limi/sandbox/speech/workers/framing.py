"""The child's side of the conversation with `speech/worker.py`: read a question, answer it, until the input ends.

A child that hangs in native code cannot see that its parent is gone, and holds the interpreter's lock, so that no
thread of its own can help. The operating system's alarm can: its default action ends the process.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import msgspec

__all__ = ["serve"]

_HEADER_BYTES: Final = 4
_GRACE_SECONDS: Final = 1.0
"""The parent's own time limit comes first; the alarm is for a parent that no longer exists."""

Answer = Callable[[dict[str, Any]], Any]


def serve(make_answer: Callable[[], Answer], *, answer_seconds: float) -> None:
    """Answer questions from standard input on standard output until it ends.

    Args:
        make_answer: Loads the engine and returns what answers; an `ImportError` in it is told to the parent.
        answer_seconds: The longest one answer may take.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and the end of input ends this process.
    questions, answers = os.fdopen(0, "rb"), _own_standard_output()
    try:
        answer = make_answer()
    except ImportError as exc:
        _write(answers, {"missing": exc.name or str(exc)})
        return
    _write(answers, {"ready": True})
    while (question := _read(questions)) is not None:
        _set_alarm(answer_seconds + _GRACE_SECONDS)
        try:
            reply = {"answer": answer(question)}
        except Exception as exc:  # noqa: BLE001 - whatever an engine raises is the parent's to judge
            reply = {"failed": f"{type(exc).__name__}: {exc}"}
        _set_alarm(0)
        _write(answers, reply)


def _own_standard_output() -> BinaryIO:
    """Keep the pipe for answers and send whatever an engine prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


def _set_alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return None
    return msgspec.msgpack.decode(stream.read(int.from_bytes(header, "big")), type=dict[str, Any])


def _write(stream: BinaryIO, message: dict[str, Any]) -> None:
    frame = msgspec.msgpack.encode(message)
    try:
        stream.write(len(frame).to_bytes(_HEADER_BYTES, "big") + frame)
        stream.flush()
    except BrokenPipeError:
        sys.exit(0)
