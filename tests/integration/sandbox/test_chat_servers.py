"""What chat servers stream, member for member, read through the sandbox by the official `openai` SDK.

None of them runs here, for each needs a model of gigabytes. Their streams are written down as their sources make
them: https://github.com/ollama/ollama/blob/main/openai/openai.go and
https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/serving_chat.py. Those of
llama.cpp and OpenRouter are from memory, for what differs: a content of null, members of its own, comments.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from limi.sandbox.answering.chat_brain import ChatBrain, ChatEndpoint
from limi.testing.chat import ChatAnswer, FakeChat
from tests.integration.sandbox.support import audio_of, serve, until

_TOOL = {"type": "function", "name": "get_weather", "description": "Tells the weather.", "parameters": {}}
_USAGE = {"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 28}
_DONE = "data: [DONE]\n\n"


def _stream(head: dict[str, Any], *choices: dict[str, Any], usage: bool = True) -> str:
    events = [{**head, "choices": [{"index": 0, **choice}]} for choice in choices]
    if usage:
        events.append({**head, "choices": [], "usage": _USAGE})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + _DONE


def _ollama(*deltas: dict[str, Any], reason: str = "stop") -> str:
    """Every delta has a role and a content; whatever was thought has a member of its own."""
    head = {
        "id": "chatcmpl-554",
        "object": "chat.completion.chunk",
        "created": 1763740800,
        "model": "qwen3:4b",
        "system_fingerprint": "fp_ollama",
    }
    whole = [{"role": "assistant", "content": "", **delta} for delta in (*deltas, {})]
    choices: list[dict[str, Any]] = [{"delta": delta, "finish_reason": None} for delta in whole]
    choices[-1]["finish_reason"] = reason
    return _stream(head, *choices)


def _vllm(*deltas: dict[str, Any], reason: str = "stop") -> str:
    """The first delta has the role and no words, all others no role."""
    head = {
        "id": "chatcmpl-8d5a1c6e",
        "object": "chat.completion.chunk",
        "created": 1763740800,
        "model": "Qwen/Qwen3-4B",
    }
    first = {"delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    rest: list[dict[str, Any]] = [
        {"delta": delta, "logprobs": None, "finish_reason": None, "token_ids": None} for delta in deltas
    ]
    last = {"delta": {"content": ""}, "logprobs": None, "finish_reason": reason, "stop_reason": None}
    return _stream(head, first, *rest, last)


def _llama_cpp(*words: str) -> str:
    """The first content is null, and the last event has its own timings."""
    head = {
        "created": 1763740800,
        "id": "chatcmpl-Zb8Kk",
        "model": "gpt-3.5-turbo",
        "system_fingerprint": "b7100",
        "object": "chat.completion.chunk",
        "timings": {"prompt_n": 21, "predicted_per_second": 31.4},
    }
    first = {"delta": {"role": "assistant", "content": None}, "finish_reason": None}
    rest = [{"delta": {"content": word}, "finish_reason": None} for word in words]
    return _stream(head, first, *rest, {"delta": {}, "finish_reason": "stop"}, usage=False)


def _words(*words: str) -> Iterator[dict[str, Any]]:
    return ({"content": word} for word in words)


def _call(index: int, call_id: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    head = {} if call_id is None else {"id": call_id, "type": "function"}
    return {"tool_calls": [{**head, "index": index, "function": function}]}


@pytest.fixture
async def chat() -> AsyncIterator[FakeChat]:
    async with FakeChat().running() as chat:
        yield chat


async def _answered(chat: FakeChat, answer: ChatAnswer, **session: Any) -> tuple[Any, bytes]:
    """Return the response to one typed turn, and its sound."""
    chat.queued.append(answer)
    async with (
        serve(brain=ChatBrain(ChatEndpoint(base_url=chat.url))) as served,
        served.client() as client,
        client.realtime.connect(model="gpt-realtime-2.1") as connection,
    ):
        settings: Any = {"type": "realtime", "tools": [_TOOL], **session}
        await connection.session.update(session=settings)
        content: Any = [{"type": "input_text", "text": "Hello"}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        events = await until(connection, "rate_limits.updated")
    return events[-2].response, audio_of(events)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(_ollama(*_words("Good", " day", "!", " How are you?")), id="ollama"),
        pytest.param(
            _ollama({"reasoning": "A greeting."}, *_words("Good day! ", "How are you?")), id="ollama, thinking"
        ),
        pytest.param(_vllm(*_words("Good", " day", "! How are you?")), id="vllm"),
        pytest.param(
            _vllm({"reasoning_content": "A greeting."}, *_words("Good day!", " How are you?")),
            id="vllm with a reasoning parser",
        ),
        pytest.param(
            _vllm(*_words("<think>", "\nA greeting.\n", "</think>", "\n\nGood day!", " How are you?")),
            id="vllm without one",
        ),
        pytest.param(_llama_cpp("Good", " day!", " How are", " you?"), id="llama.cpp"),
        pytest.param(
            ": OPENROUTER PROCESSING\n\n" * 3 + _vllm(*_words("Good day!", " How are you?")),
            id="comments that keep the connection alive",
        ),
    ],
)
async def test_its_words_are_spoken_and_nothing_else(chat: FakeChat, stream: str) -> None:
    response, audio = await _answered(chat, ChatAnswer(raw=stream.encode()))
    assert response.status == "completed"
    assert response.output[0].content[0].transcript == "Good day! How are you?"
    assert len(audio) > 24_000


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(
            _ollama(
                _call(0, "call_hk81qg8b", "get_weather", '{"city":"Rome"}'),
                _call(1, "call_wteop8bt", "get_weather", '{"city":"Oslo"}'),
                reason="tool_calls",
            ),
            id="ollama",
        ),
        pytest.param(
            _ollama(
                _call(0, "call_hk81qg8b", "get_weather", '{"city":"Rome"}'),
                _call(0, "call_wteop8bt", "get_weather", '{"city":"Oslo"}'),
                reason="tool_calls",
            ),
            id="ollama before it numbered them",
        ),
        pytest.param(
            _vllm(
                _call(0, "chatcmpl-tool-1f", "get_weather", ""),
                _call(0, None, None, '{"city": '),
                _call(0, None, None, '"Rome"}'),
                _call(1, "chatcmpl-tool-2e", "get_weather", ""),
                _call(1, None, None, '{"city": "Oslo"}'),
                reason="tool_calls",
            ),
            id="vllm",
        ),
    ],
)
async def test_its_calls_are_made(chat: FakeChat, stream: str) -> None:
    response, _ = await _answered(chat, ChatAnswer(raw=stream.encode()), output_modalities=["text"])
    calls = [(item.name, json.loads(item.arguments)) for item in response.output]
    assert calls == [("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Oslo"})]


_NESTED = {"message": "Engine died", "type": "InternalServerError", "param": None, "code": 500}


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"error": _NESTED}, id="vllm"),
        pytest.param({"object": "error", **_NESTED}, id="vllm before 0.10"),
        pytest.param({"error": {"object": "error", **_NESTED}}, id="vllm, both"),
        pytest.param({"error": "Engine died"}, id="ollama"),
    ],
)
async def test_an_error_in_the_middle_fails_the_response(chat: FakeChat, event: dict[str, Any]) -> None:
    begun = _vllm(*_words("Good")).split("\n\n")[:2]
    stream = "\n\n".join([*begun, f"data: {json.dumps(event)}", _DONE])
    response, _ = await _answered(chat, ChatAnswer(raw=stream.encode()), output_modalities=["text"])
    assert response.status == "failed"
    assert response.status_details.error.code == "brain_failed"
    assert "Engine died" in response.status_details.error.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(
            404,
            {"error": {"message": "model 'x' not found", "type": "not_found_error", "param": None, "code": None}},
            id="ollama",
        ),
        pytest.param(
            404, {"object": "error", "message": "model 'x' not found", "code": 404}, id="vllm before 0.10"
        ),
        pytest.param(404, {"error": {"message": "model 'x' not found", "code": 404}}, id="vllm"),
        pytest.param(503, {"detail": "model 'x' not found"}, id="a proxy before it"),
    ],
)
async def test_what_it_refuses_with_is_told(chat: FakeChat, status: int, body: dict[str, Any]) -> None:
    answer = ChatAnswer(status=status, raw=json.dumps(body).encode())
    response, _ = await _answered(chat, answer, output_modalities=["text"])
    assert response.status_details.error.code == "brain_refused"
    assert "model 'x' not found" in response.status_details.error.message
