"""What is known of a request before anyone looks at its body."""

import re
from typing import Final

import msgspec

from limi.http.asgi import Scope
from limi.kernel.ids import Ids

__all__ = ["RequestContext", "choose_request_id", "context_of", "is_openai_path", "put_context"]

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,100}\Z")
_KEY: Final = "limi.context"


class RequestContext(msgspec.Struct, frozen=True):
    """Who asks and how they reached us; built once by the envelope, read by everyone."""

    request_id: str
    ip: str
    """The client's address, in its shortest form."""
    base_url: str
    """The URL under which the client sees this server, without a slash at its end. Where it asked for a host
    that is not ours: the public one, empty where there is none."""
    user_agent: str | None


def choose_request_id(given: bytes | None, ids: Ids) -> str:
    """Return the client's `X-Request-ID` where it is a modest one, else a new id."""
    return given.decode() if given and _REQUEST_ID.match(given) else ids.hex(16)


def put_context(scope: Scope, context: RequestContext) -> None:
    """Attach the context to its request."""
    scope[_KEY] = context


def context_of(scope: Scope) -> RequestContext:
    """Return the context that the envelope attached."""
    context: RequestContext = scope[_KEY]
    return context


def is_openai_path(path: str) -> bool:
    """Say whether errors at this path have OpenAI's shape rather than Limi's."""
    return path.startswith(("/v1/", "/sandbox/"))
