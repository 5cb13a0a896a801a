"""An issuer of tokens, as a product with a login of its own has one: keys that rotate, and tokens good and bad."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.jwa import JWSAlgModel
from joserfc.util import json_b64encode, urlsafe_b64encode

from limi.adapters.oidc.key_source import FetchError
from limi.kernel.clock import Clock, SystemClock

__all__ = ["FakeIssuer", "SigningKey", "make_key"]

SigningKey = jwk.RSAKey | jwk.ECKey | jwk.OKPKey

_DISCOVERY: Final = "/.well-known/openid-configuration"
_JWKS: Final = "/keys"


class FakeIssuer:
    """Signs tokens and publishes its keys, in process by `fetch` or over TLS by `running`."""

    def __init__(
        self, *, url: str = "https://login.test", audience: str = "limi", clock: Clock | None = None
    ) -> None:
        """Begin with one key, for ES256.

        Args:
            url: the issuer's name; `running` replaces it by the address it listens on.
            audience: whom tokens are for unless told otherwise.
            clock: time; the machine's unless given.
        """
        self.url = url
        self.audience = audience
        self.published: list[dict[str, Any]] = []
        """The key set, to be changed at will."""
        self.asked: list[str] = []
        """Paths that were asked for."""
        self.down = False
        """Whether nothing is answered."""
        self.gate: asyncio.Event | None = None
        """While set to an event that is not, answers wait."""
        self._clock = clock or SystemClock()
        self._count = 0
        self.key = self.rotate()
        """The key that signs."""

    def rotate(self, algorithm: str = "ES256", *, keep: bool = False) -> SigningKey:
        """Sign with a new key from now on, and publish it; the old ones are withdrawn unless `keep` says so."""
        self._count += 1
        self.key, self.algorithm = make_key(algorithm), algorithm
        self.kid = f"key-{self._count}"
        self.published = [*(self.published if keep else []), self.describe(self.key, self.kid)]
        return self.key

    @staticmethod
    def describe(key: SigningKey, kid: str | None) -> dict[str, Any]:
        """Return the public half of a key as a key set has it."""
        return {**key.as_dict(private=False), "use": "sig", **({"kid": kid} if kid else {})}

    def claims(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - claims are anything
        """Return the claims of a good token with `changes`; None takes a claim away."""
        now = int(self._clock.now())
        claims = {"iss": self.url, "aud": self.audience, "sub": "user-1", "iat": now, "exp": now + 300, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        payload: bytes | None = None,
        **changes: Any,  # noqa: ANN401 - claims are anything
    ) -> str:
        """Return a token that is good but for what is changed.

        Args:
            header: members to change; None takes one away.
            key: who signs, if not the current key.
            payload: what is signed, if not claims.
            changes: claims to change.
        """
        members = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **(header or {})}
        members = {name: value for name, value in members.items() if value is not None}
        body = json.dumps(self.claims(**changes)).encode() if payload is None else payload
        signing_input = json_b64encode(members) + b"." + urlsafe_b64encode(body)
        signature = _algorithm(self.algorithm).sign(signing_input, key or self.key)
        return (signing_input + b"." + urlsafe_b64encode(signature)).decode()

    async def fetch(self, url: str) -> bytes:
        """Answer in process; a `Fetch` of `limi.adapters.oidc.key_source`.

        Raises:
            FetchError: the issuer is down, or the URL is not one of its two.
        """
        self.asked.append(url.removeprefix(self.url))
        if self.gate is not None:
            await self.gate.wait()
        body = None if self.down else self._body(url.removeprefix(self.url))
        if body is None:
            raise FetchError("the issuer did not answer")
        return body

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext) -> AsyncIterator["FakeIssuer"]:
        """Listen on a free port of 127.0.0.1 with the certificate of `tls`."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls)
        self.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    def _body(self, path: str) -> bytes | None:
        if path == _DISCOVERY:
            return json.dumps({"issuer": self.url, "jwks_uri": self.url + _JWKS}).encode()
        return json.dumps({"keys": self.published}).encode() if path == _JWKS else None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            self.asked.append(path)
            body = None if self.down else self._body(path)
            status = "503 Unavailable" if body is None else "200 OK"
            head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body or b'')}\r\nconnection: close\r\n\r\n"
            writer.write(head.encode() + (body or b""))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def make_key(algorithm: str) -> SigningKey:
    """Return a new key for an algorithm."""
    if algorithm == "EdDSA":
        return jwk.OKPKey.generate_key("Ed25519")
    if algorithm.startswith("ES"):
        return jwk.ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm])
    return jwk.RSAKey.generate_key(2048)


def _algorithm(name: str) -> JWSAlgModel:
    # Not by the registry's method, which warns of the name EdDSA.
    return jws.JWSRegistry.algorithms[name]
