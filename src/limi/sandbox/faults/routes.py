"""The admin route of faults: `GET`, `POST` and `DELETE /v1/_limi/faults`, and `DELETE /v1/_limi/faults/{id}`.

The path is none that OpenAI could take. A key is asked for although a sandbox has nothing to protect: without one
any page in a browser on this machine could post here.
"""

from typing import Any, Final

import msgspec

from limi.kernel.secret import Secret
from limi.protocol import ProtocolError
from limi.sandbox.faults.rules import FaultRules, HeldRule, parse_rules
from limi.sandbox.http.answers import answer
from limi.sandbox.http.credentials import bearer_token
from limi.sandbox.http.errors import HTTPError, error_response_body, invalid_key
from limi.sandbox.http.headers import Scope
from limi.sandbox.secrets import is_client_secret
from limi.sandbox.transports.websocket import Receive, Send

__all__ = ["FaultRoutes"]

_PATH: Final = "/v1/_limi/faults"
_MAX_BODY_BYTES: Final = 64 * 1024
"""A hundred rules with every member are a third of it."""
_OK: Final = 200
_CREATED: Final = 201


class FaultRoutes:
    """Answers requests below its path."""

    def __init__(self, *, rules: FaultRules, api_key: Secret | None) -> None:
        """Serve rules to whoever has the standard key, or any standard key when there is None."""
        self._rules = rules
        self._api_key = api_key

    @staticmethod
    def has(path: str) -> bool:
        """Say whether a path is one of these routes'."""
        return path == _PATH or path.startswith(_PATH + "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            self._authenticate(scope)
            status, body = await self._dispatch(scope, receive)
        except HTTPError as error:
            status, body = error.status, error_response_body(error)
        except ProtocolError as error:
            status, body = 400, error_response_body(error)
        await answer(scope, receive, send, status=status, body=body)

    def _authenticate(self, scope: Scope) -> None:
        token = bearer_token(scope["headers"])
        if not token or is_client_secret(token) or not (self._api_key is None or self._api_key.matches(token)):
            raise invalid_key()

    async def _dispatch(self, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        match scope["method"], scope["path"].removeprefix(_PATH).removeprefix("/"):
            case "GET", "":
                return _OK, _list(list(self._rules))
            case "POST", "":
                return _CREATED, _list(list(self._rules.hold(*parse_rules(await _json(receive)))))
            case "DELETE", "":
                self._rules.clear()
                return _OK, {"object": "list", "data": []}
            case "DELETE", rule_id:
                if not self._rules.remove(rule_id):
                    raise HTTPError(404, f"There is no fault '{rule_id[:64]}'.", code="fault_not_found")
                return _OK, {"object": "limi.fault", "id": rule_id, "deleted": True}
        raise HTTPError(405, "Not allowed: list, add or delete faults.", code="method_not_supported")


def _list(rules: list[HeldRule]) -> dict[str, Any]:
    data = [
        {
            "object": "limi.fault",
            "id": held.id,
            **msgspec.to_builtins(held.rule),
            "seen": held.seen,
            "applied": held.applied,
        }
        for held in rules
    ]
    return {"object": "list", "data": data}


async def _json(receive: Receive) -> object:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MAX_BODY_BYTES:
            raise HTTPError(413, f"The body may be {_MAX_BODY_BYTES} bytes long.", code="request_too_large")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise HTTPError(400, "We could not parse the JSON of your request.", code="invalid_json") from error
