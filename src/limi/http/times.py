"""Times as the API writes them."""

from datetime import UTC, datetime

__all__ = ["iso8601"]


def iso8601(unix_seconds: float) -> str:
    """Return UTC with milliseconds, as `2025-09-15T22:30:00.000Z`."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
