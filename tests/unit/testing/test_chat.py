"""`limi.testing.chat`: a chat endpoint for those who test their own brain of the sandbox."""

import asyncio
import json
import socket
import struct
from urllib.parse import urlsplit

import httpx2
import pytest

from limi.testing.chat import ChatAnswer, ChatEnd, FakeChat


async def _stream(chat: FakeChat) -> list[str]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{chat.url}/chat/completions", json={"model": "m", "messages": []})
    return [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]


async def test_answers_come_in_their_order_and_then_always_the_same() -> None:
    async with FakeChat(always=ChatAnswer("Always.")).running() as chat:
        chat.queued.append(ChatAnswer("First of all."))
        first, *rest = [await _stream(chat) for _ in range(3)]
        words = [json.loads(event)["choices"][0]["delta"].get("content") for event in first[:-1]]
    assert words == ["First", " of", " all.", None]
    assert first[-1] == "[DONE]"
    assert all("Always." in events[0] for events in rest)
    assert [asked.body["model"] for asked in chat.asked] == ["m"] * 3


async def test_calls_come_in_pieces() -> None:
    async with FakeChat(always=ChatAnswer(calls=(("f", '{"a":1}'),))).running() as chat:
        events = [json.loads(event)["choices"][0] for event in (await _stream(chat))[:-1]]
    pieces = [event["delta"]["tool_calls"][0]["function"] for event in events[:-1]]
    assert pieces[0]["name"] == "f"
    assert "".join(piece["arguments"] for piece in pieces) == '{"a":1}'
    assert events[-1]["finish_reason"] == "tool_calls"


async def test_errors_are_answered_with_their_status() -> None:
    async with FakeChat(always=ChatAnswer("no", status=429)).running() as chat, httpx2.AsyncClient() as client:
        answer = await client.post(f"{chat.url}/chat/completions", json={})
        assert (answer.status_code, answer.json()) == (429, {"error": {"message": "no"}})
        models = await client.get(f"{chat.url}/models")
        assert models.json()["data"][0]["id"] == "fake-chat"


@pytest.mark.parametrize("answer", [ChatAnswer("a", end=ChatEnd.STALL), ChatAnswer(silent=True)])
async def test_a_client_that_hangs_up_is_noticed(answer: ChatAnswer) -> None:
    async with FakeChat(always=answer).running() as chat:
        asking = asyncio.create_task(_stream(chat))
        while not chat.asked:  # noqa: ASYNC110 - nobody tells when a request has arrived
            await asyncio.sleep(0.005)
        assert not chat.hung_up.is_set()
        asking.cancel()
        await asyncio.wait_for(chat.hung_up.wait(), timeout=5)


@pytest.mark.parametrize("answer", [ChatAnswer("a " * 50_000), ChatAnswer("a", end=ChatEnd.STALL)])
async def test_a_client_whose_connection_is_reset_has_hung_up_as_well(answer: ChatAnswer) -> None:
    async with FakeChat(always=answer).running() as chat:
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(chat.url).port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        while not chat.asked:  # noqa: ASYNC110 - nobody tells when a request has arrived
            await asyncio.sleep(0.005)
        # With no time to linger the system resets the connection instead of closing it.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await asyncio.wait_for(chat.hung_up.wait(), timeout=5)


async def test_a_connection_breaks_where_it_was_told_to() -> None:
    async with FakeChat(always=ChatAnswer("a", end=ChatEnd.CUT)).running() as chat:
        with pytest.raises(httpx2.RemoteProtocolError):
            await _stream(chat)
