"""One attempt, and what each answer means for the delivery."""

import asyncio

import pytest
from structlog.testing import capture_logs

from limi.features.webhooks.courier import Courier, Outcome
from limi.features.webhooks.model import Claimed, DeliveryId, DeliveryState, Endpoint, EndpointId, Message
from limi.features.webhooks.ports import Answer, SendFailure
from limi.features.webhooks.schedule import Schedule
from limi.features.webhooks.signing import SecretVault, Signer
from limi.kernel.facts import EventName
from tests.unit.features.webhooks.harness import MailRoom


def claimed(endpoint: EndpointId, *, attempt: int = 1, event: str = EventName.TOKEN_GENERATED) -> Claimed:
    message = Message(id="m" * 32, event=event, at=1_790_000_000.0)
    return Claimed(
        delivery_id=DeliveryId(7), endpoint_id=endpoint, message=message, attempt=attempt, first_due=0.0, lease=1
    )


class Desk:
    """A courier with one endpoint."""

    def __init__(self) -> None:
        self.room = MailRoom()

    async def attempt(
        self, answer: Answer, *, attempt: int = 1, event: str = EventName.TOKEN_GENERATED
    ) -> Outcome:
        endpoint = await self.room.endpoint()
        self.room.sender.answers[endpoint.url] = answer
        return await self.courier().attempt(claimed(endpoint.id, attempt=attempt, event=event))

    def courier(self, vault: SecretVault | None = None) -> Courier:
        room = self.room
        return Courier(
            find=room.subscriptions.find,
            sender=room.sender,
            signer=Signer(vault=vault or room.vault),
            schedule=Schedule(delays=(10.0, 20.0), jitter=0.0),
            observer=room.counter,
            clock=room.clock,
            ids=room.ids,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_2xx_is_delivered(desk: Desk, status: int) -> None:
    outcome = await desk.attempt(Answer(status=status))
    assert outcome.delivered
    assert outcome.settlement.state is DeliveryState.DELIVERED
    assert outcome.settlement.attempt.status == status
    assert outcome.settlement.due_at is None
    assert desk.room.counter.outcomes == ["delivered"]


@pytest.mark.parametrize("status", [199, 300, 301, 404, 500])
async def test_anything_else_is_tried_again_when_the_schedule_says(desk: Desk, status: int) -> None:
    outcome = await desk.attempt(Answer(status=status), attempt=2)
    assert outcome.settlement.state is DeliveryState.PENDING
    assert outcome.settlement.due_at == desk.room.clock.now() + 20
    assert outcome.settlement.attempt.number == 2
    assert not outcome.delivered
    assert desk.room.counter.outcomes == ["retry"]


async def test_the_last_try_ends_it_with_a_line_in_the_log(desk: Desk) -> None:
    with capture_logs() as logs:
        outcome = await desk.attempt(Answer(failure=SendFailure.TIMEOUT), attempt=3)
    assert outcome.settlement.state is DeliveryState.FAILED
    assert outcome.settlement.attempt.error == "timeout"
    (line,) = logs
    assert (line["event"], line["tries"], line["error"]) == ("webhook.delivery_failed", 3, "timeout")
    assert desk.room.counter.outcomes == ["failed"]


async def test_gone_ends_it_at_once(desk: Desk) -> None:
    outcome = await desk.attempt(Answer(status=410))
    assert outcome.gone
    assert outcome.settlement.state is DeliveryState.FAILED


async def test_an_endpoint_that_is_not_known_is_asked_for_and_then_tried_later(desk: Desk) -> None:
    outcome = await desk.courier().attempt(claimed(EndpointId("whe_unknown")))
    assert outcome.settlement.state is DeliveryState.PENDING
    assert outcome.settlement.attempt.error == "endpoint_unknown"
    assert desk.room.sender.calls == []


async def test_without_a_secret_that_opens_nothing_is_sent(desk: Desk) -> None:
    endpoint = await desk.room.endpoint()
    stranger = SecretVault(key=b"x" * 32, ids=desk.room.ids)
    with capture_logs() as logs:
        outcome = await desk.courier(stranger).attempt(claimed(endpoint.id))
    assert outcome.settlement.attempt.error == "secret_unusable"
    assert outcome.settlement.state is DeliveryState.PENDING
    assert desk.room.sender.calls == []
    assert [line["event"] for line in logs] == ["webhook.secret_unusable"]


async def test_a_bug_costs_one_attempt_and_says_so(desk: Desk) -> None:
    with capture_logs() as logs:
        outcome = await desk.attempt(Answer(status=200), event="no.such.event")
    assert outcome.settlement.attempt.error == "internal_error"
    assert outcome.settlement.state is DeliveryState.PENDING
    assert [line["event"] for line in logs] == ["webhook.attempt_broken"]


async def test_an_attempt_tells_when_it_began_and_how_long_it_took(desk: Desk) -> None:
    endpoint: Endpoint = await desk.room.endpoint()
    began = desk.room.clock.now()

    async def later() -> Answer:
        await desk.room.clock.sleep(1.5)
        return Answer(status=200)

    desk.room.sender.answers[endpoint.url] = later
    task = asyncio.create_task(desk.courier().attempt(claimed(endpoint.id)))
    await desk.room.clock.advance(2)
    outcome = await task
    assert (outcome.settlement.attempt.at, outcome.settlement.attempt.duration_ms) == (began, 1500)
    assert outcome.seconds == 1.5
