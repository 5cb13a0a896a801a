"""What a request of the framework's routes brings, body and query, as one struct each with its rules in words.

`limi.http.decoding` says what does not fit.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar, cast, get_args, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from limi.http.asgi import Receive, headers_of, scope_of
from limi.http.bodies import ClientGoneError, is_json, read_body
from limi.http.deadlines import Deadlines
from limi.http.decoding import decode_body, explained, invalid
from limi.http.errors import Refusal

__all__ = ["INPUTS", "InputReader", "Inputs", "decode_query"]

INPUTS: Final = "limi.inputs"
"""The name under which a route's handler says what it reads (Litestar's `opt`)."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_MOST_PARAMETERS: Final = 50
"""Query parameters that are looked at; no route knows a third of them."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a route reads, for the API's description."""

    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    repeatable: bool = False
    """Whether it knows `Idempotency-Key`."""
    csv: bool = False
    """Whether it also answers with CSV."""


class InputReader:
    """Reads bodies within bounds of size and time."""

    def __init__(self, *, max_body_bytes: int, body_seconds: float) -> None:
        self._max_body_bytes = max_body_bytes
        self._deadlines = Deadlines(body_seconds)

    async def body(self, request: Request[Any, Any, Any], kind: type[_Struct]) -> _Struct:
        """Return the body as a `kind`; an empty one is an empty object.

        Raises:
            Refusal: `unsupported_media_type`, `payload_too_large`, `request_timeout`, or `invalid_request`, whose
                message names the member and its rule.
        """
        scope = scope_of(request)
        content_type = headers_of(scope).get(b"content-type")
        receive = cast("Receive", request.receive)
        try:
            body = await read_body(scope, receive, max_bytes=self._max_body_bytes, deadlines=self._deadlines)
        except ClientGoneError:
            # Nobody reads the answer; it only keeps a broken connection from counting as a crash.
            raise invalid("", "the body ended before its end") from None
        if (body or content_type) and not is_json(content_type):
            raise Refusal("unsupported_media_type")
        return decode_body(body, kind)


def decode_query(request: Request[Any, Any, Any], kind: type[_Struct]) -> _Struct:
    """Return the query's parameters as a `kind`, whole numbers read from their text.

    msgspec's own lax reading is not used: to it, a number is a time as well.

    Raises:
        Refusal: `invalid_request`, for a parameter that is unknown, given twice, or breaks its rule.
    """
    text: bytes = scope_of(request).get("query_string", b"")
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise invalid("", "the query must be `name=value` pairs in percent-encoded UTF-8") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise invalid(name, "is given twice")
        given[name] = value
    numbers = _numbers(kind)
    values = {
        name: int(value) if name in numbers and _NUMBER.fullmatch(value) else value
        for name, value in given.items()
    }
    try:
        return msgspec.convert(values, type=kind)
    except msgspec.ValidationError as exc:
        raise explained(str(exc), kind) from None


@cache
def _numbers(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of the members that are whole numbers."""
    hints = get_type_hints(kind)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return frozenset(name for field, name in names if int in (hints[field], *get_args(hints[field])))
