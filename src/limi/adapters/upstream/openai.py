"""Speaks OpenAI's mint to upstream and turns whatever comes back into a key or the reason why there is none.

Wire shapes: https://developers.openai.com/api/reference/resources/realtime/subresources/client_secrets.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from limi.adapters.upstream.transports import Answer, Transport, TransportError
from limi.features.client_secrets.errors import (
    UpstreamAuthError,
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
from limi.features.client_secrets.model import ClientSecret
from limi.kernel.clock import Clock
from limi.kernel.secret import Secret

__all__ = ["OpenAIUpstream", "is_json_object", "reason_of"]

# Read once: in Python 3.11 naming the member costs more than comparing it.
_OK: Final = HTTPStatus.OK.value

_LONGEST_WAIT_MS: Final = 86_400_000
"""A day: what upstream asks beyond that is taken for a mistake of its clock."""


_LAST_MOMENT: Final = 253_402_300_799
"""The end of the year 9999, beyond which nothing here can write a date."""


# Bounded and without control characters: all of it goes into headers, log lines and the journal.
_NAME: Final = r"[\x21-\x7e]{1,200}\Z"
_Name = Annotated[str, msgspec.Meta(pattern=f"^{_NAME}")]
_is_name: Final = re.compile(_NAME).match
_is_key: Final = re.compile(r"ek_[\x21-\x7e]{1,500}\Z").match


class _Session(msgspec.Struct, frozen=True):
    id: str
    model: str | None = None


class _Secret(msgspec.Struct, frozen=True):
    """The answer to a mint. Its texts are matched afterwards: a pattern here is looked up by name each time."""

    value: str
    expires_at: Annotated[int, msgspec.Meta(ge=0, le=_LAST_MOMENT)]
    session: _Session


class _Refused(msgspec.Struct, frozen=True):
    """What may be repeated of an error body; its message may quote what was sent, and is not."""

    code: _Name | None = None
    param: _Name | None = None


class _ErrorBody(msgspec.Struct, frozen=True):
    error: _Refused


class OpenAIUpstream:
    """The `Upstream` port over a transport."""

    def __init__(
        self, *, transport: Transport, api_key: Secret, clock: Clock, observe: Callable[[float], None]
    ) -> None:
        """Keep the parts.

        Args:
            transport: how upstream is reached.
            api_key: the main key.
            clock: for dates in `retry-after`, and for measuring.
            observe: is told the seconds each mint took, whatever came of it.
        """
        self._transport = transport
        self._authorization = f"Bearer {api_key.reveal()}"
        self._clock = clock
        self._observe = observe
        self._decoder = msgspec.json.Decoder(_Secret)

    async def mint(self, body: bytes, *, safety_identifier: str) -> ClientSecret:
        """Ask for a key; see the port for what it raises."""
        headers = {
            "authorization": self._authorization,
            "content-type": "application/json",
            "openai-safety-identifier": safety_identifier,
        }
        started = self._clock.monotonic()
        try:
            answer = await self._transport.send("POST", "/realtime/client_secrets", headers=headers, body=body)
        except TransportError as exc:
            raise _failure(exc) from exc
        finally:
            self._observe(self._clock.monotonic() - started)
        if answer.status != _OK:
            raise self._refusal(answer)
        return self._read(answer)

    async def check(self) -> None:
        """List the models: it proves network and key, and costs nothing."""
        headers = {"authorization": self._authorization}
        try:
            answer = await self._transport.send("GET", "/models", headers=headers)
        except TransportError as exc:
            raise _failure(exc) from exc
        if answer.status != _OK:
            raise self._refusal(answer)
        if not is_json_object(answer):
            raise UpstreamError("upstream's answer is not one of the API", status=answer.status)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _refusal(self, answer: Answer) -> UpstreamError:
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return UpstreamAuthError("upstream refused the key", status=answer.status)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return UpstreamRateLimitedError(
                "upstream's own limit is met", retry_after_ms=self._retry_after_ms(answer)
            )
        return UpstreamError(f"upstream answered {answer.status}{reason_of(answer)}", status=answer.status)

    def _read(self, answer: Answer) -> ClientSecret:
        try:
            secret = self._decoder.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # The cause is dropped on purpose: its message could quote a body that holds a key.
            raise _no_secret() from None
        value, name, model = secret.value, secret.session.id, secret.session.model
        if not (_is_key(value) and _is_name(name) and (model is None or _is_name(model))):
            raise _no_secret()
        return ClientSecret(value=Secret(value), expires_at=secret.expires_at, session_id=name, model=model)

    def _retry_after_ms(self, answer: Answer) -> int | None:
        """Read `retry-after-ms`, else `retry-after` in seconds or as an HTTP date (RFC 9110 §10.2.3)."""
        wait = _number(answer.headers.get("retry-after-ms"))
        if wait is None and (text := answer.headers.get("retry-after")):
            seconds = _number(text)
            wait = self._until(text) if seconds is None else seconds * 1000
        return None if wait is None or not 0 <= wait <= _LONGEST_WAIT_MS else math.ceil(wait)

    def _until(self, date: str) -> float | None:
        try:
            moment = parsedate_to_datetime(date)
        except (ValueError, OverflowError):  # The latter for numbers beyond all measure.
            return None
        # HTTP dates are UTC even in the old form that does not say so (RFC 9110 §5.6.7).
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment.timestamp() - self._clock.now()) * 1000)


def _no_secret() -> UpstreamError:
    return UpstreamError("upstream's answer has not the shape of a client secret", status=200)


def _failure(error: TransportError) -> UpstreamError:
    return UpstreamTimeoutError(error.reason) if error.timed_out else UpstreamError(error.reason)


def is_json_object(answer: Answer) -> bool:
    """Say whether it is an answer of the API, and not a page of something that stands before it."""
    try:
        msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def reason_of(answer: Answer) -> str:
    """Return upstream's code and the member it complains of, which tell an operator what to mend.

    It begins with a colon, and is empty where upstream gave no such reason.
    """
    try:
        refused = msgspec.json.decode(answer.body, type=_ErrorBody).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    place = f" at {refused.param}" if refused.param else ""
    return f": {refused.code or 'no code'}{place}" if refused.code or place else ""


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
