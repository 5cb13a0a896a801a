"""What a caller is told of the window that its request was counted in."""

import math
from collections.abc import Iterable

from limi.features.rate_limits.model import Decision
from limi.http.asgi import Header
from limi.http.errors import Refusal
from limi.kernel.principal import Principal

__all__ = ["answer_headers", "headers_if_admitted", "rate_limit_headers", "too_many"]


def rate_limit_headers(decision: Decision) -> tuple[Header, ...]:
    """Return how the deciding window stands, in the fields of draft-ietf-httpapi-ratelimit-headers-07."""
    return (
        (b"ratelimit-limit", b"%d" % decision.limit),
        (b"ratelimit-remaining", b"%d" % decision.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(decision.reset_seconds)),
    )


def too_many(decision: Decision, *, headers: tuple[Header, ...] = (), by: Principal | None = None) -> Refusal:
    """Return the refusal of a request that was not admitted; `headers` and `by` are the refusal's."""
    wait = math.ceil(decision.reset_seconds * 1000)
    return Refusal("rate_limit_exceeded", retry_after_ms=wait, headers=headers, by=by)


def headers_if_admitted(decision: Decision, principal: Principal) -> tuple[Header, ...]:
    """Return the answer's headers where the request of `principal` was admitted.

    Raises:
        Refusal: `rate_limit_exceeded`, with the same headers, where it was not.
    """
    headers = rate_limit_headers(decision)
    if not decision.admitted:
        raise too_many(decision, headers=headers, by=principal)
    return headers


def answer_headers(headers: Iterable[Header]) -> dict[str, str]:
    """Return `headers` as the framework takes them, with one that has nobody keep the answer."""
    return {"cache-control": "no-store", **{name.decode(): value.decode() for name, value in headers}}
