"""`/api/admin/keys`: Limi's own keys."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.features.api_keys.model import IssuedKey, KeyID, NewKey
from limi.features.api_keys.service import ApiKeyService
from limi.http.admin.answers import IssuedKeyAnswer, KeyAnswer, KeysAnswer
from limi.http.admin.desk import NO_STORE, FrontDesk, cut, route
from limi.http.admin.requests import CreateKeyRequest, ListKeysQuery, NoQuery, RotateKeyRequest, given
from limi.kernel.clock import Clock

__all__ = ["KeyRoutes"]

_PATH = "/api/admin/keys"


class KeyRoutes:
    """The handlers, given the service."""

    def __init__(self, *, keys: ApiKeyService, desk: FrontDesk, clock: Clock) -> None:
        self._keys = keys
        self._desk = desk
        self._clock = clock

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        one = f"{_PATH}/{{key:str}}"
        return (
            get(_PATH, **route("ListKeys", "List keys", query=ListKeysQuery))(self._list),
            post(_PATH, **route("CreateKey", "Make a key", body=CreateKeyRequest, changes=True))(self._create),
            get(one, **route("GetKey", "Show a key", "not_found"))(self._get),
            post(
                f"{one}/rotate",
                status_code=200,
                **route("RotateKey", "Give a key another token", "not_found", body=RotateKeyRequest, changes=True),
            )(self._rotate),
            post(f"{one}/revoke", status_code=200, **route("RevokeKey", "End a key", "not_found", changes=True))(
                self._revoke
            ),
        )

    async def _list(self, request: Request[Any, Any, Any]) -> Response[KeysAnswer]:
        """List keys, the oldest first: all of them, or those of a tenant. Never a key's token."""
        visit, query = await self._desk.admit(request, ListKeysQuery)
        after = given(query.after)
        found = await self._keys.list(
            by=visit.principal,
            tenant=given(query.tenant),
            after=None if after is None else KeyID(after),
            limit=query.limit + 1,
        )
        page, more = cut(found, query.limit)
        answers = [KeyAnswer.of(key, now=self._clock.now()) for key in page]
        return Response(KeysAnswer(keys=answers, next=page[-1].id if more else None), headers=NO_STORE)

    async def _create(self, request: Request[Any, Any, Any]) -> Response[IssuedKeyAnswer]:
        """Make a key and show its token, this once. Nobody makes a key that opens more than their own does."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, CreateKeyRequest)
        issued = await self._keys.create(_new_key(wish), by=visit.principal, origin=visit.origin)
        return Response(self._issued(issued), status_code=201, headers=NO_STORE)

    async def _get(self, request: Request[Any, Any, Any], key: FromPath[str]) -> Response[KeyAnswer]:
        """Show a key without its token."""
        visit, _ = await self._desk.admit(request, NoQuery)
        found = await self._keys.get(KeyID(key), by=visit.principal)
        return Response(KeyAnswer.of(found, now=self._clock.now()), headers=NO_STORE)

    async def _rotate(self, request: Request[Any, Any, Any], key: FromPath[str]) -> Response[IssuedKeyAnswer]:
        """Give a key another token and show it, this once; the one before works for the overlap only."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, RotateKeyRequest)
        issued = await self._keys.rotate(
            KeyID(key), overlap_seconds=wish.overlap_seconds, by=visit.principal, origin=visit.origin
        )
        return Response(self._issued(issued), headers=NO_STORE)

    async def _revoke(self, request: Request[Any, Any, Any], key: FromPath[str]) -> Response[KeyAnswer]:
        """End a key for ever. Ephemeral keys made with it live on upstream until they expire."""
        visit, _ = await self._desk.admit(request, NoQuery)
        revoked = await self._keys.revoke(KeyID(key), by=visit.principal, origin=visit.origin)
        return Response(KeyAnswer.of(revoked, now=self._clock.now()), headers=NO_STORE)

    def _issued(self, issued: IssuedKey) -> IssuedKeyAnswer:
        return IssuedKeyAnswer(key=KeyAnswer.of(issued.key, now=self._clock.now()), secret=issued.token.reveal())


def _new_key(wish: CreateKeyRequest) -> NewKey:
    return NewKey(
        name=wish.name,
        scopes=frozenset(wish.scopes),
        tenant=wish.tenant,
        origins=_names(wish.origins),
        models=_names(wish.models),
        profiles=_names(wish.profiles),
        max_ttl_seconds=wish.max_ttl_seconds,
        tokens_per_minute=wish.tokens_per_minute,
        expires_at=wish.expires_at.timestamp() if wish.expires_at else None,
    )


def _names(listed: list[str] | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(listed)
