"""Decodes the body of a mint, and says of a wrong one which member breaks which rule."""

import re
from typing import Final

import msgspec

from limi.features.client_secrets.errors import InvalidMintError
from limi.features.client_secrets.model import MINT_RULES, MintRequest

__all__ = ["decode_mint"]

_DECODER: Final = msgspec.json.Decoder(MintRequest)
_EMPTY: Final = MintRequest()
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)
_PLACE: Final = re.compile(r"at `(?:key in )?`?\$\.(?P<name>[A-Za-z]+)")


def decode_mint(body: bytes) -> MintRequest:
    """Return the request; an empty body asks for everything by default.

    Raises:
        InvalidMintError: the body is no JSON object, or a member breaks its rule.
    """
    if not body:
        return _EMPTY
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError as exc:
        raise _explain(str(exc)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidMintError(field="", rule="the body must be JSON in UTF-8") from None


def _explain(message: str) -> InvalidMintError:
    if unknown := _UNKNOWN.search(message):
        members = ", ".join(MINT_RULES)
        return InvalidMintError(
            field=unknown["name"][:100], rule=f"is not a member of this request; there are {members}"
        )
    place = _PLACE.search(message)
    if place and place["name"] in MINT_RULES:
        return InvalidMintError(field=place["name"], rule=MINT_RULES[place["name"]])
    return InvalidMintError(field="", rule="the body must be a JSON object")
