"""Short answers in JSON, given without the web framework: to a request, or to a handshake that is refused."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from limi.sandbox.http.headers import Scope
from limi.sandbox.transports.websocket import Receive, Send

__all__ = ["answer"]

_DENIAL: Final = "websocket.http.response"
_POLICY_VIOLATION: Final = 1008


async def answer(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    status: int,
    body: Any,  # noqa: ANN401 - whatever can be JSON
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer a request or a handshake with a status and a JSON body; with no body at all for None."""
    is_handshake = scope["type"] == "websocket"
    if is_handshake:
        await receive()
        if _DENIAL not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
            return
    content = b"" if body is None else msgspec.json.encode(body)
    all_headers = [
        (b"content-length", str(len(content)).encode()),
        *headers,
    ]
    if content:
        all_headers.append((b"content-type", b"application/json"))
    kind = _DENIAL if is_handshake else "http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": all_headers})
    await send({"type": f"{kind}.body", "body": content})
