"""What a request of the framework's routes brings, body and query, as one struct each with its rules in words.

A struct says everything once: its types decode, the `description` of each member is the rule that an error names,
and the API's description is made from it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from limi.http.asgi import Receive, headers_of, scope_of
from limi.http.bodies import ClientGoneError, is_json, read_body
from limi.http.deadlines import Deadlines
from limi.http.errors import Refusal

__all__ = ["INPUTS", "InputReader", "Inputs", "decode_body", "decode_query", "rules_of"]

INPUTS: Final = "limi.inputs"
"""The name under which a route's handler says what it reads (Litestar's `opt`)."""

_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_PLACE: Final = re.compile(r"at `(?:key in )?`?\$\.(?P<name>[A-Za-z]+)(?P<rest>[^`]*)")
_INNER: Final = re.compile(r"\.(?P<name>[A-Za-z]+)\Z")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_SENT: Final = re.compile(r"value '.*'", re.DOTALL)
_LONGEST_WORDS: Final = 200
_LONGEST_NAME: Final = 100
"""Characters of a member's name that are repeated to whoever sent it."""
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
            raise _invalid("", "the body ended before its end") from None
        if (body or content_type) and not is_json(content_type):
            raise Refusal("unsupported_media_type")
        return decode_body(body, kind)


def decode_body(body: bytes, kind: type[_Struct]) -> _Struct:
    """Return a body as a `kind`.

    Raises:
        Refusal: `invalid_request`.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as exc:
        raise _explain(str(exc), kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _invalid("", "the body must be JSON in UTF-8") from None


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
        raise _invalid("", "the query must be `name=value` pairs in percent-encoded UTF-8") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise _invalid(name, "is given twice")
        given[name] = value
    numbers = _numbers(kind)
    values = {
        name: int(value) if name in numbers and _NUMBER.fullmatch(value) else value
        for name, value in given.items()
    }
    try:
        return msgspec.convert(values, type=kind)
    except msgspec.ValidationError as exc:
        raise _explain(str(exc), kind) from None


@cache
def rules_of(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the rule of each member of `kind` by the name it has in JSON."""
    hints = get_type_hints(kind, include_extras=True)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return {name: _description(hints[field]) for field, name in names}


@cache
def _numbers(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of the members that are whole numbers."""
    hints = get_type_hints(kind)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return frozenset(name for field, name in names if int in (hints[field], *get_args(hints[field])))


def _description(hint: Any) -> str:  # noqa: ANN401 - whatever stands in an annotation
    """Return the first description in an annotation, outside in.

    One that begins with a capital is a sentence about the member, as settings have, and no rule.
    """
    if get_origin(hint) is Annotated:
        described = (arg.description or "" for arg in get_args(hint)[1:] if isinstance(arg, msgspec.Meta))
        if found := next(filter(None, described), None):
            return "" if found[0].isupper() else found
    return next(filter(None, map(_description, get_args(hint))), "")


def _explain(message: str, kind: type[msgspec.Struct]) -> Refusal:
    """Say which member breaks which rule, without the value, which may be a secret."""
    rules = rules_of(kind)
    # msgspec's own words quote names and, of the values that were sent, only those of closed sets.
    words = _SENT.sub("value", message.partition(" - at ")[0])[:_LONGEST_WORDS]
    place = _PLACE.search(message)
    unknown, missing = _UNKNOWN.search(message), _MISSING.search(message)
    if place and (explained := _explain_inner(place, missing, kind)):
        return explained
    if place and place["name"] in rules:
        rule = rules[place["name"]]
        deeper = f" ({words})" if rule and (place["rest"] or unknown or missing) else ""
        return _invalid(place["name"], f"must be {rule}{deeper}" if rule else words)
    if unknown:
        return _invalid(unknown["name"][:_LONGEST_NAME], f"is not known here; there are {', '.join(rules)}")
    if missing and missing["name"] in rules:
        return _invalid(missing["name"], f"is required and must be {rules[missing['name']]}")
    return _invalid("", "the body must be a JSON object")


def _explain_inner(
    place: re.Match[str], missing: re.Match[str] | None, kind: type[msgspec.Struct]
) -> Refusal | None:
    """Say which member of a struct inside breaks its rule, None where the rule is not known."""
    rules = _inner_rules(kind)
    inner = _INNER.search(place["rest"])
    name = missing["name"] if missing else inner["name"] if inner else ""
    if not rules.get(name):
        return None
    path = place["name"] + (place["rest"] if missing is None else f"{place['rest']}.{name}")
    return _invalid(path, f"is required and must be {rules[name]}" if missing else f"must be {rules[name]}")


@cache
def _inner_rules(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the rules of the members of all structs that members of `kind` are made of."""
    found: dict[str, str] = {}
    for hint in get_type_hints(kind).values():
        for inner in _structs(hint):
            found |= rules_of(inner)
    return found


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:  # noqa: ANN401 - as above
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in get_args(hint):
        yield from _structs(part)


def _invalid(field: str, rule: str) -> Refusal:
    return Refusal("invalid_request", message=f"{field}: {rule}" if field else rule)
