"""The operators' routes of webhooks, with a hand that makes attempts."""

from typing import Any

from limi.features.webhooks.model import Attempt, DeliveryState, Settlement
from tests.architecture.log_watch import WATCH
from tests.unit.http.admin.harness import Desk

__all__ = ["WebhookDesk"]


class WebhookDesk(Desk):
    """Adds what the tests of webhooks do again and again."""

    async def made(self, **members: Any) -> dict[str, Any]:
        """Make an endpoint, and return what is answered."""
        answer = await self.ask("POST", "/webhooks", {"url": "https://hooks.example/limi", **members})
        assert answer.status == 201
        WATCH.register(answer.json["secret"])
        made: dict[str, Any] = answer.json
        return made

    async def attempt(self, *, status: int, state: DeliveryState) -> None:
        """Make one attempt of everything that is due, with this result."""
        now = self.clock.now()
        claimed = await self.deliveries.claim(
            worker="w", now=now, lease_seconds=60, limit=100, per_endpoint=100, busy={}
        )
        settled = [
            Settlement(
                claimed=one,
                attempt=Attempt(
                    delivery_id=one.delivery_id, number=one.attempt, at=now, duration_ms=12, status=status
                ),
                state=state,
                due_at=now + 5 if state is DeliveryState.PENDING else None,
            )
            for one in claimed
        ]
        await self.deliveries.settle(settled, worker="w")
