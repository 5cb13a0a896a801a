import pytest

from limi.sandbox.speech.deaf import DeafRecogniser


@pytest.mark.parametrize(
    ("encoding", "size"), [("audio/pcm", 110_400), ("audio/pcmu", 18_400), ("audio/pcma", 18_400)]
)
async def test_it_says_how_long_somebody_spoke_and_no_more(encoding: str, size: int) -> None:
    recogniser = DeafRecogniser()
    assert await recogniser.recognise(bytes(size), encoding) == "(2.3 seconds of speech)"
    await recogniser.close()
