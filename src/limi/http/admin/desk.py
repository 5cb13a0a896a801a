"""What every operator's request passes first: who asks, whether they may, and what they ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request

from limi.http.asgi import scope_of
from limi.http.authentication import Authenticator
from limi.http.context import RequestContext, context_of
from limi.http.error_responses import error_responses
from limi.http.errors import Refusal
from limi.http.inputs import INPUTS, InputReader, Inputs, decode_query
from limi.kernel.facts import Origin
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant

__all__ = ["NO_STORE", "FrontDesk", "Visit", "cut", "route"]

NO_STORE: Final = {"cache-control": "no-store"}

_ALWAYS: Final = (
    "invalid_request",
    "auth_required",
    "forbidden",
    "tenant_suspended",
    "rate_limit_exceeded",
    "internal_error",
    "access_unavailable",
)
_WITH_BODY: Final = ("request_timeout", "payload_too_large", "unsupported_media_type")

_Query = TypeVar("_Query", bound=msgspec.Struct)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who may make it."""

    principal: Principal
    origin: Origin
    """Where it came from, for the facts that follow from it."""


class FrontDesk:
    """Lets operators in, with what they ask."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        reader: InputReader,
        keep_user_agent: bool,
    ) -> None:
        self._authenticator = authenticator
        self._keep_user_agent = keep_user_agent
        self.read_body = reader.body

    async def admit(
        self, request: Request[Any, Any, Any], query: type[_Query], *, grant: Grant = Grant.ADMIN
    ) -> tuple[Visit, _Query]:
        """Return who asks, and the query's parameters.

        Args:
            request: the request.
            query: the parameters it may have.
            grant: the scope that is needed; the admin scope holds every other.

        Raises:
            Refusal: `auth_required` or `forbidden` without that scope, `not_found` where the path names what
                nothing can be called, `invalid_request` where the query does not fit.
        """
        scope = scope_of(request)
        principal = await self._authenticator.require(scope, grant)
        if any("\0" in str(name) for name in scope.get("path_params", {}).values()):
            # PostgreSQL refuses a text with a NUL, which would be answered as a database that is away.
            raise Refusal("not_found")
        return Visit(principal, self._origin(context_of(scope), principal)), decode_query(request, query)

    def _origin(self, context: RequestContext, principal: Principal) -> Origin:
        return Origin(
            request_id=context.request_id,
            caller=principal.caller,
            tenant=principal.tenant,
            ip=context.ip,
            user_agent=context.user_agent if self._keep_user_agent else None,
        )


def route(
    operation_id: str,
    summary: str,
    *codes: str,
    body: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    changes: bool = False,
    csv: bool = False,
) -> dict[str, Any]:
    """Return what the framework is told of an operator's route beside its path.

    Args:
        operation_id: its name in the API's description.
        summary: what it does, in a few words.
        codes: errors it may answer with, beside those that follow from the rest.
        body: what it reads.
        query: the parameters it knows.
        changes: whether it changes anything, which has to be recorded first.
        csv: whether it also answers with CSV.
    """
    possible = [*_ALWAYS, *(_WITH_BODY if body else ()), *(("audit_unavailable",) if changes else ()), *codes]
    return {
        "operation_id": operation_id,
        "summary": summary,
        "tags": ["Administration"],
        "security": [{"key": []}],
        "responses": error_responses(possible),
        "opt": {INPUTS: Inputs(body=body, query=query, csv=csv)},
    }


def cut(items: Sequence[_Item], limit: int) -> tuple[Sequence[_Item], bool]:
    """Cut what was asked for with one more than `limit`, and say whether there was one more."""
    return items[:limit], len(items) > limit
