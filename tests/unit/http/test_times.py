"""Times as the API writes them."""

from limi.http.times import iso8601


def test_utc_with_milliseconds() -> None:
    assert iso8601(1757975400) == "2025-09-15T22:30:00.000Z"
    assert iso8601(1757975400.9876) == "2025-09-15T22:30:00.987Z"
    assert iso8601(0) == "1970-01-01T00:00:00.000Z"
