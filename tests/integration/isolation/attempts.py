"""What a curious tenant can ask for: every route of the operators, with ids of its own and of others."""

import re
from typing import Any, Final

import httpx

__all__ = ["BODIES", "ENDS", "OPERATIONS", "QUERIES", "REPLAYS", "known_by"]

OPERATIONS: Final = [
    ("GET", "/api/client-secret/stats"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/errors/session_ended"),
    ("GET", "/api/admin/keys"),
    ("POST", "/api/admin/keys"),
    ("GET", "/api/admin/keys/{key}"),
    ("POST", "/api/admin/keys/{key}/rotate"),
    ("POST", "/api/admin/keys/{key}/revoke"),
    ("GET", "/api/admin/tenants"),
    ("POST", "/api/admin/tenants"),
    ("GET", "/api/admin/tenants/{tenant}"),
    ("PATCH", "/api/admin/tenants/{tenant}"),
    ("DELETE", "/api/admin/tenants/{tenant}"),
    ("POST", "/api/admin/tenants/{tenant}/suspend"),
    ("POST", "/api/admin/tenants/{tenant}/resume"),
    ("GET", "/api/admin/profiles"),
    ("GET", "/api/admin/profiles/{name}"),
    ("GET", "/api/admin/profiles/{name}/versions"),
    ("PUT", "/api/admin/profiles/{name}"),
    ("DELETE", "/api/admin/profiles/{name}"),
    ("GET", "/api/admin/webhooks"),
    ("POST", "/api/admin/webhooks"),
    ("GET", "/api/admin/webhooks/{webhook}"),
    ("PATCH", "/api/admin/webhooks/{webhook}"),
    ("DELETE", "/api/admin/webhooks/{webhook}"),
    ("POST", "/api/admin/webhooks/{webhook}/disable"),
    ("POST", "/api/admin/webhooks/{webhook}/enable"),
    ("POST", "/api/admin/webhooks/{webhook}/rotate"),
    ("POST", "/api/admin/webhooks/{webhook}/test"),
    ("POST", "/api/admin/webhooks/{webhook}/replay"),
    ("GET", "/api/admin/webhooks/{webhook}/deliveries"),
    ("GET", "/api/admin/webhooks/{webhook}/deliveries/{delivery}/attempts"),
    ("POST", "/api/admin/webhooks/{webhook}/deliveries/{delivery}/replay"),
    ("GET", "/api/admin/audit"),
    ("GET", "/api/admin/stats"),
    ("GET", "/api/admin/usage"),
]
ENDS: Final = {
    ("POST", "/api/admin/keys/{key}/rotate"),
    ("POST", "/api/admin/keys/{key}/revoke"),
    ("DELETE", "/api/admin/webhooks/{webhook}"),
}
"""What would take from a tenant what it pries with."""
QUERIES: Final = [
    "",
    "tenant={tenant}",
    "after={key}",
    "caller=key:{key}",
    "subject=key:{key}",
    "subject=tenant:{tenant}",
    "event=token.generated&since=2000-01-01T00:00:00Z",
    "bucket=total&group=tenant,code&tenant={tenant}",
    "bucket=total&group=tenant,code&format=csv",
    "state=failed",
]
BODIES: Final[list[dict[str, Any]]] = [
    {},
    {"name": "ours", "scopes": ["admin"]},
    {"name": "ours", "tenant": "{tenant}"},
    {"id": "{tenant}"},
    {"overlapSeconds": 60},
    {"tokensPerMinute": 1},
    {"voice": "cedar"},
    {"url": "https://hooks.example/ours"},
    {"url": "https://hooks.example/ours", "tenant": "{tenant}"},
    {"description": "ours"},
]
REPLAYS: Final[list[dict[str, Any]]] = [{"failed": True}, {"since": "2000-01-01T00:00:00Z"}]
"""What can be asked of past deliveries."""

_VARYING: Final = "requestId|request_id|timestamp|uptime|id|seq|createdAt|token|prefix|hash|n"


def known_by(answer: httpx.Response, asked: dict[str, str]) -> str:
    """Return what an answer tells besides what was asked with, and what differs between any two answers."""
    text = answer.text
    for word in (asked["key"], asked["tenant"], asked["webhook"]):
        text = text.replace(word, "…")
    return re.sub(rf'"({_VARYING})": ?[^,}}]*', "", text)
