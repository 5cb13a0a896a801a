import copy
import io
import pickle
import traceback
from collections.abc import Callable

import msgspec
import pytest
import structlog

from limi.kernel.secret import Secret

VALUE = "sk-never-to-be-seen"
SECRET = Secret(VALUE)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - old formatting is what is tried
        lambda secret: repr([{"key": secret}]),
        lambda secret: msgspec.json.encode({"key": secret}, enc_hook=str).decode(),
    ],
)
def test_no_way_of_showing_a_secret_shows_it(show: Callable[[Secret], str]) -> None:
    assert VALUE not in show(SECRET)
    assert "***" in show(SECRET)


@pytest.mark.parametrize(
    "write_down", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, msgspec.msgpack.encode]
)
def test_a_secret_cannot_be_written_down(write_down: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as caught:
        write_down(SECRET)
    assert VALUE not in str(caught.value)


def test_a_secret_has_no_dictionary_that_could_be_printed() -> None:
    assert not hasattr(SECRET, "__dict__")


def test_structlog_shows_the_mask_in_json_and_on_a_terminal() -> None:
    for render in (structlog.processors.JSONRenderer(default=str), structlog.dev.ConsoleRenderer(colors=False)):
        out = io.StringIO()
        log = structlog.wrap_logger(structlog.PrintLogger(out), processors=[render])
        log.info("key.read", key=SECRET, nested={"key": SECRET})
        assert VALUE not in out.getvalue()
        assert "***" in out.getvalue()


def test_a_traceback_with_locals_shows_the_mask() -> None:
    def fail(key: Secret) -> None:
        raise ValueError(key)

    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        fail(SECRET)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "key = Secret('********')" in "".join(told.format())


def test_reveal_gives_the_value_back() -> None:
    assert SECRET.reveal() == VALUE


@pytest.mark.parametrize(
    ("candidate", "same"), [(VALUE, True), (VALUE + "x", False), (VALUE[:-1], False), ("", False), ("ключ", False)]
)
def test_matches_only_the_very_same_text(candidate: str, same: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert SECRET.matches(candidate) is same


def test_secrets_compare_by_value_and_with_nothing_else() -> None:
    assert Secret(VALUE) == SECRET
    assert hash(Secret(VALUE)) == hash(SECRET)
    assert Secret("other") != SECRET
    assert SECRET != VALUE


def test_an_empty_secret_counts_as_none() -> None:
    assert SECRET
    assert not Secret("")
