"""A real server on loopback, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

__all__ = ["serving"]


@asynccontextmanager
async def serving(app: Any, *, lifespan: bool = True) -> AsyncIterator[str]:  # noqa: ANN401 - any ASGI application
    """Serve `app` on a free port of 127.0.0.1 and give its URL."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=21 * 1024 * 1024,
        lifespan="on" if lifespan else "off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(), name="test server")
    started = asyncio.create_task(server.ready.wait(), name="test server starts")
    try:
        await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
        if not server.started:
            await task
            raise RuntimeError("the server did not start; its log says why")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        started.cancel()
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Leaves signals to the test runner, and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401 - uvicorn's signature
        try:
            await super().startup(sockets)
        except SystemExit:
            # Out of a task it would end the whole test run instead of this test.
            raise RuntimeError("the server did not start; its log says why") from None
        self.ready.set()

    def capture_signals(self) -> Any:  # noqa: ANN401 - a context manager that does nothing
        from contextlib import nullcontext  # noqa: PLC0415

        return nullcontext()
