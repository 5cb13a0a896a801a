"""What holds for every response: security headers, request id, the one error shape; and nothing makes it crash."""

import json

import pytest

from tests.integration.http.harness import MINT, OpenSite, Site, assert_error
from tests.integration.http.raw import HANDSHAKE, exchange

_SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def _request(method: str, path: str, *headers: bytes, body: bytes = b"") -> bytes:
    length = b"content-length: %d" % len(body)
    lines = [f"{method} {path} HTTP/1.1".encode(), b"host: localhost", *headers, *([length] if body else [])]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


RESPONSES = {
    "a page": ("GET", "/", {}, 200),
    "a mint": ("POST", MINT, {}, 200),
    "health": ("GET", f"{MINT}/health", {}, 200),
    "metrics": ("GET", "/metrics", {}, 200),
    "a refused host": ("GET", "/", {"host": "evil.example"}, 400),
    "a refused origin": ("GET", "/", {"origin": "https://evil.example"}, 403),
    "a refused key": ("POST", MINT, {"authorization": "Bearer no"}, 401),
    "a path that is not there": ("GET", "/nothing", {}, 404),
    "a wrong method": ("DELETE", "/healthz", {}, 405),
    "a preflight": (
        "OPTIONS",
        MINT,
        {"origin": "http://localhost", "access-control-request-method": "POST"},
        204,
    ),
    "a sandbox's answer": ("GET", "/sandbox/v1/models", {}, 401),
}


async def test_every_response_has_the_security_headers(opened: OpenSite) -> None:
    site = await opened(sandbox=True)
    for kind, (method, path, headers, status) in RESPONSES.items():
        response = await site.client.request(method, path, headers=headers)
        assert response.status_code == status, kind
        assert _SECURITY.items() <= dict(response.headers).items(), kind
        assert response.headers["x-request-id"], kind
        assert not {"server", "strict-transport-security"} & set(response.headers), kind


async def test_behind_https_browsers_are_told_to_stay_there(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_PUBLIC_URL": "https://voice.example.com"})
    assert (await site.get("/healthz")).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api/nothing", "/api/client-secret/nothing", "/errors/a/b", "/%00", f"{MINT}/"],
)
async def test_what_is_not_there_is_not_found(site: Site, path: str) -> None:
    body = assert_error(await site.get(path), "not_found", 404)
    assert body["reference"] == f"{site.url}/errors/not_found"


WRONG_METHODS = [
    ("GET", MINT, {"POST", "OPTIONS"}),
    ("PUT", MINT, {"POST", "OPTIONS"}),
    ("DELETE", MINT, {"POST", "OPTIONS"}),
    ("POST", f"{MINT}/health", {"GET", "OPTIONS"}),
    ("POST", "/healthz", {"GET", "OPTIONS"}),
    ("PATCH", "/openapi.json", {"GET", "OPTIONS"}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), WRONG_METHODS)
async def test_a_wrong_method_is_told_the_right_ones(
    site: Site, method: str, path: str, allowed: set[str]
) -> None:
    response = await site.client.request(method, path)
    assert_error(response, "method_not_allowed", 405)
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", [MINT, f"{MINT}/stats", "/healthz"])
async def test_options_tells_the_methods(site: Site, path: str) -> None:
    response = await site.client.options(path)
    assert (response.status_code, response.content) == (204, b"")
    assert "OPTIONS" in response.headers["allow"]
    assert "content-length" not in response.headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", f"{MINT}/health", "/metrics", "/openapi.json"])
async def test_whatever_can_be_got_has_a_head(site: Site, path: str) -> None:
    response = await site.client.head(path)
    assert (response.status_code, response.content) == (200, b"")


async def test_a_mint_has_no_head(site: Site) -> None:
    assert (await site.client.head(MINT)).status_code == 405
    assert not site.upstream.asked


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/realtime/client_secrets", "/sandbox/v1/nothing", "/sandbox/x"]
)
async def test_errors_where_sdks_call_have_openais_shape(site: Site, path: str) -> None:
    response = await site.client.post(path)
    assert response.status_code == 404
    error = {"message": "There is nothing at this path", "type": "invalid_request_error", "code": "not_found"}
    assert response.json() == {"error": {**error, "param": None}}


