"""The plain HTTP routes: minting client secrets, listing models, and those of calls."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.protocol import (
    IdKind,
    NewId,
    ProtocolError,
    RealtimeModel,
    SessionConfig,
    SessionType,
    client_secret_response,
    parse_client_secret_request,
)
from limi.protocol.errors import InvalidValueError
from limi.sandbox.calls import CallRefusedError, Calls
from limi.sandbox.http.calls import call_routes, translate_call_error
from limi.sandbox.http.credentials import Credentials, bearer_token
from limi.sandbox.http.errors import HTTPError, error_response_body, invalid_key
from limi.sandbox.secrets import ClientSecrets, TooManySecretsError
from limi.sandbox.transports.peers import WebRTCUnavailableError
from limi.sandbox.transports.sdp import InvalidOfferError

__all__ = ["make_http_app"]

_log = structlog.get_logger(__name__)

_CREATED: Final = int(datetime(2025, 8, 28, tzinfo=UTC).timestamp())
"""The API gives each model a day of birth; the day Realtime left its beta stands for all of them."""


def make_http_app(
    *,
    credentials: Credentials,
    secrets: ClientSecrets[SessionConfig],
    calls: Calls,
    models: Mapping[str, RealtimeModel],
    default_model: str,
    new_id: NewId,
    max_body_bytes: int,
) -> Litestar:
    """Build the application that answers everything but sockets."""
    routes = Router(
        "/v1",
        route_handlers=[
            _mint_route(secrets, models=models, default_model=default_model, new_id=new_id),
            *_model_routes(models),
        ],
        before_request=_require_standard_key(credentials),
    )
    calling = call_routes(calls=calls, credentials=credentials, models=models, default_model=default_model)
    return Litestar(
        [routes, calling],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=max_body_bytes,
        exception_handlers={
            ProtocolError: _answer_protocol_error,
            HTTPError: _answer_refusal,
            InvalidOfferError: _answer_call_error,
            CallRefusedError: _answer_call_error,
            WebRTCUnavailableError: _answer_call_error,
            HTTPException: _answer_framework_error,
            Exception: _answer_bug,
        },
    )


def _mint_route(
    secrets: ClientSecrets[SessionConfig],
    *,
    models: Mapping[str, RealtimeModel],
    default_model: str,
    new_id: NewId,
) -> HTTPRouteHandler:
    @post("/realtime/client_secrets", status_code=200)
    async def mint(request: Request[Any, Any, Any]) -> dict[str, Any]:
        wanted = parse_client_secret_request(await request.body(), default_model=default_model)
        if wanted.config.type is SessionType.REALTIME and wanted.config.model not in models:
            raise InvalidValueError("session.model", f"The model '{wanted.config.model}' does not exist.")
        try:
            secret = secrets.mint(wanted.config, seconds=wanted.expires_after_seconds)
        except TooManySecretsError as error:
            raise HTTPError(429, str(error), code="rate_limit_exceeded", kind="requests") from error
        return client_secret_response(
            value=secret.value.reveal(),
            expires_at=secret.expires_at,
            session_id=new_id(IdKind.SESSION),
            config=wanted.config,
        )

    return mint


def _model_routes(models: Mapping[str, RealtimeModel]) -> list[HTTPRouteHandler]:
    @get("/models")
    async def list_models() -> dict[str, Any]:
        return {"object": "list", "data": [_model_body(model) for model in models.values()]}

    @get("/models/{name:str}")
    async def retrieve_model(name: FromPath[str]) -> dict[str, Any]:
        model = models.get(name)
        if model is None:
            raise HTTPError(404, f"The model '{name}' does not exist.", code="model_not_found", param="model")
        return _model_body(model)

    return [list_models, retrieve_model]


def _model_body(model: RealtimeModel) -> dict[str, Any]:
    body = {"id": model.name, "object": "model", "created": _CREATED, "owned_by": "system"}
    return body if model.shutdown is None else {**body, "shutdown_date": model.shutdown.isoformat()}


def _require_standard_key(credentials: Credentials) -> Any:  # noqa: ANN401 - Litestar's own alias is of Any
    async def check(request: Request[Any, Any, Any]) -> None:
        if not credentials.is_standard_key(bearer_token(request.scope["headers"])):
            raise invalid_key()

    return check


def _answer_protocol_error(_: Request[Any, Any, Any], error: ProtocolError) -> Response[dict[str, Any]]:
    return Response(error_response_body(error), status_code=400)


def _answer_refusal(_: Request[Any, Any, Any], error: HTTPError) -> Response[dict[str, Any]]:
    return Response(error_response_body(error), status_code=error.status)


def _answer_call_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    return _answer_refusal(request, translate_call_error(error))


def _answer_framework_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    where = f"{request.method} {request.url.path}"
    not_found, wrong_method, too_large = 404, 405, 413
    messages = {
        not_found: (f"Unknown request URL: {where}. The sandbox has /v1/realtime and /v1/models.", "unknown_url"),
        wrong_method: (f"Not allowed: {where}.", "method_not_supported"),
        too_large: ("The request body is too large.", "request_too_large"),
    }
    message, code = messages.get(error.status_code, (error.detail, None))
    return _answer_refusal(request, HTTPError(error.status_code, message, code=code))


def _answer_bug(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    _log.error("sandbox.request.failed", path=request.url.path, exc_info=error)
    message = "The sandbox had an error while it processed your request."
    return _answer_refusal(request, HTTPError(500, message, code="server_error", kind="server_error"))
