"""FastAPI with httpx, pydantic and structlog under uvicorn and uvloop: what most Python mints are written with."""

# mypy: ignore-errors
# FastAPI and httpx are in this peer's own environment, so here their types are not to be had.

import logging
import os
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import httpx
import orjson
import structlog
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, Field

_WINDOW_SECONDS: Final = 60.0
_LIMIT: Final = 1_000_000_000

# As structlog's page on performance recommends.
structlog.configure(
    cache_logger_on_first_use=True,
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(serializer=orjson.dumps),
    ],
    logger_factory=structlog.BytesLoggerFactory(),
)
log = structlog.get_logger()


class MintRequest(BaseModel):
    """What a client asks for."""

    sessionId: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]  # noqa: N815 - the wire's name
    model: Annotated[str, Field(min_length=1, max_length=100)]


class MintAnswer(BaseModel):
    """What it gets."""

    ephemeralKey: str  # noqa: N815
    expiresAt: int  # noqa: N815
    sessionId: str  # noqa: N815
    model: str
    requestId: str  # noqa: N815


class Session(BaseModel):
    """The part of upstream's session that is read."""

    model: str


class ClientSecret(BaseModel):
    """Upstream's answer."""

    value: str
    expires_at: int
    session: Session


class Windows:
    """A sliding window a caller; FastAPI has no limiter of its own."""

    def __init__(self) -> None:
        self._admitted: dict[str, deque[float]] = {}

    def admit(self, caller: str) -> bool:
        """Count a request, unless the window is full."""
        now = time.monotonic()
        window = self._admitted.setdefault(caller, deque())
        while window and window[0] <= now - _WINDOW_SECONDS:
            window.popleft()
        if len(window) >= _LIMIT:
            return False
        window.append(now)
        return True


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Share one client, as httpx asks of applications that want its connection pool."""
    app.state.windows = Windows()
    async with httpx.AsyncClient(
        base_url=os.environ["UPSTREAM_URL"],
        headers={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
        timeout=10.0,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
    ) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


async def limit(request: Request) -> None:
    """Refuse a caller beyond the limit."""
    if not request.app.state.windows.admit(request.client.host if request.client else ""):
        raise HTTPException(429, "rate_limit_exceeded")


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the server answers."""
    return {"status": "ok"}


@app.post("/api/client-secret", dependencies=[Depends(limit)])
async def mint(
    mint_request: MintRequest,
    request: Request,
    response: Response,
    x_request_id: Annotated[str | None, Header()] = None,
) -> MintAnswer:
    """Hand out an ephemeral key."""
    started = time.monotonic()
    body: dict[str, Any] = {"session": {"type": "realtime", "model": mint_request.model}}
    try:
        answer = await request.app.state.client.post("/realtime/client_secrets", json=body)
        answer.raise_for_status()
    except httpx.HTTPError as exc:
        log.exception("mint.failed")
        raise HTTPException(502, "token_generation_failed") from exc
    secret = ClientSecret.model_validate_json(answer.content)
    request_id = x_request_id or str(uuid.uuid4())
    log.info(
        "mint.succeeded",
        request_id=request_id,
        session_id=mint_request.sessionId,
        model=mint_request.model,
        ip=request.client.host if request.client else None,
        duration_ms=round((time.monotonic() - started) * 1000),
    )
    response.headers["Cache-Control"] = "no-store"
    return MintAnswer(
        ephemeralKey=secret.value,
        expiresAt=secret.expires_at,
        sessionId=mint_request.sessionId,
        model=secret.session.model,
        requestId=request_id,
    )


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False
    )
