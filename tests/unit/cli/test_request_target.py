"""The forms of a request's target (RFC 9112 §3.2)."""

import pytest

from limi.cli.request_target import Target, read_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (b"/", Target(b"/", b"")),
        (b"/a/b?c=d?e", Target(b"/a/b", b"c=d?e")),
        (b"/a?", Target(b"/a", b"")),
        (b"//other/a", Target(b"//other/a", b"")),
        (b"/a://b", Target(b"/a://b", b"")),
        (b"/a?b#c", Target(b"/a", b"b")),
        (b"*", Target(b"*", b"")),
        (b"http://limi:81/a?b", Target(b"/a", b"b", b"limi:81")),
        (b"http://limi", Target(b"/", b"", b"limi")),
        (b"http://limi?b", Target(b"/", b"b", b"limi")),
        (b"example.com:443", Target(b"example.com:443", b"")),
    ],
)
def test_each_form_is_read(url: bytes, target: Target) -> None:
    assert read_target(url) == target
