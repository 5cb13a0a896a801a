"""From JSON to structs, and which member breaks which rule where one does not fit.

A struct says everything once: its types decode, the `description` of each member is the rule that an error names,
and the API's description is made from it. A member without such a rule has the one that its type makes.

The framework is not needed for it, so commands that read files use it too.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from limi.http.errors import Refusal
from limi.kernel.type_words import in_words, type_in_words

__all__ = ["decode_body", "explain", "explained", "invalid", "rules_of"]

_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_PLACE: Final = re.compile(r"at `(?:key in )?`?\$\.(?P<name>[A-Za-z_]+)(?P<rest>[^`]*)")
_INNER: Final = re.compile(r"\.(?P<name>[A-Za-z_]+)\Z")
_LONGEST_NAME: Final = 100
"""Characters of a member's name that are repeated to whoever sent it."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def decode_body(body: bytes, kind: type[_Struct]) -> _Struct:
    """Return a body as a `kind`.

    Raises:
        Refusal: `invalid_request`.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as exc:
        raise explained(str(exc), kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("", "the body must be JSON in UTF-8") from None


def explained(problem: str, kind: type[msgspec.Struct]) -> Refusal:
    """Return the refusal of what did not fit `kind`; `problem` is what msgspec said."""
    return invalid("", explain(problem, kind, whole="the body"))


def explain(problem: str, kind: type[msgspec.Struct], *, whole: str) -> str:
    """Say which member breaks which rule, without the value, which may be a secret.

    Args:
        problem: what msgspec said.
        kind: what was to be decoded.
        whole: what is called wrong where no member is.
    """
    rules = _all_rules(kind)
    place = _PLACE.search(problem)
    unknown, missing = _UNKNOWN.search(problem), _MISSING.search(problem)
    if place and (inner := _explain_inner(place, missing, kind)):
        return inner
    if place and place["name"] in rules:
        rule = rules[place["name"]]
        deeper = in_words(problem) if not rule or place["rest"] or unknown or missing else ""
        return f"{place['name']}: {_both(rule, deeper)}"
    if unknown:
        return f"{unknown['name'][:_LONGEST_NAME]}: is not known here; there are {', '.join(rules)}"
    if missing and missing["name"] in rules:
        return f"{missing['name']}: is required and must be {rules[missing['name']]}"
    return f"{whole} must be a JSON object"


def invalid(field: str, rule: str) -> Refusal:
    """Return an `invalid_request` that names a member, or none, and the rule."""
    return Refusal("invalid_request", message=f"{field}: {rule}" if field else rule)


@cache
def rules_of(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the rule of each member of `kind` by the name it has in JSON."""
    hints = get_type_hints(kind, include_extras=True)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return {name: _description(hints[field]) for field, name in names}


@cache
def _all_rules(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the rules of the members, with those that types make where no other is written."""
    made = {field.encode_name: type_in_words(field.type) for field in _fields(kind)}
    return {name: rule or made[name] for name, rule in rules_of(kind).items()}


def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.inspect.Field, ...]:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - what a struct's type is
    return info.fields


def _both(rule: str, deeper: str) -> str:
    if not rule:
        return deeper or "does not fit"
    return f"must be {rule} ({deeper})" if deeper else f"must be {rule}"


def _explain_inner(place: re.Match[str], missing: re.Match[str] | None, kind: type[msgspec.Struct]) -> str | None:
    """Say which member of a struct inside breaks its rule, None where the rule is not known."""
    rules = _inner_rules(kind)
    inner = _INNER.search(place["rest"])
    name = missing["name"] if missing else inner["name"] if inner else ""
    if not rules.get(name):
        return None
    path = place["name"] + (place["rest"] if missing is None else f"{place['rest']}.{name}")
    return f"{path}: {'is required and ' if missing else ''}must be {rules[name]}"


@cache
def _inner_rules(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the rules of the members of all structs that members of `kind` are made of."""
    found: dict[str, str] = {}
    for hint in get_type_hints(kind).values():
        for inner in _structs(hint):
            found |= _all_rules(inner)
    return found


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:  # noqa: ANN401 - as below
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in get_args(hint):
        yield from _structs(part)


def _description(hint: Any) -> str:  # noqa: ANN401 - whatever stands in an annotation
    """Return the first description in an annotation, outside in.

    One that begins with a capital is a sentence about the member, as settings have, and no rule.
    """
    if get_origin(hint) is Annotated:
        described = (arg.description or "" for arg in get_args(hint)[1:] if isinstance(arg, msgspec.Meta))
        if found := next(filter(None, described), None):
            return "" if found[0].isupper() else found
    return next(filter(None, map(_description, get_args(hint))), "")
