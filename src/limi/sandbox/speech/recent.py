"""The last seconds of a stream, for somebody who may want to hear them again."""

__all__ = ["RecentSound"]


class RecentSound:
    """Keeps sound up to a limit; the oldest falls out."""

    def __init__(self, *, bytes_per_ms: int, limit_ms: int) -> None:
        """Begin with nothing.

        Args:
            bytes_per_ms: How much a millisecond takes.
            limit_ms: How much is kept.
        """
        self._bytes_per_ms = bytes_per_ms
        self._limit = limit_ms * bytes_per_ms
        self._sound = bytearray()
        self._dropped = 0

    def add(self, audio: bytes) -> None:
        """Put what was heard next behind the rest; costs no more than the limit, however much it is."""
        excess = len(self._sound) + len(audio) - self._limit
        if excess > 0:
            self._dropped += excess
            del self._sound[:excess]
        self._sound += memoryview(audio)[-self._limit :]

    def between(self, begin_ms: int, end_ms: int) -> bytes:
        """Return what is left of a stretch, in milliseconds since the stream began."""
        begin, end = (ms * self._bytes_per_ms - self._dropped for ms in (begin_ms, end_ms))
        return bytes(self._sound[max(0, begin) : max(0, end)])