@pytest.mark.parametrize("path", ["/v1/realtime", MINT, "/healthz", "/nothing"])
async def test_where_there_is_no_socket_a_handshake_is_not_found(site: Site, path: str) -> None:
    answer = await exchange(site.address, _request("GET", path)[:-2] + HANDSHAKE + b"\r\n")
    assert answer.status == 404
    assert answer.headers["x-request-id"]
    body = json.loads(answer.body)
    assert (body["error"] if path.startswith("/v1/") else body)["code"] == "not_found"


ODDITIES = {
    "both lengths": _request("POST", MINT, b"transfer-encoding: chunked", body=b"{}"),
    "two lengths": _request("POST", MINT, b"content-length: 3", body=b"{}"),
    "a negative length": _request("POST", MINT, b"content-length: -1"),
    "a signed length": _request("POST", MINT, b"content-length: +2") + b"{}",
    "a length that is no number": _request("POST", MINT, b"content-length: two"),
    "a chunk size that is no number": _request("POST", MINT, b"transfer-encoding: chunked") + b"xx\r\n",
    "an unknown transfer coding": _request("POST", MINT, b"transfer-encoding: gzip"),
    "bare line feeds": b"GET /healthz HTTP/1.1\nhost: localhost\n\n",
    "a space before the colon": _request("GET", "/healthz", b"x-a : b"),
    "a folded header": _request("GET", "/healthz", b"x-a: b\r\n c"),
    "a NUL in a header": _request("GET", "/healthz", b"x-a: b\0c"),
    "a request id that breaks the line": _request("GET", "/healthz", b"x-request-id: a\rx-evil: b"),
    "a path that is too long": _request("GET", "/" + "a" * 70_000),
    "a hello of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no method": b"/ HTTP/1.1\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/1.0 without host": b"GET /healthz HTTP/1.0\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an upgrade to HTTP/2": _request("GET", "/healthz", b"upgrade: h2c", b"connection: upgrade"),
    "a proxy's request": _request("GET", "http://evil.example/"),
    "a tunnel": _request("CONNECT", "evil.example:443"),
    "an asterisk": _request("OPTIONS", "*"),
    "an unknown method": _request("BREW", "/"),
    "a path out of the root": _request("GET", "/errors/../../etc/passwd"),
    "an encoded path out of the root": _request("GET", "/errors/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
    "bytes in the path": _request("GET", "/errors/%00%ff%fe"),
    "a broken escape": _request("GET", "/errors/%zz"),
    "script in the path": _request("GET", "/errors/%3Cscript%3Ealert(1)%3C/script%3E"),
    "bytes in the headers": _request("POST", MINT, b"user-agent: \xff\xfe", b"x-limi-client: \xff"),
    "a handshake without a key": _request("GET", "/", b"upgrade: websocket", b"connection: upgrade"),
    "ten thousand headers": _request("GET", "/healthz", *[b"x-a: b"] * 10_000),
}


@pytest.mark.parametrize("kind", ODDITIES)
async def test_an_odd_request_neither_crashes_the_server_nor_says_how_it_works(site: Site, kind: str) -> None:
    answer = await exchange(site.address, ODDITIES[kind])
    assert answer.status < 500
    assert b"Traceback" not in answer.body
    assert b"<script>" not in answer.body
    assert b"root:" not in answer.body
    assert "x-evil" not in answer.headers
    assert (await site.get("/healthz")).json() == {"status": "alive"}


@pytest.mark.parametrize("kind", ["both lengths", "two lengths", "a folded header", "an unknown transfer coding"])
async def test_what_a_proxy_could_read_otherwise_is_refused(site: Site, kind: str) -> None:
    """Otherwise a second request could be smuggled past a proxy inside the first one's body."""
    assert (await exchange(site.address, ODDITIES[kind])).status == 400
    assert not site.upstream.asked
