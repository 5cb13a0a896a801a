"""Waking without Redis; tests/integration/redis/test_signal.py has one that dies and comes back."""

from collections.abc import Sequence

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.signal import RedisSignal
from limi.features.revision.ports import RevisionSignal
from limi.kernel.secret import Secret
from limi.testing import VirtualClock

NOWHERE = Secret("redis://127.0.0.1:9/0")


class Gone:
    """A server that is not there."""

    def __init__(self) -> None:
        self.closed = False

    async def run(
        self,
        script: Script,
        keys: Sequence[bytes],
        arguments: Sequence[bytes] = (),
        *,
        timeout_seconds: float | None = None,
    ) -> object:
        del script, keys, arguments, timeout_seconds
        raise RedisUnavailableError("gone")

    async def close(self) -> None:
        self.closed = True


async def test_a_change_that_nobody_can_be_told_of_is_a_change() -> None:
    signal: RevisionSignal = RedisSignal(url=NOWHERE, publisher=Gone())
    await signal.publish()


async def test_it_goes_on_trying_and_stops_when_told() -> None:
    clock, publisher = VirtualClock(), Gone()
    signal = RedisSignal(url=NOWHERE, publisher=publisher, sleep=clock.sleep)
    await signal.start()
    await clock.advance(3)
    assert not signal.listening
    await signal.stop()
    await signal.stop()
    assert publisher.closed
