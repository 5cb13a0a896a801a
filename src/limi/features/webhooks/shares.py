"""How many deliveries each endpoint may have under way, so that slow and dead ones leave room for others.

An endpoint whose last attempt failed or took long gets one at a time, and all such endpoints together half of what
there is. So however many of them hang until their time is over, the others go on.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from limi.features.webhooks.model import EndpointId

__all__ = ["Shares"]

_SLOW_SECONDS: Final = 5.0
"""From here on an answer is slow: the specification tells receivers to answer first and to work then."""
_MAX_SUSPECTS: Final = 1000
"""Suspects remembered; past it the one longest without a turn is believed to be well again."""


class Shares:
    """Keeps count of what is under way."""

    def __init__(self, *, total: int, per_endpoint: int) -> None:
        """Begin with nothing under way.

        Args:
            total: how many deliveries may be under way.
            per_endpoint: how many of these to one endpoint.
        """
        self._total = total
        self._per_endpoint = per_endpoint
        self._under_way: Counter[EndpointId] = Counter()
        # Whoever had no turn for the longest time first; the values mean nothing.
        self._suspects: dict[EndpointId, None] = {}

    @property
    def free(self) -> int:
        """Return how many more may be begun."""
        return self._total - self._under_way.total()

    @property
    def crowded(self) -> bool:
        """Say whether there was no room for what an endpoint may have besides; suspects do not count."""
        most = max((count for one, count in self._under_way.items() if one not in self._suspects), default=0)
        return self.free <= 0 or most >= self._per_endpoint

    def busy(self) -> Mapping[EndpointId, int]:
        """Return how many of its share each endpoint uses, or has to leave to others this time."""
        busy = dict(self._under_way)
        room = self._total // 2 - sum(self._under_way[suspect] for suspect in self._suspects)
        for suspect in list(self._suspects):
            busy[suspect] = self._per_endpoint
            if room > 0 and not self._under_way[suspect]:
                room -= 1
                busy[suspect] -= 1
                # To the end, whether or not anything waits for it, so that every one has its turn.
                self._suspects[suspect] = self._suspects.pop(suspect)
        return busy

    def is_full(self, endpoint: EndpointId) -> bool:
        """Say whether an endpoint uses all that it may."""
        most = 1 if endpoint in self._suspects else self._per_endpoint
        return self._under_way[endpoint] >= most

    def begin(self, endpoint: EndpointId) -> None:
        """Count an attempt that begins."""
        self._under_way[endpoint] += 1

    def end(self, endpoint: EndpointId, *, well: bool, seconds: float) -> None:
        """Count an attempt that ended.

        Args:
            endpoint: whose it was.
            well: whether the receiver took it.
            seconds: how long it took.
        """
        self.forget(endpoint)
        if well and seconds < _SLOW_SECONDS:
            self._suspects.pop(endpoint, None)
            return
        self._suspects.setdefault(endpoint, None)
        if len(self._suspects) > _MAX_SUSPECTS:
            del self._suspects[next(iter(self._suspects))]

    def forget(self, endpoint: EndpointId) -> None:
        """Count one under way less, and learn nothing from it."""
        self._under_way[endpoint] -= 1
        if self._under_way[endpoint] <= 0:
            del self._under_way[endpoint]
