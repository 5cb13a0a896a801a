"""Receivers of every kind, over virtual days."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from limi.features.webhooks.dispatcher import Dispatcher
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.model import (
    AllFailed,
    Claimed,
    DeliveryState,
    DisabledReason,
    Endpoint,
    EndpointId,
    EndpointStatus,
    Settlement,
)
from limi.features.webhooks.ports import Answer, SendFailure
from limi.kernel.principal import SYSTEM
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.webhook_settings import WebhookSettings
from tests.unit.features.webhooks.harness import FAILED, OK, ORIGIN, MailRoom, url_of

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def room() -> MailRoom:
    return MailRoom()


async def run(room: MailRoom, seconds: float, dispatcher: Dispatcher | None = None) -> None:
    """Let a dispatcher work for so long, and end it."""
    dispatcher = dispatcher or room.dispatcher()
    await dispatcher.start()
    await room.clock.advance(seconds)
    await dispatcher.stop(within_seconds=0.01)


async def test_an_event_is_delivered_as_soon_as_it_is_written(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    dispatcher = room.dispatcher()
    await dispatcher.start()
    await room.clock.advance(5)
    fact = room.mint()
    await room.clock.advance(0.1)
    await dispatcher.stop()
    (call,) = room.sender.to(endpoint)
    assert call.headers["webhook-id"] == fact.id
    assert call.at == pytest.approx(fact.at, abs=0.05)
    assert (await room.listed())[0].state is DeliveryState.DELIVERED
    assert room.counter.outcomes == ["delivered"]


async def test_what_another_process_left_is_found_by_looking(room: MailRoom) -> None:
    await room.endpoint()
    dispatcher = room.dispatcher(poll_seconds=1.0)
    await dispatcher.start()
    room.woken = lambda: None
    await room.clock.advance(5)
    room.mint()
    await room.clock.advance(1.1)
    await dispatcher.stop()
    assert len(room.sender.calls) == 1


async def test_ten_tries_are_made_over_seventy_five_hours(room: MailRoom) -> None:
    await room.endpoint()
    room.sender.answers[url_of("a")] = FAILED
    room.mint()
    await run(room, 4 * DAY)
    waits = [round(later.at - earlier.at) for earlier, later in pairwise(room.sender.calls)]
    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert sum(waits) / HOUR == pytest.approx(75.6, abs=0.1)
    (listed,) = await room.listed()
    assert (listed.state, listed.attempts, listed.last_error) == (DeliveryState.FAILED, 10, "connection_failed")
    assert room.counter.outcomes == ["retry"] * 9 + ["failed"]


async def test_every_try_says_the_same_under_the_same_id_signed_anew(room: MailRoom) -> None:
    await room.endpoint()
    room.sender.answers[url_of("a")] = Answer(status=500)
    room.mint()
    await run(room, HOUR)
    calls = room.sender.calls
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert len({str(call.body) for call in calls}) == 1
    assert len({call.headers["webhook-timestamp"] for call in calls}) == len(calls)
    assert len({call.headers["webhook-signature"] for call in calls}) == len(calls)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 500, 502])
async def test_whatever_is_not_2xx_is_tried_again(room: MailRoom, status: int) -> None:
    await room.endpoint()
    room.sender.answers[url_of("a")] = Answer(status=status)
    room.mint()
    await run(room, 10)
    assert len(room.sender.calls) == 2
    (listed,) = await room.listed()
    assert (listed.state, listed.last_status) == (DeliveryState.PENDING, status)


async def test_a_receiver_that_is_down_for_two_days_gets_everything_when_it_is_back(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = FAILED
    dispatcher = room.dispatcher()
    await dispatcher.start()
    ids = set()
    for _ in range(48):
        ids.add(room.mint().id)
        await room.clock.advance(HOUR)
    room.sender.answers[endpoint.url] = OK
    back = room.clock.now()
    await room.clock.advance(1.2 * DAY)
    await dispatcher.stop()
    assert {call.headers["webhook-id"] for call in room.sender.calls if call.at >= back} == ids
    assert await room.states() == {DeliveryState.DELIVERED}
    assert (await room.current(endpoint.id)).failing_since is None


async def test_a_flapping_receiver_gets_everything(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    count = 0

    async def flap() -> Answer:
        nonlocal count
        count += 1
        return OK if count % 3 == 0 else Answer(status=503)

    room.sender.answers[endpoint.url] = flap
    for number in range(30):
        room.mint(f"s{number}")
    await run(room, 4 * DAY)
    assert await room.states() == {DeliveryState.DELIVERED}
    assert (await room.current(endpoint.id)).enabled


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(room: MailRoom, status: int) -> None:
    await room.endpoint()
    room.sender.answers[url_of("a")] = Answer(status=status, retry_after=1000)
    room.mint()
    await run(room, 1200)
    first, second = room.sender.calls
    assert second.at - first.at == pytest.approx(1000, abs=0.1)


async def test_retry_after_is_for_429_and_503_only(room: MailRoom) -> None:
    await room.endpoint()
    room.sender.answers[url_of("a")] = Answer(status=500, retry_after=1000)
    room.mint()
    await run(room, 20)
    assert len(room.sender.calls) == 2


async def test_nobody_is_left_alone_for_more_than_a_day(room: MailRoom) -> None:
    await room.endpoint()
    room.sender.answers[url_of("a")] = Answer(status=503, retry_after=400 * DAY)
    room.mint()
    await run(room, 1.1 * DAY)
    assert len(room.sender.calls) == 2


async def test_410_disables_the_endpoint_and_others_are_told(room: MailRoom) -> None:
    gone, other = await room.endpoint("gone"), await room.endpoint("other")
    room.sender.answers[gone.url] = Answer(status=410)
    with capture_logs() as logs:
        dispatcher = room.dispatcher()
        await dispatcher.start()
        room.mint()
        await room.clock.advance(1)
        room.mint()
        await room.clock.advance(10)
        await dispatcher.stop()
    now = await room.current(gone.id)
    assert (now.status, now.disabled_reason) == (EndpointStatus.DISABLED, DisabledReason.GONE)
    assert len(room.sender.to(gone)) == 1
    types = Counter(call.body["type"] for call in room.sender.to(other))
    assert types == {"token.generated": 2, "webhook.disabled": 1}
    (told,) = [call.body for call in room.sender.to(other) if call.body["type"] == "webhook.disabled"]
    assert told["data"]["subject"] == f"webhook:{gone.id}"
    assert told["data"]["detail"] == "reason=gone"
    (line,) = [line for line in logs if line["event"] == "webhook.disabled"]
    assert (line["endpoint"], line["reason"], line["log_level"]) == (gone.id, "gone", "warning")


async def test_five_days_of_nothing_but_failures_disable_an_endpoint(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = Answer(status=500)
    dispatcher = room.dispatcher()
    await dispatcher.start()
    for _ in range(4):
        room.mint()
        await room.clock.advance(1.2 * DAY)
    assert (await room.current(endpoint.id)).enabled
    with capture_logs() as logs:
        room.mint()
        await room.clock.advance(1.2 * DAY)
    await dispatcher.stop()
    now = await room.current(endpoint.id)
    assert (now.status, now.disabled_reason) == (EndpointStatus.DISABLED, DisabledReason.FAILING)
    assert room.facts[-1].event == "webhook.disabled"
    assert [line["reason"] for line in logs if line["event"] == "webhook.disabled"] == ["failing"]
    assert DeliveryState.PENDING not in await room.states()


async def test_one_success_in_five_days_keeps_an_endpoint(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    dispatcher = room.dispatcher()
    await dispatcher.start()
    for day in range(9):
        room.sender.answers[endpoint.url] = OK if day == 4 else Answer(status=500)
        room.mint()
        await room.clock.advance(DAY)
    await dispatcher.stop()
    assert (await room.current(endpoint.id)).enabled


async def test_a_journal_that_is_away_puts_the_disabling_off(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = Answer(status=410)
    dispatcher = room.dispatcher()
    await dispatcher.start()
    room.mint()
    room.mint()
    room.broken_journal = True
    with capture_logs() as logs:
        await room.clock.advance(1)
    assert (await room.current(endpoint.id)).enabled
    assert {line["event"] for line in logs} >= {"webhook.not_disabled"}
    room.broken_journal = False
    room.mint()
    await room.clock.advance(1)
    await dispatcher.stop()
    assert not (await room.current(endpoint.id)).enabled


async def test_after_enabling_what_failed_can_be_replayed_under_the_same_ids(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = Answer(status=410)
    ids = {room.mint().id for _ in range(3)}
    await run(room, 5)
    room.sender.answers[endpoint.url] = OK
    await room.service.enable(endpoint.id, by=SYSTEM, origin=ORIGIN)
    before = len(room.sender.calls)
    assert await room.service.replay(AllFailed(endpoint=endpoint.id), by=SYSTEM, origin=ORIGIN) == 3
    await run(room, 5)
    assert {call.headers["webhook-id"] for call in room.sender.calls[before:]} == ids
    assert await room.states() == {DeliveryState.DELIVERED}


async def test_a_slow_endpoint_uses_its_share_and_no_more(room: MailRoom) -> None:
    slow, quick = await room.endpoint("slow"), await room.endpoint("quick")
    room.sender.answers[slow.url] = room.sender.slow(20)
    for number in range(100):
        room.mint(f"s{number}")
    dispatcher = room.dispatcher()
    await dispatcher.start()
    await room.clock.advance(1)
    assert len(room.sender.to(quick)) == 100
    assert room.sender.in_flight == room.settings.per_endpoint
    await dispatcher.stop(within_seconds=0.01)


async def test_a_hundred_endpoints_that_hang_starve_nobody(room: MailRoom) -> None:
    hanging = [await room.endpoint(f"hanging{number}", tenant="other") for number in range(50)]
    hanging += [await room.endpoint(f"hanging{number}") for number in range(50, 99)]
    for endpoint in hanging:
        room.sender.answers[endpoint.url] = room.sender.slow(30, Answer(failure=SendFailure.TIMEOUT))
    quick = await room.endpoint("quick")
    dispatcher = room.dispatcher()
    await dispatcher.start()
    for number in range(20):
        room.mint(f"s{number}", tenant="other")
    # They are strangers at first, and may fill everything until their first time-out.
    await room.clock.advance(120)
    before = len(room.sender.to(quick))
    minted = room.mint("now", tenant="other")
    await room.clock.advance(1)
    late = [call for call in room.sender.to(quick)[before:] if call.headers["webhook-id"] == minted.id]
    assert len(late) == 1
    assert late[0].at - minted.at < 0.2
    assert room.sender.in_flight <= room.settings.max_in_flight
    await dispatcher.stop(within_seconds=0.01)


async def test_every_one_of_many_dead_endpoints_has_its_turn(room: MailRoom) -> None:
    dead = [await room.endpoint(f"dead{number}", tenant="other") for number in range(50)]
    for endpoint in dead:
        room.sender.answers[endpoint.url] = room.sender.slow(30, FAILED)
    dispatcher = room.dispatcher()
    await dispatcher.start()
    for number in range(5):
        room.mint(f"s{number}", tenant="other")
    await room.clock.advance(HOUR)
    await dispatcher.stop(within_seconds=0.01)
    tries = Counter(call.url for call in room.sender.calls)
    assert set(tries) == {endpoint.url for endpoint in dead}
    assert min(tries.values()) >= 15


async def test_no_more_is_under_way_than_the_settings_allow(room: MailRoom) -> None:
    dispatcher = room.dispatcher(max_in_flight=10, per_endpoint=4)
    endpoints = [await room.endpoint(f"slow{number}") for number in range(5)]
    for endpoint in endpoints:
        room.sender.answers[endpoint.url] = room.sender.slow(2)
    for number in range(8):
        room.mint(f"s{number}")
    await dispatcher.start()
    for _ in range(100):
        assert dispatcher.in_flight <= 10
        await room.clock.advance(0.25)
    await dispatcher.stop()
    assert await room.states() == {DeliveryState.DELIVERED}


async def test_stopping_waits_for_what_is_under_way_and_gives_back_the_rest(room: MailRoom) -> None:
    quick, hanging = await room.endpoint("quick"), await room.endpoint("hanging")
    answered = asyncio.Event()

    async def answer() -> Answer:
        await answered.wait()
        return OK

    room.sender.answers[quick.url] = answer
    room.sender.answers[hanging.url] = room.sender.slow(1000)
    room.mint()
    dispatcher = room.dispatcher()
    await dispatcher.start()
    await room.clock.advance(0.1)
    stopping = asyncio.create_task(dispatcher.stop(within_seconds=0.1))
    await asyncio.sleep(0)
    answered.set()
    await stopping
    await dispatcher.stop()
    listed = {each.endpoint_id: each for each in await room.listed()}
    assert listed[quick.id].state is DeliveryState.DELIVERED
    assert listed[hanging.id].state is DeliveryState.PENDING
    assert listed[hanging.id].attempts == 0
    room.sender.answers[hanging.url] = OK
    await run(room, 1, room.dispatcher(worker="two"))
    assert await room.states() == {DeliveryState.DELIVERED}


async def test_what_a_killed_process_held_is_delivered_when_its_lease_ends(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = room.sender.slow(10_000)
    room.mint()
    killed = room.dispatcher(worker="killed")
    await killed.start()
    await room.clock.advance(1)
    room.sender.answers[endpoint.url] = OK
    other = room.dispatcher(worker="other")
    await other.start()
    await room.clock.advance(40)
    assert len(room.sender.calls) == 1
    await room.clock.advance(10)
    assert len(room.sender.calls) == 2
    await other.stop()
    await killed.stop(within_seconds=0.01)
    assert await room.states() == {DeliveryState.DELIVERED}


async def test_two_dispatchers_deliver_everything_once(room: MailRoom) -> None:
    await room.endpoint()
    for number in range(200):
        room.mint(f"s{number}")
    both = room.dispatcher(worker="one"), room.dispatcher(worker="two")
    for each in both:
        await each.start()
    await room.clock.advance(10)
    for each in both:
        await each.stop()
    ids = Counter(call.headers["webhook-id"] for call in room.sender.calls)
    assert len(ids) == 200
    assert set(ids.values()) == {1}


class Breakable:
    """A store that is away when the test says so."""

    def __init__(self, store: InMemoryDeliveryStore) -> None:
        self._store = store
        self.broken = False
        self.surprising = False

    def __getattr__(self, name: str) -> object:
        if self.broken and name in {"claim", "settle", "next_due", "backlog", "release"}:
            return self._fail
        return getattr(self._store, name)

    async def _fail(self, *_: object, **__: object) -> None:
        if self.surprising:
            raise RuntimeError("a bug")
        raise AccessUnavailableError("the disk is gone")

    async def claim(self, **given: object) -> list[Claimed]:
        return await self.__getattr__("claim")(**given)  # type: ignore[no-any-return, operator]

    async def settle(self, settlements: Sequence[Settlement], *, worker: str) -> Mapping[EndpointId, float]:
        return await self.__getattr__("settle")(settlements, worker=worker)  # type: ignore[no-any-return, operator]


@pytest.mark.parametrize("surprising", [False, True])
async def test_a_store_that_is_away_pauses_everything_and_is_said_once(room: MailRoom, surprising: bool) -> None:  # noqa: FBT001
    endpoint = await room.endpoint()
    store = Breakable(room.deliveries)
    store.surprising = surprising
    dispatcher = room.dispatcher(deliveries=store, poll_seconds=1.0)  # type: ignore[arg-type]
    room.sender.answers[endpoint.url] = room.sender.slow(2)
    room.mint("before")
    await dispatcher.start()
    await room.clock.advance(1)
    with capture_logs() as logs:
        store.broken = True
        room.mint("meanwhile")
        await room.clock.advance(30)
        assert len(room.sender.calls) == 1
        store.broken = False
        await room.clock.advance(10)
    await dispatcher.stop()
    assert [line["event"] for line in logs if line["event"].startswith("webhooks.")] == [
        "webhooks.paused",
        "webhooks.resumed",
    ]
    assert Counter(call.body["data"]["sessionId"] for call in room.sender.calls) == {"before": 1, "meanwhile": 1}
    assert await room.states() == {DeliveryState.DELIVERED}


async def test_what_waits_is_counted_now_and_then(room: MailRoom) -> None:
    endpoint = await room.endpoint()
    room.sender.answers[endpoint.url] = FAILED
    dispatcher = room.dispatcher(poll_seconds=1.0)
    counts = [dispatcher.backlog]
    room.mint()
    await dispatcher.start()
    await room.clock.advance(20)
    counts.append(dispatcher.backlog)
    await dispatcher.stop()
    assert [None if count is None else count.pending for count in counts] == [None, 1]


async def test_stopping_what_was_never_started_does_no_harm(room: MailRoom) -> None:
    await room.dispatcher().stop()


async def test_a_test_event_goes_to_its_endpoint_only() -> None:
    room = MailRoom(WebhookSettings(jitter=0.0, poll_seconds=60.0))
    wanted = await room.endpoint("wanted", events=frozenset({"key.created"}))
    other: Endpoint = await room.endpoint("other")
    message = await room.service.test(wanted.id, by=SYSTEM, origin=ORIGIN)
    await run(room, 1)
    (call,) = room.sender.to(wanted)
    assert (call.headers["webhook-id"], call.body["type"]) == (message, "webhook.test")
    assert room.sender.to(other) == []
