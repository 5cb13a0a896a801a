"""Endpoints as operators see them: made, changed, tested, and what was sent to them."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import partial

import msgspec

from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.errors import (
    EndpointConflictError,
    EndpointNotFoundError,
    InvalidEndpointError,
    TooManyEndpointsError,
)
from limi.features.webhooks.model import (
    Attempt,
    DeliveryId,
    DeliveryQuery,
    DeliverySummary,
    DisabledReason,
    Endpoint,
    EndpointChanges,
    EndpointId,
    EndpointStatus,
    IssuedEndpoint,
    NewEndpoint,
    OneDelivery,
    Replay,
    SealedSecret,
    Window,
)
from limi.features.webhooks.ports import DeliveryStore, EndpointStore, KnownTenants
from limi.features.webhooks.rules import MAX_OVERLAP_SECONDS, WEBHOOK_RULES, check_endpoint
from limi.features.webhooks.signing import SecretVault, make_secret
from limi.kernel.changes import Changes
from limi.kernel.clock import Clock
from limi.kernel.facts import (
    Fact,
    Origin,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookReplayed,
    WebhookRotated,
    WebhookTested,
    WebhookUpdated,
)
from limi.kernel.ids import Ids, sortable_id
from limi.kernel.journal import Journal
from limi.kernel.principal import SYSTEM, Principal
from limi.kernel.secret import Secret

__all__ = ["WebhookService"]


class WebhookService:
    """Makes and changes endpoints.

    Every change is recorded before it is made (`limi.kernel.changes`) and moves the revision in its transaction.
    Endpoints of a tenant are made and seen by callers of that tenant and by operators of all tenants only.
    """

    def __init__(
        self,
        *,
        endpoints: EndpointStore,
        deliveries: DeliveryStore,
        tenants: KnownTenants,
        changes: Changes,
        journal: Journal,
        changed: Callable[[], Awaitable[None]],
        vault: SecretVault,
        kinds: AbstractSet[AddressKind],
        max_per_tenant: int,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Keep the parts.

        Args:
            endpoints: where endpoints are kept.
            deliveries: where deliveries are kept.
            tenants: says which tenants are there.
            changes: records and makes changes.
            journal: where tests are recorded, which change nothing.
            changed: awaited after each change, so that this process knows of it before the caller does.
            vault: seals secrets.
            kinds: of addresses that endpoints may be at.
            max_per_tenant: endpoints that one tenant may have, and the operator.
            clock: time.
            ids: randomness.
        """
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._tenants = tenants
        self._changes = changes
        self._journal = journal
        self._changed = changed
        self._vault = vault
        self._kinds = kinds
        self._max_per_tenant = max_per_tenant
        self._clock = clock
        self._ids = ids

    async def create(self, new: NewEndpoint, *, by: Principal, origin: Origin) -> IssuedEndpoint:
        """Make an endpoint; one that a tenant's caller makes is that tenant's.

        Raises:
            InvalidEndpointError: a member breaks its rule.
            TooManyEndpointsError: the tenant has as many as it may.
            JournalUnavailableError: it could not be recorded, so it was not made.
            AccessUnavailableError: the store does not answer.
        """
        tenant = new.tenant if by.tenant is None else by.tenant
        check_endpoint(url=new.url, events=new.events, description=new.description, kinds=self._kinds)
        if new.tenant not in (None, tenant) or (tenant is not None and not await self._tenants.exists(tenant)):
            raise InvalidEndpointError(field="tenant", rule=WEBHOOK_RULES["tenant"])
        if await self._endpoints.count(tenant=tenant) >= self._max_per_tenant:
            raise TooManyEndpointsError(limit=self._max_per_tenant)
        now, secret, endpoint_id = self._clock.now(), make_secret(self._ids), _make_id(self._ids)
        endpoint = Endpoint(
            id=endpoint_id,
            url=new.url,
            tenant=tenant,
            events=new.events,
            description=new.description,
            secrets=(self._sealed(secret, endpoint_id, now),),
            created_at=now,
            updated_at=now,
        )
        await self._make(
            WebhookCreated, endpoint, partial(self._endpoints.add, endpoint), origin, _described(endpoint)
        )
        return IssuedEndpoint(endpoint=endpoint, secret=secret)

    async def get(self, endpoint_id: EndpointId, *, by: Principal) -> Endpoint:
        """Return an endpoint.

        Raises:
            EndpointNotFoundError: there is none of that id for `by`.
            AccessUnavailableError: the store does not answer.
        """
        found = await self._endpoints.get(endpoint_id)
        if found is None or by.tenant not in (None, found.tenant):
            raise EndpointNotFoundError(endpoint_id)
        return found

    async def list(
        self, *, by: Principal, tenant: str | None = None, after: EndpointId | None = None, limit: int = 100
    ) -> Sequence[Endpoint]:
        """Return up to `limit` endpoints that `by` may see, the oldest first, from the one that follows `after`.

        Args:
            by: who asks; a tenant's caller sees that tenant's endpoints only.
            tenant: only endpoints of this one.
            after: where the page before ended.
            limit: most endpoints to return.

        Raises:
            AccessUnavailableError: the store does not answer.
        """
        if by.tenant is not None and tenant not in (None, by.tenant):
            return ()
        return await self._endpoints.list(tenant=by.tenant or tenant, after=after, limit=limit)

    async def update(
        self, endpoint_id: EndpointId, changes: EndpointChanges, *, by: Principal, origin: Origin
    ) -> Endpoint:
        """Change where an endpoint is, what it is sent, or what is said of it.

        Raises:
            EndpointNotFoundError: there is none of that id for `by`.
            InvalidEndpointError: a member breaks its rule.
            EndpointConflictError: somebody else changed it at the same moment.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        before = await self.get(endpoint_id, by=by)
        asked = {name: getattr(changes, name) for name in EndpointChanges.__struct_fields__}
        given = {name: value for name, value in asked.items() if value is not msgspec.UNSET}
        endpoint = msgspec.structs.replace(before, **given, updated_at=self._clock.now())
        check_endpoint(
            url=endpoint.url, events=endpoint.events, description=endpoint.description, kinds=self._kinds
        )
        return await self._replace(WebhookUpdated, before, endpoint, origin, _described(endpoint))

    async def enable(self, endpoint_id: EndpointId, *, by: Principal, origin: Origin) -> Endpoint:
        """Send to a disabled endpoint again, from the next event on; what it missed can be replayed.

        Raises:
            WebhookError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        before = await self.get(endpoint_id, by=by)
        if before.enabled:
            return before
        endpoint = msgspec.structs.replace(
            before, status=EndpointStatus.ENABLED, disabled_reason=None, updated_at=self._clock.now()
        )
        return await self._replace(WebhookUpdated, before, endpoint, origin, "status=enabled")

    async def disable(self, endpoint_id: EndpointId, *, by: Principal, origin: Origin) -> Endpoint:
        """Send nothing more to an endpoint, and cancel what waits for it.

        Raises:
            WebhookError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        return await self._disable(await self.get(endpoint_id, by=by), DisabledReason.OPERATOR, origin)

    async def give_up(self, endpoint_id: EndpointId, reason: DisabledReason) -> Endpoint:
        """Disable an endpoint because of how it answers; nobody asked for it.

        Raises:
            WebhookError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        origin = Origin(request_id=self._ids.hex(16), caller=SYSTEM.caller)
        return await self._disable(await self.get(endpoint_id, by=SYSTEM), reason, origin)

    async def remove(self, endpoint_id: EndpointId, *, by: Principal, origin: Origin) -> Endpoint:
        """Remove an endpoint for ever, and cancel what waits for it; return what it was.

        Raises:
            WebhookError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        endpoint = await self.get(endpoint_id, by=by)
        change = partial(self._endpoints.remove, endpoint_id)
        await self._make(WebhookDeleted, endpoint, change, origin, "")
        return endpoint

    async def rotate_secret(
        self, endpoint_id: EndpointId, *, overlap_seconds: int = 86_400, by: Principal, origin: Origin
    ) -> IssuedEndpoint:
        """Give an endpoint a new secret; for `overlap_seconds` deliveries are signed with the one before as well.

        A day of overlap is what a receiver needs to be changed without haste. A secret that was in its overlap
        already signs no more.

        Raises:
            WebhookError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
            raise InvalidEndpointError(field="overlap_seconds", rule=WEBHOOK_RULES["overlap_seconds"])
        before, now = await self.get(endpoint_id, by=by), self._clock.now()
        secret = make_secret(self._ids)
        newest = msgspec.structs.replace(before.secrets[0], expires_at=now + overlap_seconds)
        secrets = (self._sealed(secret, endpoint_id, now), *((newest,) if overlap_seconds else ()))
        endpoint = msgspec.structs.replace(before, secrets=secrets, updated_at=now)
        await self._replace(WebhookRotated, before, endpoint, origin, f"overlap_seconds={overlap_seconds}")
        return IssuedEndpoint(endpoint=endpoint, secret=secret)

    async def test(self, endpoint_id: EndpointId, *, by: Principal, origin: Origin) -> str:
        """Have a test event sent to one endpoint, whatever it is sent else; return the event's id.

        Raises:
            EndpointNotFoundError: there is none of that id for `by`.
            InvalidEndpointError: the endpoint is disabled.
            JournalUnavailableError: it could not be recorded, so nothing will be sent.
            AccessUnavailableError: the store does not answer.
        """
        endpoint = await self.get(endpoint_id, by=by)
        if not endpoint.enabled:
            raise InvalidEndpointError(field="id", rule="is disabled; enable it first")
        # Another process may have made it a moment ago.
        await self._changed()
        now = self._clock.now()
        fact = WebhookTested(
            id=sortable_id(self._ids, now),
            at=now,
            origin=msgspec.structs.replace(origin, tenant=endpoint.tenant),
            subject=f"webhook:{endpoint_id}",
        )
        await self._journal.record(fact)
        return fact.id

    async def deliveries(
        self, query: DeliveryQuery, *, by: Principal, before: DeliveryId | None = None, limit: int = 100
    ) -> Sequence[DeliverySummary]:
        """Return up to `limit` deliveries to an endpoint, the newest first, from the one that follows `before`.

        Raises:
            EndpointNotFoundError: there is none of that id for `by`.
            AccessUnavailableError: the store does not answer.
        """
        await self.get(query.endpoint, by=by)
        return await self._deliveries.deliveries(query, before=before, limit=limit)

    async def attempts(
        self, endpoint_id: EndpointId, delivery_id: DeliveryId, *, by: Principal
    ) -> Sequence[Attempt]:
        """Return the attempts of a delivery to an endpoint in order; none of a delivery to another endpoint.

        Raises:
            EndpointNotFoundError: there is none of that id for `by`.
            AccessUnavailableError: the store does not answer.
        """
        await self.get(endpoint_id, by=by)
        return await self._deliveries.attempts(delivery_id, endpoint=endpoint_id)

    async def replay(self, selection: Replay, *, by: Principal, origin: Origin) -> int:
        """Send again what `selection` names, with the same ids and a schedule that begins anew; return how many.

        Raises:
            EndpointNotFoundError: there is none of that id for `by`.
            InvalidEndpointError: the endpoint is disabled.
            JournalUnavailableError: it could not be recorded, so nothing is sent again.
            AccessUnavailableError: the store does not answer, and some may be sent again.
        """
        endpoint = await self.get(selection.endpoint, by=by)
        if not endpoint.enabled:
            raise InvalidEndpointError(field="id", rule="is disabled; enable it first")
        replayed = 0

        async def replay() -> bool:
            nonlocal replayed
            replayed = await self._deliveries.replay(selection, now=self._clock.now())
            return True

        await self._changes.make(
            WebhookReplayed,
            replay,
            origin=origin,
            tenant=endpoint.tenant,
            subject=f"webhook:{endpoint.id}",
            detail=_selected(selection),
        )
        return replayed

    async def _disable(self, before: Endpoint, reason: DisabledReason, origin: Origin) -> Endpoint:
        if not before.enabled:
            return before
        endpoint = msgspec.structs.replace(
            before, status=EndpointStatus.DISABLED, disabled_reason=reason, updated_at=self._clock.now()
        )
        await self._replace(WebhookDisabled, before, endpoint, origin, f"reason={reason}")
        # Whoever claims would cancel it as well; this shows it to the operator at once.
        await self._deliveries.cancel(endpoint.id)
        return endpoint

    async def _replace(
        self, kind: type[Fact], before: Endpoint, endpoint: Endpoint, origin: Origin, detail: str
    ) -> Endpoint:
        change = partial(self._endpoints.update, endpoint, before=before)
        await self._make(kind, endpoint, change, origin, detail)
        return endpoint

    async def _make(
        self,
        kind: type[Fact],
        endpoint: Endpoint,
        change: Callable[[], Awaitable[bool]],
        origin: Origin,
        detail: str,
    ) -> None:
        made = await self._changes.make(
            kind, change, origin=origin, tenant=endpoint.tenant, subject=f"webhook:{endpoint.id}", detail=detail
        )
        if not made:
            raise EndpointConflictError(endpoint.id)
        await self._changed()

    def _sealed(self, secret: Secret, endpoint_id: EndpointId, now: float) -> SealedSecret:
        return SealedSecret(sealed=self._vault.seal(secret, endpoint=endpoint_id), created_at=now)


def _make_id(ids: Ids) -> EndpointId:
    """Return a new id with 80 random bits to base 32, so none is ever made twice."""
    return EndpointId("whe_" + base64.b32encode(bytes.fromhex(ids.hex(20))).decode().lower())


def _described(endpoint: Endpoint) -> str:
    """Say where to and what, without the URL's path and query, which may hold a secret of the receiver's."""
    place = "/".join(endpoint.url.split("/", 3)[:3]).partition("?")[0]
    return f"url={place}, events={'|'.join(sorted(endpoint.events)) or 'all'}"


def _selected(selection: Replay) -> str:
    """Say what is sent again."""
    if isinstance(selection, OneDelivery):
        return f"delivery={selection.delivery}"
    if isinstance(selection, Window):
        since, until = (datetime.fromtimestamp(at, UTC).isoformat() for at in (selection.since, selection.until))
        return f"since={since}, until={until}"
    return "all failed"
