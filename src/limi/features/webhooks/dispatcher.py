"""Delivers what is due: claims it in batches, sends it side by side, settles what came of it in batches.

One task does the rounds. A round settles what has ended since the last one and claims as much as there is room
for; between two rounds there is a pause, so that under load each is worth its transaction. The task is woken when
this process has written deliveries, when an attempt ends, and by a look at the clock: for what other processes
left, and for what is to be tried again.

Claims are leases. What a killed process held is claimed again when they end, so every event arrives at least once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Protocol

import structlog

from limi.features.webhooks.courier import Outcome
from limi.features.webhooks.errors import WebhookError
from limi.features.webhooks.model import Backlog, Claimed, DisabledReason, EndpointId
from limi.features.webhooks.ports import DeliveryStore
from limi.features.webhooks.shares import Shares
from limi.kernel.clock import Clock
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.revision import AccessUnavailableError

__all__ = ["Attempts", "Dispatcher"]

_log = structlog.get_logger(__name__)

_PAUSE_SECONDS: Final = 0.05
"""Between two rounds. Nobody notices it in a webhook, and at 200 a second ten share a transaction."""
_HURRIED_PAUSE_SECONDS: Final = 0.01
"""The same while more may be due than there was room for."""
_MAX_BATCH: Final = 100
"""Claimed at once: SQLite has one writer, whom mints wait for meanwhile."""
_ABREAST: Final = 4
"""Attempts begun before others have their turn; signing and sending one takes a tenth of a millisecond."""
_BACKLOG_SECONDS: Final = 10.0
"""Between two counts of what waits, for metrics."""
_SHORTEST_LOOK_SECONDS: Final = 0.05
_NEVER: Final = float("inf")


class Attempts(Protocol):
    """Makes attempts."""

    async def attempt(self, claimed: Claimed) -> Outcome:
        """Send what was claimed, and return what came of it; only a cancellation is raised."""


class Dispatcher:
    """The process's one; any number of processes may share the store."""

    def __init__(
        self,
        *,
        deliveries: DeliveryStore,
        courier: Attempts,
        give_up: Callable[[EndpointId, DisabledReason], Awaitable[object]],
        worker: str,
        lease_seconds: float,
        max_in_flight: int,
        per_endpoint: int,
        disable_after_seconds: float,
        poll_seconds: float,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            deliveries: where deliveries are kept.
            courier: makes attempts.
            give_up: disables an endpoint.
            worker: this process, for those who look at the rows.
            lease_seconds: how long a claim lasts; longer than any attempt.
            max_in_flight: attempts at once.
            per_endpoint: of these, most to one endpoint.
            disable_after_seconds: of nothing but failures, after which an endpoint is given up.
            poll_seconds: between two looks for what is due.
            clock: time.
            sleep: how pauses are waited.
        """
        self.backlog: Backlog | None = None
        """What waited at the last count."""
        self._deliveries = deliveries
        self._courier = courier
        self._give_up = give_up
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._per_endpoint = per_endpoint
        self._disable_after_seconds = disable_after_seconds
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._sleep = sleep
        self._shares = Shares(total=max_in_flight, per_endpoint=per_endpoint)
        self._attempts: dict[asyncio.Task[None], Claimed] = {}
        self._outcomes: list[Outcome] = []
        self._woken = asyncio.Event()
        self._due = False
        self._behind = False
        self._failing = False
        self._round = asyncio.Lock()
        self._counted_at = float("-inf")
        self._rounds: asyncio.Task[None] | None = None
        self._looks: asyncio.Task[None] | None = None
        self._look_at = float("-inf")

    @property
    def in_flight(self) -> int:
        """Return how many attempts are under way."""
        return len(self._attempts)

    async def start(self) -> None:
        """Begin to deliver."""
        self.wake()
        self._rounds = asyncio.create_task(self._deliver_for_ever(), name="webhook rounds")
        self._looks = asyncio.create_task(self._look_for_ever(), name="webhook looks")

    def wake(self) -> None:
        """Look for what is due now."""
        self._due = True
        self._woken.set()

    async def stop(self, *, within_seconds: float = 3.0) -> None:
        """Claim nothing more, wait for attempts under way, settle them, and give back what is left.

        It may be called again.

        Args:
            within_seconds: how long attempts are waited for; those that take longer are made again by another
                process, so their receivers may see them twice.
        """
        (rounds, looks), self._rounds, self._looks = (self._rounds, self._looks), None, None
        if rounds is None or looks is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                # What a round that is cut off had just claimed would be known to nobody until the lease ends.
                await self._round.acquire()
        for task in (rounds, looks):
            task.cancel()
        await asyncio.gather(rounds, looks, return_exceptions=True)
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=within_seconds)
        left = dict(self._attempts)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with suppress(AccessUnavailableError):
            await self._settle()
            if left:
                await self._deliveries.release(tuple(left.values()), now=self._clock.now())

    async def _deliver_for_ever(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                async with self._round:
                    await self._settle()
                    if self._due:
                        await self._claim()
            except Exception as exc:  # noqa: BLE001 - deliveries must not end for good because a round failed
                self._note_failure(exc)
                await self._sleep(self._poll_seconds)
            else:
                self._note_success()
                await self._sleep(_HURRIED_PAUSE_SECONDS if self._behind else _PAUSE_SECONDS)

    async def _claim(self) -> None:
        most = min(self._shares.free, _MAX_BATCH)
        if most <= 0:
            return  # What is due stays due; the next attempt that ends makes room.
        self._due = False
        found = await self._deliveries.claim(
            worker=self._worker,
            now=self._clock.now(),
            lease_seconds=self._lease_seconds,
            limit=most,
            per_endpoint=self._per_endpoint,
            busy=self._shares.busy(),
        )
        if len(found) == most:
            # There may be more. Otherwise only endpoints without room have, and their attempts wake this task.
            self.wake()
        for claimed in found:
            self._shares.begin(claimed.endpoint_id)
        self._behind = self._shares.crowded
        for index, claimed in enumerate(found, start=1):
            self._begin(claimed)
            if index % _ABREAST == 0:
                await asyncio.sleep(0)

    def _begin(self, claimed: Claimed) -> None:
        task = asyncio.create_task(self._attempt(claimed), name="webhook attempt")
        self._attempts[task] = claimed
        task.add_done_callback(self._attempts.pop)

    async def _attempt(self, claimed: Claimed) -> None:
        endpoint, full = claimed.endpoint_id, self._shares.is_full(claimed.endpoint_id)
        try:
            outcome = await self._courier.attempt(claimed)
        except asyncio.CancelledError:
            self._shares.forget(endpoint)
            raise
        full = full or self._shares.is_full(endpoint) or self._shares.free <= 0
        self._shares.end(endpoint, well=outcome.delivered, seconds=outcome.seconds)
        self._outcomes.append(outcome)
        # Where there was no room, there is now.
        self._due = self._due or full
        self._woken.set()

    async def _settle(self) -> None:
        """Write down what came of the attempts that have ended; what cannot be written is kept."""
        outcomes, self._outcomes = self._outcomes, []
        if not outcomes:
            return
        try:
            failing = await self._deliveries.settle([one.settlement for one in outcomes], worker=self._worker)
        except BaseException:
            self._outcomes = outcomes + self._outcomes
            raise
        self._look_in_time(min((one.settlement.due_at or _NEVER for one in outcomes), default=_NEVER))
        hopeless = self._clock.now() - self._disable_after_seconds
        lost = {endpoint: DisabledReason.FAILING for endpoint, since in failing.items() if since <= hopeless}
        lost |= {one.settlement.claimed.endpoint_id: DisabledReason.GONE for one in outcomes if one.gone}
        for endpoint, reason in lost.items():
            await self._disable(endpoint, reason)

    async def _disable(self, endpoint: EndpointId, reason: DisabledReason) -> None:
        try:
            await self._give_up(endpoint, reason)
        except (WebhookError, JournalUnavailableError, AccessUnavailableError) as exc:
            # Removed meanwhile, or it cannot be recorded now; then its next failure leads here again.
            _log.warning("webhook.not_disabled", endpoint=endpoint, reason=reason, error=str(exc))
        else:
            _log.warning("webhook.disabled", endpoint=endpoint, reason=reason)

    def _look_in_time(self, due: float) -> None:
        """Look again at the Unix second `due`, unless that would have been looked at by then."""
        if due < self._look_at and self._looks is not None:
            self._looks.cancel()
            self._looks = asyncio.create_task(self._look_for_ever(), name="webhook looks")

    async def _look_for_ever(self) -> None:
        while True:
            pause = await self._pause()
            self._look_at = self._clock.now() + pause
            await self._sleep(pause)
            self.wake()

    async def _pause(self) -> float:
        """Return how long nothing needs to be looked for, and count what waits now and then."""
        now = self._clock.now()
        try:
            due = await self._deliveries.next_due(now)
            if self._clock.monotonic() - self._counted_at >= _BACKLOG_SECONDS:
                self._counted_at = self._clock.monotonic()
                self.backlog = await self._deliveries.backlog()
        except Exception:  # noqa: BLE001 - looks must not end for good; the rounds meet the same and say so
            return self._poll_seconds
        if due is None:
            return self._poll_seconds
        return max(_SHORTEST_LOOK_SECONDS, min(self._poll_seconds, due - now))

    def _note_failure(self, exc: Exception) -> None:
        self.wake()
        if self._failing:
            return
        self._failing = True
        expected = isinstance(exc, AccessUnavailableError)
        _log.error("webhooks.paused", error=str(exc), exc_info=None if expected else exc)

    def _note_success(self) -> None:
        if self._failing:
            self._failing = False
            _log.warning("webhooks.resumed")
