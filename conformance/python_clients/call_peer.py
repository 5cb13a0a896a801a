"""Holds a call over WebRTC as a browser would, for clients that only watch one.

As a program it prints the call's id and keeps the call until its input ends.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from openai import AsyncOpenAI

__all__ = ["open_call"]

_CONNECTED_SECONDS = 20.0


@asynccontextmanager
async def open_call(client: AsyncOpenAI, model: str) -> AsyncIterator[str]:
    """Open a call, speak silence into it, and yield its id once media flow."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connected = asyncio.Event()
    try:
        peer.addTrack(AudioStreamTrack())
        channel = peer.createDataChannel("oai-events")
        channel.on("open", connected.set)
        await peer.setLocalDescription(await peer.createOffer())
        answer = await client.realtime.calls.create(
            sdp=peer.localDescription.sdp, session={"type": "realtime", "model": model}
        )
        sdp = answer.response.text
        await peer.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        await asyncio.wait_for(connected.wait(), _CONNECTED_SECONDS)
        yield answer.response.headers["location"].rsplit("/", 1)[-1]
    finally:
        await peer.close()


async def _hold(url: str, model: str) -> None:
    async with (
        AsyncOpenAI(api_key=os.environ["OPENAI_API_KEY"], base_url=url) as client,
        open_call(client, model) as call_id,
    ):
        sys.stdout.write(f"{call_id}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_hold(*sys.argv[1:]))
