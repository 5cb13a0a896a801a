"""`/api/admin/usage`: how much the service was used, by whom, from what, and how it went."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from limi.features.analytics.model import Dimension
from limi.features.analytics.usage import Bucket, UsageService, UsageWish
from limi.http.admin import rules
from limi.http.admin.desk import NO_STORE, FrontDesk, route
from limi.http.admin.requests import given
from limi.http.admin.usage_answers import UsageAnswer, usage_csv
from limi.http.asgi import Scope, headers_of, scope_of
from limi.http.errors import Refusal
from limi.kernel.frontends import Frontend
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant

__all__ = ["UsageRoutes"]

_DIMENSIONS: Final = "|".join(Dimension)
_Group = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"^({_DIMENSIONS})(,({_DIMENSIONS})){{0,3}}\Z",
        description=f"some of {', '.join(Dimension)}, separated by commas",
    ),
]
_Bucket = Annotated[Bucket, msgspec.Meta(description=f"one of {', '.join(Bucket)}")]
_Frontend = Annotated[Frontend, msgspec.Meta(description=f"one of {', '.join(Frontend)}")]
_Format = Annotated[
    Literal["json", "csv"], msgspec.Meta(description="json or csv; what Accept asks for without it")
]
_Text = Annotated[
    str, msgspec.Meta(pattern=r"^[!-~]{1,100}\Z", description="a text of 1–100 visible ASCII characters")
]


class UsageParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is asked for."""

    since: rules.Moment | UnsetType = UNSET
    until: rules.Moment | UnsetType = UNSET
    bucket: _Bucket = Bucket.HOUR
    group: _Group | UnsetType = UNSET
    tenant: rules.TenantID | UnsetType = UNSET
    frontend: _Frontend | UnsetType = UNSET
    model: _Text | UnsetType = UNSET
    code: _Text | UnsetType = UNSET
    format: _Format | UnsetType = UNSET


class UsageRoutes:
    """The one handler."""

    def __init__(self, *, usage: UsageService, desk: FrontDesk) -> None:
        self._usage = usage
        self._desk = desk

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the route."""
        described = route("ReadUsage", "Read usage", "analytics_unavailable", query=UsageParameters, csv=True)
        return (get("/api/admin/usage", **described)(self._read),)

    async def _read(self, request: Request[Any, Any, Any]) -> Response[UsageAnswer]:
        """Count mints, connections and errors over time, by tenant, frontend, model or code.

        The scope is `stats` or `admin`; a tenant's caller sees that tenant's only. Usage is some seconds behind.
        """
        visit, asked = await self._desk.admit(request, UsageParameters, grant=Grant.STATS)
        answer = UsageAnswer.of(await self._usage.ask(_wish(asked, visit.principal)))
        headers = {**NO_STORE, "vary": "accept"}
        if not _wants_csv(asked, scope_of(request)):
            return Response(answer, headers=headers)
        headers["content-disposition"] = 'attachment; filename="usage.csv"'
        table = Response(usage_csv(answer), media_type="text/csv", headers=headers)
        # The description knows both kinds of answer; the type of a handler can say one.
        return cast("Response[UsageAnswer]", table)


def _wish(asked: UsageParameters, by: Principal) -> UsageWish:
    where = {
        Dimension.TENANT: _own_tenant(by, given(asked.tenant)),
        Dimension.FRONTEND: given(asked.frontend),
        Dimension.MODEL: given(asked.model),
        Dimension.CODE: given(asked.code),
    }
    since, until, group = given(asked.since), given(asked.until), given(asked.group)
    return UsageWish(
        bucket=asked.bucket,
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        group=tuple(map(Dimension, group.split(","))) if group else (),
        where={dimension: str(value) for dimension, value in where.items() if value is not None},
    )


def _own_tenant(by: Principal, asked: str | None) -> str | None:
    """Return whose usage is read; whoever belongs to a tenant reads that one's."""
    if by.tenant is not None and asked not in (None, by.tenant):
        raise Refusal("forbidden", message=f"tenant: must be `{by.tenant}`, the tenant of this caller")
    return by.tenant or asked


def _wants_csv(asked: UsageParameters, scope: Scope) -> bool:
    if asked.format is not UNSET:
        return asked.format == "csv"
    accepted = headers_of(scope).get(b"accept", b"").lower()
    return b"text/csv" in accepted and b"application/json" not in accepted
