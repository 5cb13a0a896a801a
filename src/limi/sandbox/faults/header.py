"""Faults that a client asks for in a header of the very request they are to befall.

    X-Limi-Fault: refuse; status=429; retry_after_seconds=2, latency; ms=300

Members are those of a rule; `where` follows from the request and may be left out.
"""

from typing import Final

from limi.protocol.errors import InvalidValueError
from limi.sandbox.faults.rules import FaultRule, FaultRules, Place, What, parse_rule, place_of
from limi.sandbox.http.headers import Scope

__all__ = ["rules_of_request"]

_NAME: Final = b"x-limi-fault"
_FIELD: Final = "X-Limi-Fault"
_MOST: Final = 10
"""Rules that one request may bring along."""


def rules_of_request(scope: Scope, *, here: Place) -> FaultRules:
    """Return the rules that a request brings along; none is the usual case.

    Args:
        scope: The request or handshake.
        here: Where it goes.

    Raises:
        ProtocolError: A rule is wrong; `param` names the header and the member.
    """
    rules = FaultRules(limit=_MOST)
    for name, value in scope["headers"]:
        if name == _NAME:
            rules.hold(*(_rule(text, here) for text in value.decode("latin-1").split(",")))
    return rules


def _rule(text: str, here: Place) -> FaultRule:
    what, *members = (part.strip() for part in text.split(";"))
    if what not in set(What):
        known = ", ".join(What)
        raise InvalidValueError(_FIELD, f"Invalid value for '{_FIELD}': '{what}' is none of {known}.")
    wire: dict[str, object] = {"what": what, "where": place_of(What(what), here)}
    for member in members:
        name, equals, value = (part.strip() for part in member.partition("="))
        if not equals:
            raise InvalidValueError(_FIELD, f"Invalid value for '{_FIELD}': expected name=value, got '{member}'.")
        wire[name] = _number(value)
    return parse_rule(wire, at=_FIELD)


def _number(value: str) -> object:
    """Return a number where there is one; no member takes a text that looks like one."""
    for type_ in (int, float):
        try:
            return type_(value)
        except ValueError:
            continue
    return value
