"""Endpoints as operators and tenants make and change them."""

from typing import Any

import msgspec
import pytest

from limi.features.webhooks.errors import (
    EndpointConflictError,
    EndpointNotFoundError,
    InvalidEndpointError,
    TooManyEndpointsError,
)
from limi.features.webhooks.model import (
    AllFailed,
    DeliveryId,
    DeliveryQuery,
    DeliveryState,
    DisabledReason,
    EndpointChanges,
    EndpointId,
    NewEndpoint,
    OneDelivery,
    Window,
)
from limi.features.webhooks.ports import Answer
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM, Principal, Scope
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.webhook_settings import WebhookSettings
from tests.unit.features.webhooks.harness import ORIGIN, MailRoom, url_of
from tests.unit.features.webhooks.test_dispatcher import run

ACME = Principal(caller="key:acme", scopes=frozenset({Scope.ADMIN}), tenant="acme")
OTHER = Principal(caller="key:other", scopes=frozenset({Scope.ADMIN}), tenant="other")


@pytest.fixture
def room() -> MailRoom:
    return MailRoom()


def told(room: MailRoom) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(fact.event.value, fact.subject, fact.origin.tenant, fact.detail) for fact in room.facts]


async def test_an_endpoint_is_recorded_before_it_is_made_and_its_secret_shown_once(room: MailRoom) -> None:
    new = NewEndpoint(url=url_of("a") + "?token=t0psecret", events=frozenset({"key.created"}), description="books")
    issued = await room.service.create(new, by=SYSTEM, origin=ORIGIN)
    endpoint = issued.endpoint
    assert await room.current(endpoint.id) == endpoint
    assert endpoint.id.startswith("whe_")
    assert len(endpoint.id) == 20
    assert (endpoint.url, endpoint.events, endpoint.description) == (new.url, new.events, "books")
    assert told(room) == [
        ("webhook.created", f"webhook:{endpoint.id}", None, "url=https://a.example, events=key.created")
    ]
    assert issued.secret.reveal() not in repr(issued)
    assert issued.secret.reveal().encode() not in endpoint.secrets[0].sealed
    assert "t0psecret" not in repr(room.facts)


async def test_what_cannot_be_recorded_is_not_made(room: MailRoom) -> None:
    room.broken_journal = True
    with pytest.raises(JournalUnavailableError):
        await room.endpoint()
    assert await room.service.list(by=SYSTEM) == []


async def test_a_tenants_caller_makes_that_tenants_endpoints_and_sees_no_others(room: MailRoom) -> None:
    own = (await room.service.create(NewEndpoint(url=url_of("own")), by=ACME, origin=ORIGIN)).endpoint
    general = await room.endpoint("general")
    foreign = await room.endpoint("foreign", tenant="other")
    assert own.tenant == "acme"
    assert list(await room.service.list(by=ACME)) == [own]
    assert list(await room.service.list(by=ACME, tenant="other")) == []
    assert {one.id for one in await room.service.list(by=SYSTEM)} == {own.id, general.id, foreign.id}
    assert list(await room.service.list(by=SYSTEM, tenant="acme")) == [own]
    for hidden in (general.id, foreign.id, EndpointId("whe_unknown")):
        for asked in (
            room.service.get(hidden, by=ACME),
            room.service.update(hidden, EndpointChanges(description="x"), by=ACME, origin=ORIGIN),
            room.service.enable(hidden, by=ACME, origin=ORIGIN),
            room.service.disable(hidden, by=ACME, origin=ORIGIN),
            room.service.remove(hidden, by=ACME, origin=ORIGIN),
            room.service.rotate_secret(hidden, by=ACME, origin=ORIGIN),
            room.service.test(hidden, by=ACME, origin=ORIGIN),
            room.service.deliveries(DeliveryQuery(endpoint=hidden), by=ACME),
            room.service.attempts(hidden, DeliveryId(1), by=ACME),
            room.service.replay(AllFailed(endpoint=hidden), by=ACME, origin=ORIGIN),
        ):
            with pytest.raises(EndpointNotFoundError):
                await asked


@pytest.mark.parametrize(("by", "tenant"), [(SYSTEM, "nobody"), (ACME, "other")])
async def test_an_endpoint_is_for_a_tenant_that_is_there_and_ones_own(
    room: MailRoom, by: Principal, tenant: str
) -> None:
    with pytest.raises(InvalidEndpointError) as raised:
        await room.service.create(NewEndpoint(url=url_of("a"), tenant=tenant), by=by, origin=ORIGIN)
    assert raised.value.field == "tenant"


async def test_endpoints_are_bounded_for_each_tenant() -> None:
    room = MailRoom(WebhookSettings(max_endpoints_per_tenant=2))
    for number in range(2):
        await room.endpoint(f"a{number}")
        await room.endpoint(f"b{number}", tenant="acme")
    for tenant in (None, "acme"):
        with pytest.raises(TooManyEndpointsError, match="2 endpoints"):
            await room.endpoint("more", tenant=tenant)
    await room.endpoint("c", tenant="other")


