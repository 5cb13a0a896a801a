"""Webhooks put together: in a server on a real database, and in commands beside it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from limi.access import open_access
from limi.app import Application, create_app
from limi.features.api_keys.model import NewKey
from limi.features.webhooks.errors import InvalidEndpointError
from limi.features.webhooks.model import DeliveryQuery, DeliveryState, EndpointId, NewEndpoint
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.kernel.principal import SYSTEM
from limi.kernel.settings import DatabaseSettings, Environment, Settings, UpstreamSettings, WebhookSettings
from limi.testing import RecordingReceiver, serving
from limi.testing.backend import known_keys
from limi.webhooks import Webhooks
from tests.unit.access_office import ORIGIN


def settings_of(folder: Path, **webhooks: object) -> Settings:
    return Settings(
        database=DatabaseSettings(url=f"sqlite:///{folder}/limi.db"),
        upstream=UpstreamSettings(url="http://127.0.0.1:9/v1", api_key=known_keys().admin_key),
        webhooks=WebhookSettings(**{"poll_seconds": 0.1, **webhooks}),  # type: ignore[arg-type]
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Application]:
    app = create_app(settings, keys=known_keys())
    async with serving(app.asgi):
        yield app


async def made(webhooks: Webhooks, receiver: RecordingReceiver) -> EndpointId:
    issued = await webhooks.service.create(NewEndpoint(url=receiver.url), by=SYSTEM, origin=ORIGIN)
    receiver.secret = issued.secret.reveal()
    return issued.endpoint.id


async def until_state(webhooks: Webhooks, endpoint: EndpointId, state: DeliveryState, count: int) -> None:
    query = DeliveryQuery(endpoint=endpoint, state=state)
    while len(await webhooks.service.deliveries(query, by=SYSTEM)) < count:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0.01)


async def test_an_event_reaches_its_receiver_and_is_seen_as_delivered(tmp_path: Path) -> None:
    async with RecordingReceiver().running() as receiver, running(settings_of(tmp_path)) as app:
        endpoint = await made(app.webhooks, receiver)
        await app.access.services.keys.create(NewKey(name="app"), by=SYSTEM, origin=ORIGIN)
        await receiver.until_received()
        await until_state(app.webhooks, endpoint, DeliveryState.DELIVERED, 1)
    (receipt,) = receiver.received
    assert receipt.refused is None
    assert receipt.json()["type"] == "key.created"
    assert b"203.0.113.9" not in receipt.body


async def test_what_a_command_does_is_delivered_by_the_server_beside_it(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with RecordingReceiver().running() as receiver, running(settings) as app:
        await made(app.webhooks, receiver)
        async with open_access(settings, known_keys(), clock=SystemClock(), ids=RandomIds()) as access:
            await access.keys.create(NewKey(name="by command"), by=SYSTEM, origin=ORIGIN)
        await receiver.until_received()
    assert receiver.received[0].refused is None


async def test_an_endpoint_that_a_command_made_and_tested_is_sent_to(tmp_path: Path) -> None:
    """The server has not heard of it when it finds the delivery."""
    settings = settings_of(tmp_path)
    async with RecordingReceiver().running() as receiver, running(settings):
        async with open_access(settings, known_keys(), clock=SystemClock(), ids=RandomIds()) as access:
            new = NewEndpoint(url=receiver.url)
            issued = await access.webhooks.create(new, by=SYSTEM, origin=ORIGIN)
            receiver.secret = issued.secret.reveal()
            message = await access.webhooks.test(issued.endpoint.id, by=SYSTEM, origin=ORIGIN)
        await receiver.until_told({message})
    assert receiver.received[0].refused is None


async def test_what_was_left_when_a_server_stopped_its_successor_delivers(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    receiver = RecordingReceiver()
    async with receiver.running():
        port = int(receiver.url.split(":")[2].split("/")[0])
        async with running(settings) as app:
            await made(app.webhooks, receiver)
    async with open_access(settings, known_keys(), clock=SystemClock(), ids=RandomIds()) as access:
        await access.keys.create(NewKey(name="meanwhile"), by=SYSTEM, origin=ORIGIN)
    async with receiver.running(port=port), running(settings):
        await receiver.until_received()
    assert receiver.received[0].json()["type"] == "key.created"


async def test_where_webhooks_are_off_nothing_is_kept_for_later(tmp_path: Path) -> None:
    async with RecordingReceiver().running() as receiver, running(settings_of(tmp_path, enabled=False)) as app:
        endpoint = await made(app.webhooks, receiver)
        await app.access.services.keys.create(NewKey(name="app"), by=SYSTEM, origin=ORIGIN)
        assert list(await app.webhooks.service.deliveries(DeliveryQuery(endpoint=endpoint), by=SYSTEM)) == []
        assert app.webhooks.dispatcher.in_flight == 0
    assert receiver.received == []


@pytest.mark.parametrize(
    ("env", "private", "fine"),
    [
        (Environment.DEVELOPMENT, False, True),
        (Environment.PRODUCTION, False, False),
        (Environment.PRODUCTION, True, True),
    ],
)
async def test_this_machine_is_reached_in_development_and_where_it_is_allowed(
    tmp_path: Path,
    env: Environment,
    private: bool,  # noqa: FBT001
    fine: bool,  # noqa: FBT001
) -> None:
    settings = settings_of(tmp_path, allow_private_addresses=private)
    async with open_access(
        Settings(env=env, database=settings.database, webhooks=settings.webhooks),
        known_keys(),
        clock=SystemClock(),
        ids=RandomIds(),
    ) as access:
        new = NewEndpoint(url="http://127.0.0.1:8080/hook")
        if fine:
            await access.webhooks.create(new, by=SYSTEM, origin=ORIGIN)
            return
        with pytest.raises(InvalidEndpointError):
            await access.webhooks.create(new, by=SYSTEM, origin=ORIGIN)


async def test_metrics_tell_what_waits_and_what_was_tried(tmp_path: Path) -> None:
    async with RecordingReceiver().running() as receiver, running(settings_of(tmp_path)) as app:
        endpoint = await made(app.webhooks, receiver)
        await app.webhooks.service.test(endpoint, by=SYSTEM, origin=ORIGIN)
        await until_state(app.webhooks, endpoint, DeliveryState.DELIVERED, 1)
        text = app.metrics.render().decode()
    assert 'limi_webhook_attempts_total{outcome="delivered"} 1.0' in text
    assert "\nlimi_webhook_in_flight 0.0" in text
    # What waits is counted every few seconds, so it may be from before the one delivery.
    assert re.search(r"^limi_webhook_pending [01]\.0$", text, re.MULTILINE)
    assert re.search(r"^limi_webhook_oldest_due_seconds \d", text, re.MULTILINE)
