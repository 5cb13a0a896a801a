"""Are they doing the same? Each is asked the same before it is measured, and its traces are counted after."""

from pathlib import Path
from typing import Final

from benchmarks.harness.servers import Contender, post
from benchmarks.harness.upstream import EPHEMERAL_KEY, EXPIRES_AT, MODEL

__all__ = ["DifferentAnswerError", "check_answer", "check_traces"]

_REQUEST_ID: Final = "benchmark-check-1"
_EXPECTED: Final = {
    "ephemeralKey": EPHEMERAL_KEY,
    "expiresAt": EXPIRES_AT,
    "sessionId": "bench-session-1",
    "model": MODEL,
    "requestId": _REQUEST_ID,
}
_OK: Final = 200
_REFUSALS: Final = range(400, 423)
_FLUSHED: Final = 0.9
"""Share of the lines that must be there: loggers that gather lines lose the last of them when they are stopped."""


class DifferentAnswerError(Exception):
    """A contender does not do what the others do, so its figures are not comparable."""


def check_answer(contender: Contender, port: int) -> None:
    """Ask for a key, and for one with a body that its validation must refuse.

    Raises:
        DifferentAnswerError: either answer is not as the others'.
    """
    status, answer = post(contender, port, request_id=_REQUEST_ID)
    if status != _OK:
        raise DifferentAnswerError(f"{contender.name} answers {status}")
    for name, value in contender.read(answer).items():
        if value != _EXPECTED[name]:
            raise DifferentAnswerError(f"{contender.name} answers {name}={value!r}, not {_EXPECTED[name]!r}")
    if contender.wrong_body is not None:
        status, _ = post(contender, port, body=contender.wrong_body)
        if status not in _REFUSALS:
            raise DifferentAnswerError(f"{contender.name} answers {status} to a body that breaks a rule")


def check_traces(contender: Contender, folder: Path, requests: int) -> None:
    """Make sure that so many keys left their log lines and, where there is a journal, their facts.

    Raises:
        DifferentAnswerError: they did not.
    """
    if contender.logs_each:
        lines = sum(file.read_bytes().count(b"mint.succeeded") for file in folder.glob("*.log"))
        if lines < requests * _FLUSHED:
            raise DifferentAnswerError(f"{contender.name} logged {lines} lines for {requests} keys")
    if contender.check:
        try:
            contender.check(folder, requests)
        except ValueError as exc:
            raise DifferentAnswerError(f"{contender.name}: {exc}") from exc
