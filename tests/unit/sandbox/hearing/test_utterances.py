import asyncio

import pytest
from structlog.testing import capture_logs

from limi.sandbox.hearing.utterances import Hearing
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.speech import Recogniser, SpeechError


class _Recogniser:
    """Numbers what it hears; waits while told to, and fails while it has errors."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.sessions = 0

    async def recognise(self, audio: bytes, encoding: str) -> str:
        assert encoding == "audio/pcm"
        self.heard.append(audio)
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop()
        return f"utterance {len(self.heard)}"

    async def close(self) -> None:
        return


class _PerSession(_Recogniser):
    def for_session(self) -> Recogniser:
        self.sessions += 1
        return self


@pytest.fixture
def recogniser() -> _Recogniser:
    return _Recogniser()


@pytest.fixture
def hearing(recogniser: _Recogniser) -> Hearing:
    return Hearing(recogniser=recogniser, tasks=OwnedTasks())


async def _words(hearing: Hearing, item_id: str) -> str:
    return await hearing.words_of(item_id, item_id.encode(), "audio/pcm")


async def test_an_utterance_is_written_down_once_for_all_who_ask(
    hearing: Hearing, recogniser: _Recogniser
) -> None:
    recogniser.gate.clear()
    asked = [asyncio.create_task(_words(hearing, "a")) for _ in range(3)]
    await asyncio.sleep(0)
    recogniser.gate.set()
    assert await asyncio.gather(*asked) == ["utterance 1"] * 3
    assert await _words(hearing, "a") == "utterance 1"
    assert await _words(hearing, "b") == "utterance 2"
    assert recogniser.heard == [b"a", b"b"]


async def test_one_who_gives_up_takes_nothing_from_another(hearing: Hearing, recogniser: _Recogniser) -> None:
    recogniser.gate.clear()
    first, second = (asyncio.create_task(_words(hearing, "a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    recogniser.gate.set()
    assert await second == "utterance 1"
    assert first.cancelled()


async def test_another_utterance_under_an_old_name_is_another(hearing: Hearing) -> None:
    assert await hearing.words_of("a", b"a", "audio/pcm") == "utterance 1"
    assert await hearing.words_of("a", b"ab", "audio/pcm") == "utterance 2"


async def test_a_failure_is_told_to_all_and_tried_again_by_the_next(
    hearing: Hearing, recogniser: _Recogniser
) -> None:
    recogniser.errors = [SpeechError("too busy")]
    asked = [asyncio.create_task(_words(hearing, "a")) for _ in range(2)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(result) for result in results] == ["too busy", "too busy"]
    assert await _words(hearing, "a") == "utterance 2"


async def test_an_error_of_the_recognisers_own_is_logged_and_not_shown(
    hearing: Hearing, recogniser: _Recogniser
) -> None:
    recogniser.errors = [ValueError("an inner detail")]
    with capture_logs() as logs, pytest.raises(SpeechError, match="the recogniser had an error"):
        await _words(hearing, "a")
    await asyncio.sleep(0)
    assert [entry["event"] for entry in logs] == ["sandbox.task.failed"]


async def test_the_sessions_end_ends_recognition(recogniser: _Recogniser) -> None:
    tasks = OwnedTasks()
    hearing = Hearing(recogniser=recogniser, tasks=tasks)
    recogniser.gate.clear()
    asking = asyncio.create_task(_words(hearing, "a"))
    await asyncio.sleep(0)
    await tasks.cancel_all()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(tasks) == 0


async def test_a_recogniser_may_be_another_in_each_session() -> None:
    recogniser = _PerSession()
    for _ in range(2):
        Hearing(recogniser=recogniser, tasks=OwnedTasks())
    assert recogniser.sessions == 2


async def test_what_was_heard_long_ago_is_forgotten(hearing: Hearing, recogniser: _Recogniser) -> None:
    for number in range(2_001):
        await _words(hearing, str(number))
    await _words(hearing, "0")
    await _words(hearing, "2000")
    assert len(recogniser.heard) == 2_002
