"""Requests to go on in another protocol (RFC 9110 §7.8), of which WebSocket is the one that is spoken."""

from limi.http.asgi import Header, Scope, headers_of

__all__ = ["opens_websocket", "request_head", "without_upgrade"]


def opens_websocket(scope: Scope) -> bool:
    """Say whether this is a handshake: by GET, and not by HTTP/1.0 (RFC 6455 §4.1)."""
    headers = headers_of(scope)
    tokens = {token.strip() for token in headers.get(b"connection", b"").lower().split(b",")}
    is_get = scope["method"] == "GET" and scope["http_version"] == "1.1"
    return is_get and b"upgrade" in tokens and headers.get(b"upgrade", b"").lower() == b"websocket"


def request_head(scope: Scope, url: bytes, headers: list[Header]) -> bytes:
    """Return the head of a request as it may have been sent, with these headers."""
    line = f"{scope['method']} ".encode() + url + f" HTTP/{scope['http_version']}".encode()
    return b"\r\n".join((line, *(name + b": " + value for name, value in headers))) + b"\r\n\r\n"


def without_upgrade(headers: list[Header]) -> list[Header]:
    """Return `headers` as if nobody had asked for another protocol."""
    return [
        (name, _without_token(value) if name == b"connection" else value)
        for name, value in headers
        if name != b"upgrade"
    ]


def _without_token(connection: bytes) -> bytes:
    return b",".join(token for token in connection.split(b",") if token.strip().lower() != b"upgrade")
