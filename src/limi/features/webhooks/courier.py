"""One attempt: a claimed delivery becomes a signed request, and its answer what happens to the delivery next."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
import structlog

from limi.features.webhooks.errors import UnusableSecretError
from limi.features.webhooks.model import Attempt, Claimed, DeliveryState, Endpoint, EndpointId, Settlement
from limi.features.webhooks.payload import payload
from limi.features.webhooks.ports import Answer, DeliveryObserver, Sender
from limi.features.webhooks.schedule import Schedule
from limi.features.webhooks.signing import Signer
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids

__all__ = ["Courier", "Outcome"]

_log = structlog.get_logger(__name__)

_RETRY_AFTER_STATUSES: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_CHANCE_DIGITS: Final = 8
_OUTCOMES: Final = {DeliveryState.DELIVERED: "delivered", DeliveryState.PENDING: "retry"}


class Outcome(msgspec.Struct, frozen=True):
    """What came of an attempt."""

    settlement: Settlement
    seconds: float
    """How long it took."""

    @property
    def gone(self) -> bool:
        """Say whether the receiver wants nothing more, ever."""
        return self.settlement.attempt.status == HTTPStatus.GONE

    @property
    def delivered(self) -> bool:
        """Say whether the receiver has it."""
        return self.settlement.state is DeliveryState.DELIVERED


class Courier:
    """Makes attempts."""

    def __init__(
        self,
        *,
        find: Callable[[EndpointId], Awaitable[Endpoint | None]],
        sender: Sender,
        signer: Signer,
        schedule: Schedule,
        observer: DeliveryObserver,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Keep the parts.

        Args:
            find: returns an endpoint, None where there is none of that id or it cannot be read now.
            sender: sends.
            signer: signs.
            schedule: when what failed is tried again.
            observer: counts attempts.
            clock: time.
            ids: randomness, for where in its jitter a wait ends.
        """
        self._find = find
        self._sender = sender
        self._signer = signer
        self._schedule = schedule
        self._observer = observer
        self._clock = clock
        self._ids = ids

    async def attempt(self, claimed: Claimed) -> Outcome:
        """Send what was claimed, and return what came of it; only a cancellation is raised."""
        at, began = self._clock.now(), self._clock.monotonic()
        answer, error = await self._send(claimed, at)
        seconds = self._clock.monotonic() - began
        error = error or (answer.failure.value if answer.failure is not None else None)
        attempt = Attempt(
            delivery_id=claimed.delivery_id,
            number=claimed.attempt,
            at=at,
            duration_ms=round(seconds * 1000),
            status=answer.status,
            error=error,
        )
        state, due_at = self._next(claimed, answer)
        self._observer.webhook_attempted(_OUTCOMES.get(state, "failed"), seconds)
        if state is DeliveryState.FAILED:
            _log.warning(
                "webhook.delivery_failed",
                endpoint=claimed.endpoint_id,
                message_id=claimed.message.id,
                tries=claimed.attempt,
                status=answer.status,
                error=error,
            )
        return Outcome(Settlement(claimed=claimed, attempt=attempt, state=state, due_at=due_at), seconds)

    async def _send(self, claimed: Claimed, now: float) -> tuple[Answer, str | None]:
        try:
            endpoint = await self._find(claimed.endpoint_id)
            if endpoint is None:
                return Answer(), "endpoint_unknown"
            body = payload(claimed.message)
            headers = self._signer.headers(
                body, message=claimed.message.id, endpoint=endpoint.id, secrets=endpoint.secrets, now=now
            )
            return await self._sender.send(endpoint.url, headers=headers, body=body), None
        except UnusableSecretError as exc:
            _log.error("webhook.secret_unusable", endpoint=claimed.endpoint_id, error=str(exc))
            return Answer(), "secret_unusable"
        except Exception as exc:  # noqa: BLE001 - said in the next line
            # Whatever it is, the delivery must not be claimed for ever, nor take others with it.
            _log.exception("webhook.attempt_broken", endpoint=claimed.endpoint_id, error=type(exc).__name__)
            return Answer(), "internal_error"

    def _next(self, claimed: Claimed, answer: Answer) -> tuple[DeliveryState, float | None]:
        status = answer.status
        if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return DeliveryState.DELIVERED, None
        if status == HTTPStatus.GONE:
            return DeliveryState.FAILED, None
        due_at = self._schedule.next_try(
            claimed.attempt,
            now=self._clock.now(),
            retry_after=answer.retry_after if status in _RETRY_AFTER_STATUSES else None,
            chance=int(self._ids.hex(_CHANCE_DIGITS), 16) / 16**_CHANCE_DIGITS,
        )
        return (DeliveryState.FAILED, None) if due_at is None else (DeliveryState.PENDING, due_at)
