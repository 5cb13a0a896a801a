"""What the sandbox can say about Limi: a table of questions and answers, made of the catalogue and the settings.

The sandbox may know neither of the two, so whoever builds one hands it this table.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from limi.kernel.errors import CATALOGUE, ErrorEntry
from limi.kernel.settings import LimitSettings, Settings

__all__ = ["sandbox_answers"]

_WHAT: Final = (
    "Limi is a server that hands out short-lived keys for voice conversations with OpenAI's realtime models, so "
    "that the main key never leaves it."
)
_SANDBOX: Final = (
    "The sandbox is an offline stand-in for OpenAI's Realtime API. It needs no key, costs nothing, and what you "
    "say stays on this machine."
)
_MINT: Final = (
    "Send a POST request to /api/client-secret. The answer holds the key, which begins with ek, and the address "
    "to connect to."
)
_DOCS: Final = (
    "The API is described at /docs of this server, each error at /errors, and all else in the folder docs."
)
_REAL: Final = (
    "Start Limi with the variable OPENAI_API_KEY set. Then keys come from OpenAI, and so do the answers."
)
_CALL: Final = "A session may last 60 minutes, in the sandbox as at OpenAI."
_FIXED: Final = (
    ("What is Limi?", _WHAT),
    ("What does Limi do?", _WHAT),
    ("What is the sandbox?", _SANDBOX),
    ("Where does my audio go?", _SANDBOX),
    ("Is this recorded?", _SANDBOX),
    ("How do I mint a key?", _MINT),
    ("How do I get an ephemeral key or client secret?", _MINT),
    ("Where is the documentation?", _DOCS),
    ("Where are the docs?", _DOCS),
    ("How do I use a real model of OpenAI?", _REAL),
    ("How do I use OpenAI?", _REAL),
    ("How long may a session last?", _CALL),
    ("How long may a call last?", _CALL),
)


def sandbox_answers(settings: Settings | None = None) -> Mapping[str, str]:
    """Return questions about Limi with their answers.

    Args:
        settings: Those in force; without them nothing is said about limits, models and the life of keys, because a
            sandbox alone has none of Limi's.
    """
    answers = dict(_FIXED)
    for entry in CATALOGUE.values():
        answers[f"What does {entry.code} mean?"] = answers[f"What is the error {entry.code}?"] = _meaning(entry)
    answers.update(_by_status())
    if settings is not None:
        answers.update(_in_force(settings))
    return answers


def _spoken(code: str) -> str:
    return code.replace("_", " ")


def _meaning(entry: ErrorEntry) -> str:
    action = f" {entry.action}." if entry.action else ""
    return f"{_spoken(entry.code).capitalize()} means: {entry.message}.{action}"


def _by_status() -> Iterator[tuple[str, str]]:
    with_status = sorted(
        (e for e in CATALOGUE.values() if e.status is not None), key=lambda entry: entry.status or 0
    )
    for status, entries in groupby(with_status, key=lambda entry: entry.status):
        meanings = "; or ".join(f"{_spoken(entry.code)}: {entry.message}" for entry in entries)
        yield f"What is error {status}?", f"Limi sends {status} for {meanings}."


def _in_force(settings: Settings) -> Iterator[tuple[str, str]]:
    limits = _limits(settings.limits)
    yield "What are the limits?", limits
    yield "What is the rate limit?", limits
    yield "Which limits are in force now?", limits
    yield "How many keys may I mint?", limits
    model = f"The model is {settings.models.default}, unless a request or a profile names another."
    yield "Which model is used?", model
    yield "What is the default model?", model
    seconds = settings.profiles["default"].ttl_seconds if "default" in settings.profiles else None
    if seconds is not None:
        life = f"A key opens conversations for {seconds} seconds after it was minted."
        yield "How long does a key live?", life
        yield "When does a key expire?", life
    yield "Which environment is this?", f"This server runs in {settings.env}."


def _limits(limits: LimitSettings) -> str:
    mints = f"{limits.tokens_per_minute} keys a minute"
    if limits.by_client_kind:
        kinds = (limits.mobile_per_minute, limits.desktop_per_minute, limits.other_per_minute)
        mobile, desktop, other = kinds
        mints += f", or without a key of its own {mobile} from a phone, {desktop} from a desktop and {other} else"
    together = f" All callers together may mint {limits.global_per_minute}." if limits.global_per_minute else ""
    return f"One caller may mint {mints}, and open {limits.connections_per_minute} connections a minute.{together}"
