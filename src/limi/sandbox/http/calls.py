"""Calls over HTTP: an SDP offer is answered, and a call that goes on is controlled.

Accepting, rejecting and referring belong to telephone calls, which the sandbox has none of. They are checked and
answered in shape: a WebRTC call is accepted already, and rejecting or referring takes it away from here.

Source: https://github.com/openai/openai-openapi, paths below `/realtime/calls`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.protocol import RealtimeModel, SessionConfig, SessionType, default_config, parse_session_config
from limi.protocol.errors import InvalidValueError
from limi.protocol.wire import Strict, convert, decode_object
from limi.sandbox.calls import Calls, ShuttingDownError, TooManyCallsError
from limi.sandbox.http.credentials import Credentials, bearer_token
from limi.sandbox.http.errors import HTTPError, invalid_key, unknown_call
from limi.sandbox.transports.peers import WebRTCUnavailableError
from limi.sandbox.transports.sdp import InvalidOfferError, Offer, read_offer

__all__ = ["call_routes", "translate_call_error"]

_SDP: Final = "application/sdp"
_FORM: Final = "multipart/form-data"
_PATH: Final = "/v1/realtime/calls"


class _Rejection(Strict, frozen=True, kw_only=True):
    status_code: Annotated[int, msgspec.Meta(ge=300, le=699)] = 603
    """A status of SIP; upstream's default is that of a call declined everywhere."""


class _Referral(Strict, frozen=True, kw_only=True):
    target_uri: Annotated[str, msgspec.Meta(pattern="^(tel|sip):")]


def call_routes(
    *, calls: Calls, credentials: Credentials, models: Mapping[str, RealtimeModel], default_model: str
) -> Router:
    """Build the routes below `/v1/realtime/calls`.

    Args:
        calls: The calls that go on.
        credentials: Tells keys apart: any valid one opens a call, a standard one controls it.
        models: The models that exist.
        default_model: The model of a call that names none.
    """
    opening = _Opening(credentials=credentials, models=models, default_model=default_model)
    return Router(_PATH, route_handlers=[_open_route(calls, opening), *_control_routes(calls, credentials)])


def _open_route(calls: Calls, opening: "_Opening") -> HTTPRouteHandler:
    @post("/", status_code=201)
    async def create_call(request: Request[Any, Any, Any]) -> Response[str]:
        secret_config = opening.authenticate(request)
        offer, session = await _read_body(request)
        config = opening.configure(secret_config, session, request.query_params.get("model"))
        opened = await calls.open(offer, config)
        # Below a prefix, a client that follows the header has to come back here.
        root: str = request.scope["state"].get("root_path", "")
        headers = {"location": f"{root}{_PATH}/{opened.id}"}
        return Response(opened.answer, media_type=_SDP, headers=headers)

    return create_call


def _control_routes(calls: Calls, credentials: Credentials) -> list[HTTPRouteHandler]:
    def check(request: Request[Any, Any, Any], call_id: str) -> None:
        if not credentials.is_standard_key(bearer_token(request.scope["headers"])):
            raise invalid_key()
        if calls.find(call_id) is None:
            raise unknown_call()

    @post("/{call_id:str}/hangup", status_code=200)
    async def hang_up(request: Request[Any, Any, Any], call_id: FromPath[str]) -> Response[bytes]:
        check(request, call_id)
        calls.hang_up(call_id)
        return _done()

    @post("/{call_id:str}/accept", status_code=200)
    async def accept(request: Request[Any, Any, Any], call_id: FromPath[str]) -> Response[bytes]:
        check(request, call_id)
        parse_session_config(decode_object(await request.body()), default_model="")
        return _done()

    @post("/{call_id:str}/reject", status_code=200)
    async def reject(request: Request[Any, Any, Any], call_id: FromPath[str]) -> Response[bytes]:
        check(request, call_id)
        body = await request.body()
        convert(decode_object(body) if body else {}, _Rejection)
        calls.hang_up(call_id)
        return _done()

    @post("/{call_id:str}/refer", status_code=200)
    async def refer(request: Request[Any, Any, Any], call_id: FromPath[str]) -> Response[bytes]:
        check(request, call_id)
        convert(decode_object(await request.body()), _Referral)
        calls.hang_up(call_id)
        return _done()

    return [hang_up, accept, reject, refer]


