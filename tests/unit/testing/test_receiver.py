"""The receiver that keeps what it was sent, as tests use it."""

import asyncio
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from limi.adapters.webhooks.network import PinnedConnector, ThreadResolver
from limi.adapters.webhooks.sender import WebhookSender
from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.ports import Answer, SendFailure
from limi.testing import ReceiverReply, RecordingReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"type":"webhook.test"}'


def signed(message: str = "m1", *, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(message, at, BODY.decode()),
    }


@pytest.fixture
def sender() -> WebhookSender:
    return WebhookSender(
        resolver=ThreadResolver(),
        connector=PinnedConnector(),
        kinds=frozenset({AddressKind.LOOPBACK}),
        timeout_seconds=1.0,
        user_agent="Limi/test",
        now=lambda: 0.0,
    )


async def test_it_verifies_with_the_specifications_library(sender: WebhookSender) -> None:
    async with RecordingReceiver(secret=SECRET).running() as receiver:
        for headers in (
            signed(),
            signed(at=datetime(2020, 1, 1, tzinfo=UTC)),
            {**signed(), "webhook-id": "other"},
        ):
            await sender.send(receiver.url, headers=headers, body=BODY)
        await sender.close()
    assert [receipt.refused for receipt in receiver.received] == [
        None,
        "Message timestamp too old",
        "No matching signature found",
    ]
    assert receiver.received[0].json() == {"type": "webhook.test"}
    assert (receiver.received[0].id, receiver.received[0].path) == ("m1", "/hook")


async def test_it_answers_as_told_and_then_as_always(sender: WebhookSender) -> None:
    receiver = RecordingReceiver(always=ReceiverReply(status=503, headers={"retry-after": "3"}))
    receiver.queued.append(ReceiverReply(status=202))
    async with receiver.running():
        answers = [await sender.send(receiver.url, headers=signed(), body=BODY) for _ in range(2)]
        await sender.close()
    assert answers == [Answer(status=202), Answer(status=503, retry_after=3.0)]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (ReceiverReply(cut=True), Answer(failure=SendFailure.CONNECTION_FAILED)),
        (ReceiverReply(endless=True), Answer(status=200)),
        (ReceiverReply(delay_seconds=0.01), Answer(status=200)),
    ],
)
async def test_it_misbehaves_as_told(sender: WebhookSender, reply: ReceiverReply, answer: Answer) -> None:
    async with RecordingReceiver(always=reply).running() as receiver:
        assert await sender.send(receiver.url, headers=signed(), body=BODY) == answer
        await sender.close()


async def test_whoever_waits_is_told_when_it_has_come(sender: WebhookSender) -> None:
    async with RecordingReceiver().running() as receiver:
        waiting = [
            asyncio.create_task(receiver.until_received(3)),
            asyncio.create_task(receiver.until_ids(2)),
            asyncio.create_task(receiver.until_told({"m2"})),
        ]
        for message in ("m1", "m1", "m2"):
            await sender.send(receiver.url, headers=signed(message), body=BODY)
        done = await asyncio.gather(*waiting)
        await sender.close()
    assert done[1] == {"m1", "m2"}
