"""`/api/admin/webhooks/{webhook}/deliveries` and `/replay`: what was sent to an endpoint, and sending it again."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.features.webhooks.model import (
    AllFailed,
    DeliveryId,
    DeliveryQuery,
    EndpointId,
    OneDelivery,
    Replay,
    Window,
)
from limi.features.webhooks.service import WebhookService
from limi.http.admin.desk import NO_STORE, FrontDesk, cut, route
from limi.http.admin.requests import NoQuery, given
from limi.http.admin.webhook_answers import (
    AttemptAnswer,
    AttemptsAnswer,
    DeliveriesAnswer,
    DeliveryAnswer,
    ReplayAnswer,
)
from limi.http.admin.webhook_requests import ListDeliveriesQuery, ReplayWebhookRequest
from limi.http.admin.webhooks import ONE_WEBHOOK
from limi.http.errors import Refusal
from limi.kernel.clock import Clock

__all__ = ["DeliveryRoutes"]

_ALL: Final = f"{ONE_WEBHOOK}/deliveries"
_ONE: Final = f"{_ALL}/{{delivery:int}}"
_GREATEST_ID: Final = 2**63 - 1
"""Of a database's row; the framework reads longer numbers as well."""


class DeliveryRoutes:
    """The handlers, given the service."""

    def __init__(self, *, webhooks: WebhookService, desk: FrontDesk, clock: Clock) -> None:
        self._webhooks = webhooks
        self._desk = desk
        self._clock = clock

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        return (
            get(_ALL, **route("ListDeliveries", "List deliveries", "not_found", query=ListDeliveriesQuery))(
                self._list
            ),
            get(f"{_ONE}/attempts", **route("ListAttempts", "List attempts of a delivery", "not_found"))(
                self._attempts
            ),
            post(
                f"{_ONE}/replay",
                status_code=202,
                **route("ReplayDelivery", "Send a delivery again", "not_found"),
            )(self._replay_one),
            post(
                f"{ONE_WEBHOOK}/replay",
                status_code=202,
                **route("ReplayWebhook", "Send deliveries again", "not_found", body=ReplayWebhookRequest),
            )(self._replay),
        )

    async def _list(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[DeliveriesAnswer]:
        """List what was sent or is to be sent to an endpoint, the newest first."""
        visit, query = await self._desk.admit(request, ListDeliveriesQuery)
        endpoint = await self._webhooks.get(EndpointId(webhook), by=visit.principal)
        wanted = DeliveryQuery(endpoint=endpoint.id, state=given(query.state), message=given(query.message))
        after = given(query.after)
        found = await self._webhooks.deliveries(
            wanted,
            by=visit.principal,
            before=None if after is None else DeliveryId(after),
            limit=query.limit + 1,
        )
        page, more = cut(found, query.limit)
        answer = DeliveriesAnswer(
            deliveries=list(map(DeliveryAnswer.of, page)), next=page[-1].id if more else None
        )
        return Response(answer, headers=NO_STORE)

    async def _attempts(
        self, request: Request[Any, Any, Any], webhook: FromPath[str], delivery: FromPath[int]
    ) -> Response[AttemptsAnswer]:
        """List every attempt of a delivery in order; of a delivery to another endpoint there are none."""
        visit, _ = await self._desk.admit(request, NoQuery)
        found = await self._webhooks.attempts(EndpointId(webhook), _known(delivery), by=visit.principal)
        return Response(AttemptsAnswer(attempts=list(map(AttemptAnswer.of, found))), headers=NO_STORE)

    async def _replay_one(
        self, request: Request[Any, Any, Any], webhook: FromPath[str], delivery: FromPath[int]
    ) -> Response[ReplayAnswer]:
        """Send one delivery again, with the same id; one that waits is sent now, one under way is left alone."""
        visit, _ = await self._desk.admit(request, NoQuery)
        selection = OneDelivery(endpoint=EndpointId(webhook), delivery=_known(delivery))
        replayed = await self._webhooks.replay(selection, by=visit.principal, origin=visit.origin)
        return Response(ReplayAnswer(replayed=replayed), status_code=202, headers=NO_STORE)

    async def _replay(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[ReplayAnswer]:
        """Send again what failed, or all that happened in a span of time, with the ids of before."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, ReplayWebhookRequest)
        selection = self._selection(EndpointId(webhook), wish)
        replayed = await self._webhooks.replay(selection, by=visit.principal, origin=visit.origin)
        return Response(ReplayAnswer(replayed=replayed), status_code=202, headers=NO_STORE)

    def _selection(self, endpoint: EndpointId, wish: ReplayWebhookRequest) -> Replay:
        since, until = given(wish.since), given(wish.until)
        if since is None:
            if wish.failed and until is None:
                return AllFailed(endpoint=endpoint)
            raise _wrong("since: is required, unless `failed` is true")
        if wish.failed:
            raise _wrong("failed: must not be true where `since` is given")
        first, last = since.timestamp(), self._clock.now() if until is None else until.timestamp()
        if first >= last:
            raise _wrong("since: must be before `until`, which is now where it is left out")
        return Window(endpoint=endpoint, since=first, until=last)


def _known(delivery: int) -> DeliveryId:
    if not 0 < delivery <= _GREATEST_ID:
        raise Refusal("not_found", message="delivery: there is no delivery of that number")
    return DeliveryId(delivery)


def _wrong(message: str) -> Refusal:
    return Refusal("invalid_request", message=message)