async def test_a_change_keeps_what_it_does_not_name(room: MailRoom) -> None:
    endpoint = await room.endpoint(events=frozenset({"key.created"}), description="books")
    changes = EndpointChanges(url=url_of("moved"), events=frozenset())
    changed = await room.service.update(endpoint.id, changes, by=SYSTEM, origin=ORIGIN)
    assert (changed.url, changed.events, changed.description) == (url_of("moved"), frozenset(), "books")
    assert await room.current(endpoint.id) == changed
    assert told(room)[-1] == (
        "webhook.updated",
        f"webhook:{endpoint.id}",
        None,
        "url=https://moved.example, events=all",
    )


async def test_a_change_that_breaks_a_rule_is_refused(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    with pytest.raises(InvalidEndpointError) as raised:
        await room.service.update(
            endpoint.id, EndpointChanges(url="https://169.254.169.254/"), by=SYSTEM, origin=ORIGIN
        )
    assert raised.value.field == "url"
    assert await room.current(endpoint.id) == endpoint


async def test_two_changes_at_once_are_not_both_made(room: MailRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = await room.endpoint()
    stale = msgspec.structs.replace(endpoint, description="as it was")

    async def find(_: EndpointId) -> object:
        return stale

    monkeypatch.setattr(room.endpoints, "get", find)
    with pytest.raises(EndpointConflictError):
        await room.service.disable(endpoint.id, by=SYSTEM, origin=ORIGIN)


async def test_disabling_cancels_what_waits_and_enabling_sends_what_comes_after(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.mint("before")
    disabled = await room.service.disable(endpoint.id, by=SYSTEM, origin=ORIGIN)
    assert (disabled.enabled, disabled.disabled_reason) == (False, DisabledReason.OPERATOR)
    assert await room.service.disable(endpoint.id, by=SYSTEM, origin=ORIGIN) == disabled
    room.mint("meanwhile")
    assert await room.states() == {DeliveryState.CANCELLED}
    enabled = await room.service.enable(endpoint.id, by=SYSTEM, origin=ORIGIN)
    assert (enabled.enabled, enabled.disabled_reason) == (True, None)
    assert await room.service.enable(endpoint.id, by=SYSTEM, origin=ORIGIN) == enabled
    room.mint("after")
    await run(room, 1)
    assert [call.body["data"]["sessionId"] for call in room.sender.calls] == ["after"]
    events = [event for event, *_ in told(room) if event.startswith("webhook.")]
    assert events == ["webhook.created", "webhook.disabled", "webhook.updated"]


async def test_a_removed_endpoint_is_gone_and_nothing_more_is_made_for_it(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.mint("before")
    assert await room.service.remove(endpoint.id, by=SYSTEM, origin=ORIGIN) == endpoint
    room.mint("after")
    await run(room, 1)
    assert room.sender.calls == []
    assert told(room)[1][0] == "token.generated"
    assert told(room)[2][:2] == ("webhook.deleted", f"webhook:{endpoint.id}")
    with pytest.raises(EndpointNotFoundError):
        await room.current(endpoint.id)


async def test_after_a_rotation_two_secrets_live_until_the_overlap_ends(room: MailRoom) -> None:
    first = await room.service.create(NewEndpoint(url=url_of("a")), by=SYSTEM, origin=ORIGIN)
    endpoint_id, now = first.endpoint.id, room.clock.now()
    second = await room.service.rotate_secret(endpoint_id, overlap_seconds=60, by=SYSTEM, origin=ORIGIN)
    assert second.secret != first.secret
    newest, old = second.endpoint.secrets
    assert (newest.expires_at, old.expires_at) == (None, now + 60)
    opened = [room.vault.open(one.sealed, endpoint=endpoint_id) for one in second.endpoint.secrets]
    assert opened == [second.secret, first.secret]
    third = await room.service.rotate_secret(endpoint_id, overlap_seconds=60, by=SYSTEM, origin=ORIGIN)
    opened = [room.vault.open(one.sealed, endpoint=endpoint_id) for one in third.endpoint.secrets]
    assert opened == [third.secret, second.secret]
    assert told(room)[-1][0] == "webhook.rotated"


async def test_a_rotation_without_overlap_ends_the_old_secret_at_once(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    rotated = await room.service.rotate_secret(endpoint.id, overlap_seconds=0, by=SYSTEM, origin=ORIGIN)
    assert len(rotated.endpoint.secrets) == 1


@pytest.mark.parametrize("seconds", [-1, 7 * 86_400 + 1])
async def test_an_overlap_is_bounded(room: MailRoom, seconds: int) -> None:
    endpoint = await room.endpoint()
    with pytest.raises(InvalidEndpointError, match="overlap_seconds"):
        await room.service.rotate_secret(endpoint.id, overlap_seconds=seconds, by=SYSTEM, origin=ORIGIN)


async def test_a_disabled_endpoint_is_neither_tested_nor_replayed_to(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    await room.service.disable(endpoint.id, by=SYSTEM, origin=ORIGIN)
    with pytest.raises(InvalidEndpointError, match="disabled"):
        await room.service.test(endpoint.id, by=SYSTEM, origin=ORIGIN)
    with pytest.raises(InvalidEndpointError, match="disabled"):
        await room.service.replay(AllFailed(endpoint=endpoint.id), by=SYSTEM, origin=ORIGIN)


async def test_a_test_is_recorded_as_the_tenants(room: MailRoom) -> None:
    endpoint = await room.endpoint(tenant="acme")
    await room.service.test(endpoint.id, by=ACME, origin=ORIGIN)
    assert told(room)[-1] == ("webhook.tested", f"webhook:{endpoint.id}", "acme", None)


async def test_what_was_delivered_can_be_seen_and_sent_again(room: MailRoom) -> None:
    endpoint = await room.endpoint(tenant="acme")
    room.sender.answers[endpoint.url] = Answer(status=500)
    fact = room.mint(tenant="acme")
    await run(room, 10)
    (delivery,) = await room.service.deliveries(DeliveryQuery(endpoint=endpoint.id), by=ACME)
    assert (delivery.message_id, delivery.state, delivery.attempts) == (fact.id, DeliveryState.PENDING, 2)
    attempts = await room.service.attempts(endpoint.id, delivery.id, by=ACME)
    assert [(each.number, each.status) for each in attempts] == [(1, 500), (2, 500)]
    room.sender.answers.clear()
    await run(room, 400)
    since, until = fact.at - 1, fact.at + 1
    window = Window(endpoint=endpoint.id, since=since, until=until)
    assert await room.service.replay(window, by=ACME, origin=ORIGIN) == 1
    before = len(room.sender.calls)
    await run(room, 1)
    (again,) = room.sender.calls[before:]
    assert again.headers["webhook-id"] == fact.id


@pytest.mark.parametrize(
    ("selected", "detail"),
    [
        ({"delivery": DeliveryId(7)}, "delivery=7"),
        ({"since": 0.0, "until": 60.5}, "since=1970-01-01T00:00:00+00:00, until=1970-01-01T00:01:00.500000+00:00"),
        ({}, "all failed"),
    ],
)
async def test_who_sends_what_again_is_recorded_and_told_nobody(
    room: MailRoom, selected: dict[str, Any], detail: str
) -> None:
    endpoint = await room.endpoint(tenant="acme")
    kind = OneDelivery if "delivery" in selected else Window if selected else AllFailed
    assert await room.service.replay(kind(endpoint=endpoint.id, **selected), by=ACME, origin=ORIGIN) == 0
    assert told(room)[-1] == ("webhook.replayed", f"webhook:{endpoint.id}", "acme", detail)
    assert await room.service.deliveries(DeliveryQuery(endpoint=endpoint.id), by=ACME) == []


async def test_what_cannot_be_recorded_is_not_sent_again(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = Answer(status=410)
    room.mint()
    await run(room, 1)
    await room.service.enable(endpoint.id, by=SYSTEM, origin=ORIGIN)
    room.broken_journal = True
    with pytest.raises(JournalUnavailableError):
        await room.service.replay(AllFailed(endpoint=endpoint.id), by=SYSTEM, origin=ORIGIN)
    (delivery,) = await room.service.deliveries(DeliveryQuery(endpoint=endpoint.id), by=SYSTEM)
    assert delivery.state is DeliveryState.FAILED


async def test_a_replay_that_failed_is_recorded_as_such(room: MailRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = await room.endpoint()

    async def away(*_: object, **__: object) -> int:
        raise AccessUnavailableError("the database is away")

    monkeypatch.setattr(room.deliveries, "replay", away)
    with pytest.raises(AccessUnavailableError):
        await room.service.replay(AllFailed(endpoint=endpoint.id), by=SYSTEM, origin=ORIGIN)
    said, ended = room.facts[-2:]
    assert (ended.event, ended.resolves, ended.code) == (said.event, said.id, "access_unavailable")


async def test_giving_up_is_recorded_as_the_systems_own_doing(room: MailRoom) -> None:
    endpoint = await room.endpoint(tenant="acme")
    given_up = await room.service.give_up(endpoint.id, DisabledReason.FAILING)
    assert given_up.disabled_reason is DisabledReason.FAILING
    assert told(room)[-1] == ("webhook.disabled", f"webhook:{endpoint.id}", "acme", "reason=failing")
    assert room.facts[-1].origin.caller == "system"
