from typing import Any

from limi.sandbox.speech.workers.silero import SileroListener


def _question(stream: str, audio: bytes | None, encoding: str = "audio/pcm") -> dict[str, Any]:
    return {"stream": stream, "audio": audio, "encoding": encoding}


def test_a_second_of_sound_has_thirty_windows_and_the_rest_waits() -> None:
    listener = SileroListener()
    first = listener(_question("a", bytes(48_000)))
    second = listener(_question("a", bytes(48_000)))
    assert len(first) in {30, 31}
    assert len(first) + len(second) in {61, 62}
    assert max(first + second) < 0.5


def test_telephone_sound_is_heard_as_well() -> None:
    listener = SileroListener()
    assert len(listener(_question("a", b"\xff" * 8_000, "audio/pcmu"))) in {29, 30, 31}
    assert len(listener(_question("b", b"\xd5" * 8_000, "audio/pcma"))) in {29, 30, 31}


def test_a_stream_is_forgotten_when_told_and_when_there_are_too_many() -> None:
    listener = SileroListener(streams=2)
    for name in ("a", "b", "c"):
        listener(_question(name, bytes(4_800)))
    assert list(listener._streams) == ["b", "c"]
    assert listener(_question("b", None)) == []
    assert list(listener._streams) == ["c"]
