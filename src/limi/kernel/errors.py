"""The error catalogue: one table that feeds error bodies, `GET /errors/{code}`, the reference guide and OpenAPI.

Codes, titles, statuses and times to wait are public promises. Client libraries raise the codes without a status
(`limi.kernel.client_errors`) themselves; they are in it so that a reader finds every code in one place.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from limi.kernel import error_texts as texts
from limi.kernel.client_errors import CLIENT_ENTRIES
from limi.kernel.error_entry import ErrorEntry

__all__ = ["CATALOGUE", "ErrorEntry"]


_ENTRIES: Final = (
    ErrorEntry(
        code="openai_auth_failed",
        status=500,
        title="Token Generation Failed",
        message="OpenAI API authentication failed",
        action="Check OPENAI_API_KEY configuration",
        retry_after_ms=5000,
        checks=(
            "OPENAI_API_KEY holds a key of the right project, without quotes or spaces.",
            "The key was not revoked at the provider.",
            "`limi doctor` says what upstream answers to the key.",
        ),
        example=texts.START_WITH_KEY,
    ),
    ErrorEntry(
        code="openai_rate_limited",
        status=429,
        title="Token Generation Failed",
        message="OpenAI API rate limit exceeded",
        action="Wait for the time in retryAfter, then repeat the request",
        retry_after_ms=60_000,
        checks=(
            "The provider's usage page shows how near the project is to its limits.",
            "Lower LIMI_TOKENS_PER_MINUTE so that callers are slowed before the provider slows everybody.",
        ),
        example=texts.WAIT_AND_REPEAT,
    ),
    ErrorEntry(
        code="openai_timeout",
        status=504,
        title="Token Generation Failed",
        message="OpenAI API request timeout",
        action="Retry request or check OpenAI status",
        retry_after_ms=5000,
        checks=(
            "The provider's status page.",
            "A proxy or firewall between Limi and upstream lets HTTPS through.",
            "LIMI_UPSTREAM_TIMEOUT_SECONDS is not too short for the distance.",
        ),
        example=texts.WAIT_AND_REPEAT,
    ),
    ErrorEntry(
        code="token_generation_failed",
        status=502,
        title="Token Generation Failed",
        message="Unable to generate ephemeral client secret",
        action="Retry, and look at `limi doctor` if it goes on",
        retry_after_ms=5000,
        checks=(
            "LIMI_UPSTREAM_URL ends in /v1 and names a server that speaks the Realtime API.",
            "The project may use the model that was asked for.",
            "The log's `mint.failed` line has the status upstream answered with.",
        ),
        example=texts.DOCTOR,
    ),
    ErrorEntry(
        code="invalid_request",
        status=400,
        title="Invalid Request",
        message="The request does not validate",
        action="Correct the member that the message names",
        checks=(
            "The message names the member and its rule.",
            "Members that the API does not know are refused, so look for spelling mistakes.",
        ),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="rate_limit_exceeded",
        status=429,
        title="Rate Limit Exceeded",
        message="Too many requests in the last 60 seconds",
        action="Wait for the time in retryAfter, then repeat the request",
        checks=(
            "Mint one key per conversation, just before connecting, not on every page view.",
            "Behind a proxy, LIMI_TRUSTED_PROXIES must name it, or all callers count as one.",
            "RateLimit-Limit says the limit that was met; LIMI_TOKENS_PER_MINUTE sets it.",
        ),
        example=texts.WAIT_AND_REPEAT,
    ),
    ErrorEntry(
        code="auth_required",
        status=401,
        title="Authentication Required",
        message="Valid API key required for this endpoint",
        action="Send `Authorization: Bearer <Limi API key>`",
        checks=(
            "The header is `Authorization: Bearer …` with a Limi key, never the OpenAI key.",
            "The key is complete: nothing was cut off when it was copied.",
            "Outside development callers without a key need LIMI_ALLOW_ANONYMOUS=true.",
        ),
        example=texts.MINT_WITH_KEY,
    ),
    ErrorEntry(
        code="forbidden",
        status=403,
        title="Forbidden",
        message="This caller may not do that",
        action="Use a key with the right scope, model and profile",
        checks=("The scope, model, profile or origin is one that the key allows.",),
        example=texts.MINT_WITH_KEY,
    ),
    ErrorEntry(
        code="tenant_suspended",
        status=403,
        title="Tenant Suspended",
        message="This tenant is suspended",
        action="Ask the operator of this server",
        checks=("An operator suspended the tenant; keys handed out before live until they expire.",),
        example=texts.MINT_WITH_KEY,
    ),
    ErrorEntry(
        code="host_not_allowed",
        status=400,
        title="Host Not Allowed",
        message="The Host header names a host this server does not answer for",
        action="Set LIMI_PUBLIC_URL or LIMI_ALLOWED_HOSTS",
        checks=(
            "LIMI_PUBLIC_URL is the URL that clients use.",
            "Further host names stand in LIMI_ALLOWED_HOSTS, separated by commas.",
        ),
        example=texts.ALLOW_HOST,
    ),
    ErrorEntry(
        code="not_found",
        status=404,
        title="Not Found",
        message="There is nothing at this path",
        action="See /docs for the paths that exist",
        checks=("Paths begin with /api; there is no trailing slash.",),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="method_not_allowed",
        status=405,
        title="Method Not Allowed",
        message="This path exists but not with this method",
        action="Use the method that the Allow header names",
        checks=("A key is minted with POST; health and stats are read with GET.",),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="idempotency_conflict",
        status=409,
        title="Idempotency Conflict",
        message="This Idempotency-Key was used with another body",
        action="Use a new Idempotency-Key for a new request",
        checks=("A repeat sends exactly the same bytes as the first request.",),
        example=texts.IDEMPOTENT_MINT,
    ),
    ErrorEntry(
        code="payload_too_large",
        status=413,
        title="Payload Too Large",
        message="The request body is larger than 64 KiB",
        action="Send a smaller body",
        checks=("Instructions belong into a profile on the server, not into the request.",),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="headers_too_large",
        status=431,
        title="Headers Too Large",
        message="The request's headers are larger than this server takes",
        action="Send fewer or shorter headers",
        checks=(
            "Cookies of other applications on the same host are not sent along.",
            "A proxy before Limi does not add large headers; LIMI_SERVER_MAX_HEAD_BYTES sets the bound.",
        ),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="unsupported_media_type",
        status=415,
        title="Unsupported Media Type",
        message="The request body must be application/json",
        action="Send `Content-Type: application/json`",
        checks=("The Content-Type header is application/json, with charset utf-8 or none.",),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="request_timeout",
        status=408,
        title="Request Timeout",
        message="The request body did not arrive in time",
        action="Send the whole body at once",
        checks=("Content-Length says as many bytes as are sent.",),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="audit_unavailable",
        status=503,
        title="Audit Unavailable",
        message="The journal cannot be written, so no key is handed out",
        action="Retry; the operator should check the database",
        retry_after_ms=5000,
        checks=(
            "The disk of the database has room and is writable.",
            "No other program holds a lock on the database.",
            "`limi doctor` writes to the database and says what happens.",
        ),
        example=texts.DOCTOR,
    ),
    ErrorEntry(
        code="access_unavailable",
        status=503,
        title="Access Unavailable",
        message="Keys, tenants or tokens cannot be checked now, so nobody is let in by them",
        action="Retry; the operator should check the database, and the issuer where tokens are used",
        retry_after_ms=5000,
        checks=(
            "The database answers: `limi doctor` reads it and says what happens.",
            "The server has reached the database within the last LIMI_ACCESS_STALE_SECONDS.",
            "For tokens of an issuer: the server reaches the issuer's keys.",
        ),
        example=texts.DOCTOR,
    ),
    ErrorEntry(
        code="analytics_unavailable",
        status=503,
        title="Analytics Unavailable",
        message="Events cannot be kept, or usage cannot be read, now",
        action="Send the same events again later; the operator should check the database",
        retry_after_ms=5000,
        checks=(
            "The disk of the database has room and is writable: `limi doctor` says what happens.",
            "Not more events come in than the database writes: see limi_analytics_queued in /metrics.",
        ),
        example=texts.REPORT,
    ),
    ErrorEntry(
        code="overloaded",
        status=503,
        title="Overloaded",
        message="Too many mints are in flight",
        action="Retry after a second",
        retry_after_ms=1000,
        checks=(
            "Upstream answers slowly: see the histogram limi_upstream_seconds in /metrics.",
            "LIMI_UPSTREAM_MAX_IN_FLIGHT is large enough for the load.",
        ),
        example=texts.WAIT_AND_REPEAT,
    ),
    ErrorEntry(
        code="internal_error",
        status=500,
        title="Internal Error",
        message="Something went wrong inside Limi",
        action="Report it with the requestId",
        checks=("The log has a line `request.crashed` with this requestId and the cause.",),
        example=texts.DOCTOR,
    ),
    *CLIENT_ENTRIES,
    ErrorEntry(
        code="unknown",
        title="Unknown Error",
        message="This code is not in the catalogue",
        action="Report it with the requestId",
        checks=(
            "Client and server are of versions that belong together.",
            "The requestId finds the server's log line.",
        ),
        example=texts.DOCTOR,
    ),
)

CATALOGUE: Final[Mapping[str, ErrorEntry]] = MappingProxyType({entry.code: entry for entry in _ENTRIES})
"""Every entry by its code."""
