"""The client with `await`. `_sync_client.py` is made from this file by `scripts/unasync.py`: edit here only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx2

from limi_client._errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    LimiError,
)
from limi_client._exchange import MAX_ANSWER_BYTES, Answer, Backend, Request, read_accepted
from limi_client._models import Capability, EphemeralKey, Health
from limi_client._ports import SYSTEM, Ports
from limi_client._retry import NO_RETRIES, RetryPolicy
from limi_client.voice import VoiceOptions, VoiceSession

__all__ = ["AsyncLimiAIClient"]


class AsyncLimiAIClient:
    """Mints keys at a Limi backend and holds voice conversations with them.

    Make one and keep it: connections are kept open between requests. Close it with `async with` or `close()`.

    Example:
        async with AsyncLimiAIClient("http://localhost:3001/api") as client:
            key = await client.generate_ephemeral_key(model="gpt-realtime")
    """

    def __init__(
        self,
        backend_url: str,
        api_key: str | None = None,
        *,
        timeout: float = 15.0,
        max_retries: int = 2,
        max_retry_wait: float = 5.0,
        http_client: httpx2.AsyncClient | None = None,
        client_name: str = "python",
        ports: Ports = SYSTEM,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Open nothing yet.

        Args:
            backend_url: Where the backend's API is, for example `http://localhost:3001/api`.
            api_key: A key of the backend; None for an anonymous caller. Never OpenAI's key.
            timeout: Seconds for one try; the backend itself waits 10 for OpenAI, so less would give up early.
            max_retries: Repeats after a failure that may pass, each after the time that the backend asks for.
            max_retry_wait: Seconds. Where the backend asks for more, the error is raised at once instead.
            http_client: For proxies, certificates and pools of your own; it is yours to close. Unless given,
                proxies come from the usual environment variables (`HTTPS_PROXY`, `NO_PROXY`).
            client_name: What the backend's log calls this client.
            ports: Time, chance and identifiers; for tests.
            sleep: How to wait between two tries; for tests.

        Raises:
            ValueError: The URL or the key cannot be right.
        """
        self._backend = Backend(backend_url, api_key, client_name=client_name)
        self._timeout = timeout
        self._retries = RetryPolicy(max_retries=max_retries, max_wait_seconds=max_retry_wait)
        self._http = http_client or httpx2.AsyncClient(follow_redirects=False)
        self._http_is_own = http_client is None
        self._ports = ports
        self._sleep = sleep

    def __repr__(self) -> str:
        # Its key is not shown.
        return f"{type(self).__name__}({self._backend.url!r})"

    @property
    def backend_url(self) -> str:
        """Where the backend's API is, without a slash at the end."""
        return self._backend.url

    @property
    def origin(self) -> str:
        """What links to the pages of errors begin with."""
        return self._backend.origin

    async def __aenter__(self) -> "AsyncLimiAIClient":
        """Return this client, which is closed at the end of the block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close the connections; may be called twice. Conversations are closed by themselves, not by this."""
        if self._http_is_own:
            await self._http.aclose()

    async def generate_ephemeral_key(
        self,
        model: str | None = None,
        session_id: str | None = None,
        *,
        capabilities: Sequence[Capability] | None = None,
        profile: str | None = None,
        variables: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> EphemeralKey:
        """Mint a key for one conversation, just before it begins.

        Args:
            model: A public name or alias; the profile's model unless given.
            session_id: Your name for the conversation in the backend's records: 1–100 of `A–Z a–z 0–9 _ -`.
            capabilities: What the conversation is to be able to; the profile decides unless given.
            profile: The backend's named session configuration; `default` unless given.
            variables: What the profile's instructions have gaps for.
            idempotency_key: The same key of yours gives the same ephemeral key again. Unless given, each call has
                its own, so that the repeats of one call are safe.
            timeout: Seconds for one try of this call.

        Raises:
            APIStatusError: The backend refused; the subclass says why by its name, `code` exactly.
            APIConnectionError: It could not be reached, or (`APITimeoutError`) not in time.
            APIResponseValidationError: What answered is not Limi.
            ValueError: An argument breaks its rule.
        """
        request = self._backend.mint(
            idempotency_key=idempotency_key or self._ports.new_id(),
            model=model,
            session_id=session_id,
            capabilities=capabilities,
            profile=profile,
            variables=variables,
        )
        return self._backend.read_key(await self._send(request, self._retries, timeout))

    async def check_health(self, *, timeout: float | None = None) -> Health:
        """Ask whether keys can be minted now; nothing is repeated, because the question is about this moment.

        Raises:
            APIError: There is no health answer to be had.
        """
        answer = await self._exchange(self._backend.health(), timeout)
        try:
            return self._backend.read_health(answer)
        except APIResponseValidationError as unreadable:
            raise self._backend.failure(answer, now=self._ports.now()) or unreadable from None

    def create_voice_session(self, options: VoiceOptions | None = None, **changes: Any) -> VoiceSession:  # noqa: ANN401 - the members of VoiceOptions, which checks them
        """Prepare a conversation; it begins with its `async with` or `connect()`.

        Args:
            options: How it is to be.
            changes: Single members of `VoiceOptions`, in place of or on top of `options`.

        Raises:
            TypeError: `VoiceOptions` has no such member.
            ValueError: A member breaks its rule.
        """
        chosen = VoiceOptions.made_from(options, changes)
        self._backend.mint(idempotency_key="checked", **chosen.key_members())
        return VoiceSession(self, chosen)

    async def report_events(self, events: Sequence[Mapping[str, object]], *, timeout: float | None = None) -> int:
        """Send reports to `POST /analytics/events`, 100 at most; conversations do it by themselves.

        Returns:
            How many were accepted.

        Raises:
            APIError: They were not.
        """
        request = self._backend.post("/analytics/events", {"events": list(events)})
        return read_accepted(await self._send(request, NO_RETRIES, timeout))

    async def _send(self, request: Request, retries: RetryPolicy, timeout: float | None) -> Answer:
        """Send a request until it succeeds or a repeat makes no sense."""
        retries_done = 0
        while True:
            failure: LimiError | None
            try:
                answer = await self._exchange(request, timeout)
                failure = self._backend.failure(answer, now=self._ports.now())
                if failure is None:
                    return answer
            except APIError as exc:
                failure = exc
            wait = retries.wait_seconds(failure, retries_done=retries_done, chance=self._ports.chance())
            if wait is None:
                raise failure
            await self._sleep(wait)
            retries_done += 1

    async def _exchange(self, request: Request, timeout: float | None) -> Answer:
        """Send a request once.

        The library's time-outs are for each step, so the whole is watched here as well: an answer that trickles in
        would otherwise hold the caller for ever.
        """
        seconds = self._timeout if timeout is None else timeout
        deadline = self._ports.monotonic() + seconds
        try:
            async with self._http.stream(
                request.method,
                request.url,
                headers={**request.headers, "accept-encoding": "identity"},
                content=request.body or None,
                timeout=seconds,
            ) as response:
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise APIResponseValidationError(
                            "openai_client_secret_failed",
                            origin=self._backend.origin,
                            status_code=response.status_code,
                        )
                    if self._ports.monotonic() > deadline:
                        raise self._timed_out(seconds)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, headers, bytes(body))
        except httpx2.TimeoutException as exc:
            raise self._timed_out(seconds) from exc
        except (httpx2.TransportError, httpx2.InvalidURL) as exc:
            raise APIConnectionError(
                "network_error",
                message=f"Cannot reach the backend at {self._backend.origin}: {exc}",
                origin=self._backend.origin,
            ) from exc

    def _timed_out(self, seconds: float) -> APITimeoutError:
        return APITimeoutError(
            "token_generation_timeout",
            message=f"The backend at {self._backend.origin} did not answer within {seconds:g} seconds",
            origin=self._backend.origin,
        )
