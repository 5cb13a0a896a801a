"""The sandbox inside the backend takes calls at the URL that a mint hands out."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
import websockets
from websockets.asyncio.client import connect

from limi.testing import Backend, running_backend
from tests.integration.sandbox.caller import Caller

_ORIGIN = "http://localhost:5173"


async def _minted(client: httpx2.AsyncClient, backend: Backend) -> dict[str, Any]:
    answer = await client.post(f"{backend.url}/api/client-secret", json={})
    assert answer.status_code == 200, answer.text
    minted: dict[str, Any] = answer.json()
    return minted


async def test_a_page_calls_with_what_a_mint_gave_it() -> None:
    caller = Caller()
    async with running_backend() as backend, httpx2.AsyncClient() as client:
        minted = await _minted(client, backend)
        url = minted["urls"]["webrtc"]
        assert url.startswith(backend.url)
        asking = {
            "origin": _ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-openai-agents-sdk",
        }
        allowed = await client.request("OPTIONS", url, headers=asking)
        assert allowed.status_code == 204
        assert "x-openai-agents-sdk" in allowed.headers["access-control-allow-headers"]
        headers = {
            "authorization": f"Bearer {_secret(minted)}",
            "content-type": "application/sdp",
            "origin": _ORIGIN,
        }
        answer = await client.post(url, content=await caller.offer(), headers=headers)
        assert answer.status_code == 201, answer.text
        assert answer.headers.get_list("access-control-allow-origin") == [_ORIGIN]
        assert "location" in answer.headers["access-control-expose-headers"]
        assert answer.headers["location"].startswith("/sandbox/v1/realtime/calls/rtc_")
        await caller.accept(answer.text)
        await caller.until("session.created")
        # Nobody outside knows the standard key, so that nobody outside may join or hang up.
        call_id = answer.headers["location"].rpartition("/")[2]
        joining = f"{minted['urls']['websocket'].partition('?')[0]}?call_id={call_id}"
        key = {"authorization": headers["authorization"]}
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(joining, origin=_origin(), additional_headers=key)
        assert json.loads(refused.value.response.body)["error"]["code"] == "call_id_not_found"
        hangup = await client.post(f"{url}/{call_id}/hangup", headers=headers)
        assert hangup.status_code == 401
    # The stopping backend has taken leave of its calls.
    await asyncio.wait_for(caller.channel_closed.wait(), 5)
    await caller.close()


def _origin() -> Any:
    return _ORIGIN


def _secret(minted: dict[str, Any]) -> str:
    value: str = minted["ephemeralKey"]
    return value
