"""What is sent to the backend and what its answers mean, without sending anything.

Both clients, the one with `await` and the one without, are shells around this file: they carry a `Request` to the
backend and an `Answer` back.
"""

import email.utils
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from limi_client._errors import APIResponseValidationError, LimiError, status_error_class
from limi_client._models import CallURLs, Capability, EphemeralKey, Health
from limi_client._version import VERSION

__all__ = ["MAX_ANSWER_BYTES", "Answer", "Backend", "Request", "read_accepted"]

MAX_ANSWER_BYTES: Final = 256 * 1024
"""Above every answer of the backend, which has some hundred bytes; more is somebody else's."""
_LONGEST_MILLISECONDS: Final = 86_400_000
"""A day; a server that names more is mistaken, and infinity is JSON to Python."""
_OK: Final = 200
_REFUSED: Final = 400
_UNAVAILABLE: Final = 503
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+\Z")
_SESSION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


@dataclass(frozen=True)
class Request:
    """One request to the backend."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names are lower case."""
    body: bytes = field(repr=False)


class Backend:
    """One backend: builds requests for it and reads its answers."""

    def __init__(self, url: str, api_key: str | None = None, *, client_name: str = "python") -> None:
        """Check the URL and the key; `origin` is what links to the pages of errors begin with.

        Args:
            url: Where the API is, for example `http://localhost:3001/api`; a slash at the end does not matter.
            api_key: A key of the backend (never OpenAI's); None for an anonymous caller.
            client_name: What the backend's log calls this client.

        Raises:
            ValueError: One of them cannot be right.
        """
        self.url = _checked_url(url)
        self.origin = self.url.removesuffix("/api")
        self._headers = {
            "accept": "application/json",
            "user-agent": f"limi-ai-client-python/{VERSION}",
            "x-limi-client": f"{client_name}/{VERSION}",
        }
        if api_key is not None:
            if not _VISIBLE.match(api_key):
                raise ValueError("api_key: must be visible ASCII characters without spaces")
            self._headers["authorization"] = f"Bearer {api_key}"

    def __repr__(self) -> str:
        return f"Backend({self.url!r})"

    def mint(
        self,
        *,
        idempotency_key: str,
        model: str | None = None,
        session_id: str | None = None,
        capabilities: Sequence[Capability] | None = None,
        profile: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Request:
        """Build `POST /client-secret`.

        Raises:
            ValueError: A member breaks its rule.
        """
        if session_id is not None and not _SESSION_ID.match(session_id):
            raise ValueError("session_id: must be 1–100 characters of A–Z a–z 0–9 _ -")
        if isinstance(capabilities, str):
            raise ValueError("capabilities: must be a list of names, not one name")  # noqa: TRY004 - as the rest
        members = {
            "model": model,
            "sessionId": session_id,
            "capabilities": list(capabilities) if capabilities is not None else None,
            "profile": profile,
            "variables": dict(variables) if variables is not None else None,
        }
        body = {name: value for name, value in members.items() if value is not None}
        return self.post("/client-secret", body, idempotency_key=idempotency_key)

    def post(self, path: str, body: object, *, idempotency_key: str | None = None) -> Request:
        """Build a request with a JSON body.

        Raises:
            ValueError: The idempotency key breaks its rule.
        """
        headers = {**self._headers, "content-type": "application/json"}
        if idempotency_key is not None:
            if not _VISIBLE.match(idempotency_key):
                raise ValueError("idempotency_key: must be visible ASCII characters without spaces")
            headers["idempotency-key"] = idempotency_key
        return Request("POST", self.url + path, headers, json.dumps(body).encode())

    def health(self) -> Request:
        """Build `GET /client-secret/health`."""
        return Request("GET", f"{self.url}/client-secret/health", self._headers)

    def failure(self, answer: Answer, *, now: float) -> LimiError | None:
        """Return the error that an answer is, or None for a good one.

        Args:
            answer: Whatever came back.
            now: Unix seconds, because `Retry-After` may name a date.
        """
        if answer.status < _REFUSED:
            return None
        body = _members(answer.body)
        kind = status_error_class(answer.status)
        code = _text(body, "code")
        if code is None:
            # A proxy, or another server: its page is no message for people, so the status has to do.
            return kind(
                "openai_client_secret_failed",
                message=f"Something else answered in the backend's place, with status {answer.status}",
                origin=self.origin,
                status_code=answer.status,
                request_id=answer.headers.get("x-request-id"),
                retry_after_seconds=_retry_after(body, answer.headers, now),
            )
        return kind(
            code,
            message=_text(body, "message"),
            hint=_text(body, "action"),
            reference=_text(body, "reference"),
            origin=self.origin,
            status_code=answer.status,
            request_id=_text(body, "requestId") or answer.headers.get("x-request-id"),
            retry_after_seconds=_retry_after(body, answer.headers, now),
        )

    def read_key(self, answer: Answer) -> EphemeralKey:
        """Read the answer to a mint.

        Raises:
            APIResponseValidationError: It holds no usable key.
        """
        body = _members(answer.body) if answer.status == _OK else {}
        value, urls = _text(body, "ephemeralKey"), body.get("urls")
        expires_at = body.get("expiresAt")
        if not isinstance(urls, dict) or isinstance(expires_at, bool) or not isinstance(expires_at, int):
            self._unusable(answer)
        texts = {name: _text(body, name) for name in ("sessionId", "model", "requestId")}
        webrtc, websocket = _text(urls, "webrtc"), _text(urls, "websocket")
        if value is None or webrtc is None or websocket is None or None in texts.values():
            self._unusable(answer)
        if not value.startswith("ek_"):
            # Never used and never shown: it may be somebody's main key.
            raise APIResponseValidationError(
                "ephemeral_key_invalid", origin=self.origin, status_code=answer.status, final=True
            )
        return EphemeralKey(
            ephemeral_key=value,
            expires_at=expires_at,
            session_id=texts["sessionId"] or "",
            model=texts["model"] or "",
            request_id=texts["requestId"] or "",
            urls=CallURLs(webrtc=webrtc, websocket=websocket),
            mode=_text(body, "mode") or "direct",
        )

    def read_health(self, answer: Answer) -> Health:
        """Read how the backend is; an unhealthy one answers 503, which is no error here.

        Raises:
            APIResponseValidationError: It is no health answer.
        """
        body = _members(answer.body) if answer.status in {_OK, _UNAVAILABLE} else {}
        status, accessible = _text(body, "status"), body.get("accessible")
        if status is None or not isinstance(accessible, bool):
            self._unusable(answer)
        return Health(
            status=status,
            accessible=accessible,
            response_time=_text(body, "responseTime") or "",
            request_id=_text(body, "requestId") or "",
            code=_text(body, "code"),
            message=_text(body, "message"),
        )

    def _unusable(self, answer: Answer) -> NoReturn:
        raise APIResponseValidationError(
            "openai_client_secret_failed",
            origin=self.origin,
            status_code=answer.status,
            request_id=answer.headers.get("x-request-id"),
            final=True,
        )


def read_accepted(answer: Answer) -> int:
    """Return how many reports were accepted; 0 where the answer does not say."""
    accepted = _members(answer.body).get("accepted")
    return accepted if isinstance(accepted, int) else 0


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("backend_url: must be an http or https URL such as http://localhost:3001/api")
    if parts.username or parts.password:
        raise ValueError("backend_url: must not hold a name or password; give api_key instead")
    if parts.query or parts.fragment:
        raise ValueError("backend_url: must end with its path, for example http://localhost:3001/api")
    return url.rstrip("/")


def _members(body: bytes) -> dict[str, Any]:
    # RecursionError: a body of nothing but brackets is short enough to arrive and deep enough to overflow.
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None


def _retry_after(body: Mapping[str, Any], headers: Mapping[str, str], now: float) -> float | None:
    """Return seconds: the body's milliseconds, else the header's seconds or date (RFC 9110, 10.2.3)."""
    milliseconds = body.get("retryAfter")
    if isinstance(milliseconds, int | float) and 0 < milliseconds <= _LONGEST_MILLISECONDS:
        return milliseconds / 1000
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - now)
    except (TypeError, ValueError):
        return None
