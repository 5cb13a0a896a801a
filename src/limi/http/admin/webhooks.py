"""`/api/admin/webhooks`: who is told of what happens. What was sent to them is in `deliveries.py`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from litestar import Request, Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from limi.features.webhooks.model import Endpoint, EndpointChanges, EndpointId, IssuedEndpoint, NewEndpoint
from limi.features.webhooks.service import WebhookService
from limi.http.admin.desk import NO_STORE, FrontDesk, cut, route
from limi.http.admin.requests import NoQuery, given
from limi.http.admin.webhook_answers import IssuedWebhookAnswer, TestAnswer, WebhookAnswer, WebhooksAnswer
from limi.http.admin.webhook_requests import (
    CreateWebhookRequest,
    ListWebhooksQuery,
    RotateWebhookRequest,
    UpdateWebhookRequest,
)
from limi.kernel.clock import Clock

__all__ = ["ONE_WEBHOOK", "WebhookRoutes"]

_PATH: Final = "/api/admin/webhooks"
ONE_WEBHOOK: Final = f"{_PATH}/{{webhook:str}}"
"""The path of one endpoint."""


class WebhookRoutes:
    """The handlers, given the service."""

    def __init__(self, *, webhooks: WebhookService, desk: FrontDesk, clock: Clock) -> None:
        self._webhooks = webhooks
        self._desk = desk
        self._clock = clock

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        return (
            get(_PATH, **route("ListWebhooks", "List webhook endpoints", query=ListWebhooksQuery))(self._list),
            post(
                _PATH,
                **route("CreateWebhook", "Make a webhook endpoint", body=CreateWebhookRequest, changes=True),
            )(self._create),
            get(ONE_WEBHOOK, **route("GetWebhook", "Show a webhook endpoint", "not_found"))(self._get),
            patch(
                ONE_WEBHOOK,
                **route(
                    "UpdateWebhook",
                    "Change a webhook endpoint",
                    "not_found",
                    body=UpdateWebhookRequest,
                    changes=True,
                ),
            )(self._update),
            delete(
                ONE_WEBHOOK,
                status_code=200,
                **route("DeleteWebhook", "Remove a webhook endpoint", "not_found", changes=True),
            )(self._delete),
            *self._actions(),
        )

    def _actions(self) -> Sequence[HTTPRouteHandler]:
        return (
            post(
                f"{ONE_WEBHOOK}/enable",
                status_code=200,
                **route("EnableWebhook", "Send to an endpoint again", "not_found", changes=True),
            )(self._enable),
            post(
                f"{ONE_WEBHOOK}/disable",
                status_code=200,
                **route("DisableWebhook", "Send nothing more to an endpoint", "not_found", changes=True),
            )(self._disable),
            post(
                f"{ONE_WEBHOOK}/rotate",
                status_code=200,
                **route(
                    "RotateWebhook",
                    "Give an endpoint another secret",
                    "not_found",
                    body=RotateWebhookRequest,
                    changes=True,
                ),
            )(self._rotate),
            post(
                f"{ONE_WEBHOOK}/test",
                status_code=202,
                **route("TestWebhook", "Have a test event sent", "not_found", changes=True),
            )(self._test),
        )

    async def _list(self, request: Request[Any, Any, Any]) -> Response[WebhooksAnswer]:
        """List endpoints, the oldest first: all of them, or those of a tenant. Never a secret."""
        visit, query = await self._desk.admit(request, ListWebhooksQuery)
        after = given(query.after)
        found = await self._webhooks.list(
            by=visit.principal,
            tenant=given(query.tenant),
            after=None if after is None else EndpointId(after),
            limit=query.limit + 1,
        )
        page, more = cut(found, query.limit)
        answers = [WebhookAnswer.of(endpoint, now=self._clock.now()) for endpoint in page]
        return Response(WebhooksAnswer(webhooks=answers, next=page[-1].id if more else None), headers=NO_STORE)

    async def _create(self, request: Request[Any, Any, Any]) -> Response[IssuedWebhookAnswer]:
        """Make an endpoint and show its secret, this once. A tenant's caller makes that tenant's."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, CreateWebhookRequest)
        new = NewEndpoint(
            url=wish.url,
            tenant=wish.tenant,
            events=frozenset(wish.events or ()),
            description=wish.description,
        )
        return self._issued(await self._webhooks.create(new, by=visit.principal, origin=visit.origin), status=201)

    async def _get(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[WebhookAnswer]:
        """Show an endpoint without its secrets."""
        visit, _ = await self._desk.admit(request, NoQuery)
        return self._shown(await self._webhooks.get(EndpointId(webhook), by=visit.principal))

    async def _update(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[WebhookAnswer]:
        """Change the members that are given and leave the others as they are; events are said all anew."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, UpdateWebhookRequest)
        changes = EndpointChanges(url=wish.url, events=_types(wish.events), description=wish.description)
        changed = await self._webhooks.update(
            EndpointId(webhook), changes, by=visit.principal, origin=visit.origin
        )
        return self._shown(changed)

    async def _delete(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[WebhookAnswer]:
        """Remove an endpoint for ever and cancel what waits for it; the answer is what it was."""
        return await self._change(self._webhooks.remove, request, webhook)

    async def _enable(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[WebhookAnswer]:
        """Send to an endpoint again, from the next event on; what was cancelled can be replayed."""
        return await self._change(self._webhooks.enable, request, webhook)

    async def _disable(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[WebhookAnswer]:
        """Send nothing more to an endpoint and cancel what waits for it."""
        return await self._change(self._webhooks.disable, request, webhook)

    async def _rotate(
        self, request: Request[Any, Any, Any], webhook: FromPath[str]
    ) -> Response[IssuedWebhookAnswer]:
        """Give an endpoint another secret and show it, this once; both sign for the overlap, a day by default."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, RotateWebhookRequest)
        issued = await self._webhooks.rotate_secret(
            EndpointId(webhook), overlap_seconds=wish.overlap_seconds, by=visit.principal, origin=visit.origin
        )
        return self._issued(issued, status=200)

    async def _test(self, request: Request[Any, Any, Any], webhook: FromPath[str]) -> Response[TestAnswer]:
        """Have a `webhook.test` event sent to this endpoint, whatever it is sent else."""
        visit, _ = await self._desk.admit(request, NoQuery)
        message = await self._webhooks.test(EndpointId(webhook), by=visit.principal, origin=visit.origin)
        return Response(TestAnswer(message=message), status_code=202, headers=NO_STORE)

    async def _change(
        self, change: Callable[..., Awaitable[Endpoint]], request: Request[Any, Any, Any], webhook: str
    ) -> Response[WebhookAnswer]:
        visit, _ = await self._desk.admit(request, NoQuery)
        return self._shown(await change(EndpointId(webhook), by=visit.principal, origin=visit.origin))

    def _shown(self, endpoint: Endpoint) -> Response[WebhookAnswer]:
        return Response(WebhookAnswer.of(endpoint, now=self._clock.now()), headers=NO_STORE)

    def _issued(self, issued: IssuedEndpoint, *, status: int) -> Response[IssuedWebhookAnswer]:
        answer = IssuedWebhookAnswer.of(issued, now=self._clock.now())
        return Response(answer, status_code=status, headers=NO_STORE)


def _types(listed: list[str] | UnsetType | None) -> frozenset[str] | UnsetType:
    return UNSET if isinstance(listed, UnsetType) else frozenset(listed or ())
