"""Times that commands take."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from limi.cli.options import read_end, read_start, require_text


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31T12:00:00+01:00", datetime(2030, 1, 31, 11, tzinfo=UTC)),
        ("2030-01-31T12:00:00", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, end: datetime) -> None:
    assert read_end(text) == end


def test_what_a_database_is_asked_for_is_text() -> None:
    assert (require_text("user:Zoë 🎙"), require_text(None)) == ("user:Zoë 🎙", None)
    for odd in ("a\udcff", "a\nb", "\0"):
        with pytest.raises(typer.BadParameter, match="UTF-8"):
            require_text(odd)


def test_days_count_from_now() -> None:
    assert abs(read_end("90d") - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["soon", "", "90", "-1d", "99999999d", "2030-13-01"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="ISO 8601"):
        read_end(text)


def test_a_day_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(typer.BadParameter):
        read_end("99999d" * 2)


@pytest.mark.parametrize(
    ("text", "ago"), [("30m", timedelta(minutes=30)), ("6h", timedelta(hours=6)), ("2d", timedelta(days=2))]
)
def test_a_beginning_may_be_so_long_ago(text: str, ago: timedelta) -> None:
    assert abs(datetime.now(UTC) - read_start(text) - ago) < timedelta(minutes=1)


def test_a_beginning_may_be_a_time() -> None:
    assert read_start("2026-01-31T12:00:00") == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "", "6", "-1h", "6w", "999999d"])
def test_a_beginning_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="ISO 8601"):
        read_start(text)
