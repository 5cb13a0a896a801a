"""Sound and pictures are read from base64, or taken as they are."""

import pytest

from limi.protocol.encoded import Picture, Sound, base64_begins, read_encoded
from limi.protocol.errors import InvalidValueError
from limi.protocol.wire import Strict, convert

_PNG = "data:image/png;base64,AAAA"
_JSON = b'"data:image/png;base64,AAAA"'


class Both(Strict, frozen=True, kw_only=True):
    sound: Sound | None = None
    picture: Picture | None = None


def test_they_are_read_from_text() -> None:
    assert convert({"sound": "AAAA", "picture": _PNG}, Both) == Both(
        sound=Sound(b"\0\0\0"), picture=Picture(_JSON)
    )
    assert convert({"sound": None}, Both) == Both()
    assert convert({"sound": ""}, Both) == Both(sound=Sound(b""))


def test_whoever_has_decoded_them_already_hands_them_in() -> None:
    sound, picture = Sound(b"x" * 9), Picture(_JSON)
    both = convert({"sound": sound, "picture": picture}, Both)
    assert both.sound is sound
    assert both.picture is picture


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("sound", "%", "Invalid value for 'at.sound': expected base64-encoded audio bytes."),
        ("sound", 7, "Invalid value for 'at.sound': expected `str`, got `int`."),
        ("sound", {}, "Invalid value for 'at.sound': expected `str`, got `object`."),
        (
            "picture",
            "data:image/png,AAAA",
            "Invalid value for 'at.picture': expected a base64-encoded data URI of a PNG or JPEG picture.",
        ),
        (
            "picture",
            _PNG + "%",
            "Invalid value for 'at.picture': expected a base64-encoded data URI of a PNG or JPEG picture.",
        ),
    ],
)
def test_what_is_neither_is_refused_by_its_path(member: str, value: object, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        convert({member: value}, Both, at="at")
    assert caught.value.message == message
    assert caught.value.param == f"at.{member}"


def test_the_address_of_a_picture_has_base64_in_it() -> None:
    assert base64_begins(_PNG) == len(_PNG) - 4
    for other in ("", "https://example.test/a.png", "data:image/png;base64,", "data:image/svg+xml;base64,AAAA"):
        assert base64_begins(other) is None


def test_they_are_compared_by_what_they_hold() -> None:
    assert {Sound(b"a"), Sound(b"a"), Picture(b"1"), Picture(b"1")} == {Sound(b"a"), Picture(b"1")}
    assert Sound(b"a") != b"a"
    assert Picture(b"1") != b"1"
    assert len(Picture(_JSON)) == len(_JSON)
    assert read_encoded(Sound, "AAAA") == Sound(b"\0\0\0")