def _done() -> Response[bytes]:
    return Response(b"", media_type=MediaType.TEXT)


class _Opening:
    """Decides what a call begins with, from the key, the body and the URL."""

    def __init__(
        self, *, credentials: Credentials, models: Mapping[str, RealtimeModel], default_model: str
    ) -> None:
        self._credentials = credentials
        self._models = models
        self._default_model = default_model

    def authenticate(self, request: Request[Any, Any, Any]) -> SessionConfig | None:
        """Return what a client secret brings along; None for a standard key.

        Raises:
            HTTPError: The key is neither.
        """
        token = bearer_token(request.scope["headers"])
        if (secret := self._credentials.client_secret(token)) is not None:
            return secret.session
        if not self._credentials.is_standard_key(token):
            raise invalid_key()
        return None

    def configure(self, attached: SessionConfig | None, session: bytes | None, model: str | None) -> SessionConfig:
        """Return the configuration; what is nearest to the call counts: the body, then the URL, then the secret.

        Raises:
            ProtocolError: The session breaks a rule, or its model does not exist.
        """
        if session is not None:
            config = parse_session_config(decode_object(session), default_model=model or self._default_model)
            param = "session.model"
        else:
            config = attached or default_config(model=self._default_model)
            config = replace(config, model=model) if model else config
            param = "model"
        if config.type is SessionType.REALTIME and config.model not in self._models:
            raise InvalidValueError(param, f"The model '{config.model}' does not exist.")
        return config


async def _read_body(request: Request[Any, Any, Any]) -> tuple[Offer, bytes | None]:
    """Return the offer, and the session beside it where the body is a form."""
    kind = request.content_type[0]
    if kind == _SDP:
        return _read_offer(await request.body()), None
    if kind != _FORM:
        message = f"Unsupported content type. Send the SDP offer as '{_SDP}', or with a session as '{_FORM}'."
        raise HTTPError(400, message, code="unsupported_content_type")
    try:
        form = await request.form()
    except (UnicodeDecodeError, LookupError) as exc:
        raise HTTPError(400, "A part of the form is no text.", code="invalid_form") from exc
    sdp = await _part(form, "sdp")
    if sdp is None:
        raise HTTPError(400, "Missing required parameter: 'sdp'.", code="missing_required_parameter", param="sdp")
    return _read_offer(sdp), await _part(form, "session")


async def _part(form: FormMultiDict, name: str) -> bytes | None:
    # SDKs send parts without a filename, which count as fields; a browser's Blob has one and counts as a file.
    part = form.get(name)
    if isinstance(part, UploadFile):
        return await part.read()
    return None if part is None else str(part).encode()


def _read_offer(body: bytes) -> Offer:
    try:
        return read_offer(body.decode())
    except UnicodeDecodeError as exc:
        raise InvalidOfferError("it is not UTF-8") from exc


def translate_call_error(error: Exception) -> HTTPError:
    """Return how an error of `Calls` is told by HTTP."""
    if isinstance(error, InvalidOfferError):
        return HTTPError(400, f"The SDP offer cannot be used: {error}.", code="invalid_offer", param="sdp")
    if isinstance(error, TooManyCallsError):
        return HTTPError(429, str(error), code="rate_limit_exceeded", kind="requests")
    if isinstance(error, ShuttingDownError):
        return HTTPError(503, str(error), code="server_error", kind="server_error")
    if isinstance(error, WebRTCUnavailableError):
        return HTTPError(501, str(error), code="webrtc_unavailable", kind="server_error")
    raise error
