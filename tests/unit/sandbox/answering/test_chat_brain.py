import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from limi.kernel.secret import Secret
from limi.protocol import FunctionTool, GenerationRequest, Modality
from limi.sandbox.answering.brain import BrainError, CallFunction, Closable, Reply, Say
from limi.sandbox.answering.chat_brain import ChatBrain, ChatEndpoint, ChatUnavailableError
from limi.testing.chat import ChatAnswer, ChatEnd, FakeChat

MakeRequest = Callable[..., GenerationRequest]
_TOOL = FunctionTool(name="get_weather", description="", parameters={})


@pytest.fixture
async def chat() -> AsyncIterator[FakeChat]:
    async with FakeChat().running() as chat:
        yield chat


@pytest.fixture
async def brain(chat: FakeChat) -> AsyncIterator[ChatBrain]:
    brain = _brain(chat)
    yield brain
    await brain.close()


def _brain(chat: FakeChat, **settings: Any) -> ChatBrain:
    return ChatBrain(ChatEndpoint(**{"base_url": chat.url, "model": "llama", **settings}))


async def _replies(brain: ChatBrain, request: GenerationRequest) -> list[Reply]:
    return [reply async for reply in brain.reply(request)]


@pytest.fixture
def hello(make_request: MakeRequest, user: Callable[..., Any]) -> GenerationRequest:
    return make_request(user("Hello"), instructions="Be brief.", tools=(_TOOL,))


async def _error(brain: ChatBrain, request: GenerationRequest) -> BrainError:
    with pytest.raises(BrainError) as caught:
        await _replies(brain, request)
    return caught.value


async def test_the_conversation_is_asked_and_the_answer_given_on_piece_by_piece(
    chat: FakeChat, brain: ChatBrain, hello: GenerationRequest
) -> None:
    chat.queued.append(ChatAnswer("Hi there. All well?"))
    assert await _replies(brain, hello) == [
        Say("Hi", before=""),
        Say("there.", before=" "),
        Say("All", before=" "),
        Say("well?", before=" "),
    ]
    (asked,) = chat.asked
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert "authorization" not in asked.headers
    assert asked.body["model"] == "llama"
    assert asked.body["messages"][-1] == {"role": "user", "content": "Hello"}


async def test_a_voice_gets_whole_sentences(
    chat: FakeChat, brain: ChatBrain, make_request: MakeRequest, user: Callable[..., Any]
) -> None:
    chat.queued.append(ChatAnswer("Hi there. All well?"))
    request = make_request(user("Hello"), modality=Modality.AUDIO)
    assert await _replies(brain, request) == [Say("Hi there."), Say("All well?")]


async def test_calls_follow_the_words(chat: FakeChat, brain: ChatBrain, hello: GenerationRequest) -> None:
    chat.queued.append(ChatAnswer("Well.", calls=(("get_weather", '{"city": "Rome"}'),)))
    assert (await _replies(brain, hello))[1:] == [CallFunction("get_weather", '{"city": "Rome"}')]


async def test_without_a_name_the_first_model_of_the_list_is_asked_for(
    chat: FakeChat, hello: GenerationRequest
) -> None:
    brain = _brain(chat, model=None)
    for _ in range(2):
        await _replies(brain, hello)
    await brain.close()
    assert [asked.path for asked in chat.asked] == ["/v1/models", *["/v1/chat/completions"] * 2]
    assert chat.asked[-1].body["model"] == "fake-chat"


async def test_the_key_goes_along_and_is_never_quoted(chat: FakeChat, hello: GenerationRequest) -> None:
    brain = _brain(chat, api_key=Secret("sk-chat-0123"))
    chat.queued.append(ChatAnswer("Incorrect API key provided: sk-chat-0123", status=401))
    error = await _error(brain, hello)
    await brain.close()
    assert chat.asked[0].headers["authorization"] == "Bearer sk-chat-0123"
    assert error.code == "brain_refused"
    assert str(error) == "The chat server answered 401: Incorrect API key provided: …"


async def test_a_user_who_was_not_understood_is_told_so_without_asking(
    chat: FakeChat, brain: ChatBrain, make_request: MakeRequest, user: Callable[..., Any]
) -> None:
    (reply,) = await _replies(brain, make_request(user("(2.3 seconds of speech)", audio_ms=2_300)))
    assert isinstance(reply, Say)
    assert "cannot understand words" in reply.text
    assert chat.asked == []


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (ChatAnswer("no such model", status=404), "brain_refused", "answered 404: no such model"),
        (ChatAnswer("", status=500), "brain_refused", "answered 500: no reason given"),
        (ChatAnswer("Hi", error="out of memory"), "brain_failed", "broke it off: out of memory"),
        (ChatAnswer("Hi", end=ChatEnd.CUT), "brain_failed", "connection to the chat server broke"),
        (ChatAnswer(raw=b"data: nonsense\n\n"), "brain_failed", "no piece of a chat completion"),
        (ChatAnswer(raw=b'{"choices": []}'), "brain_failed", "ended before the answer did"),
        (
            ChatAnswer(calls=(("launch", "{}"),)),
            "brain_failed",
            "'launch', which is not among the session's tools",
        ),
        (ChatAnswer(raw=b"data: " + b"x" * 9_000), "brain_failed", "a line of more than 1000 bytes"),
        (ChatAnswer(raw=b": \n" * 9_000), "brain_failed", "longer than 20000 bytes"),
        (ChatAnswer("Hi", end=ChatEnd.STALL), "brain_timed_out", "took too long"),
        (ChatAnswer(silent=True), "brain_timed_out", "took too long"),
    ],
)
async def test_what_goes_wrong_is_an_error_with_a_sentence(
    chat: FakeChat, hello: GenerationRequest, answer: ChatAnswer, code: str, said: str
) -> None:
    chat.queued.append(answer)
    brain = _brain(chat, first_seconds=1, pause_seconds=0.5, max_line_bytes=1_000, max_body_bytes=20_000)
    error = await _error(brain, hello)
    await brain.close()
    assert error.code == code
    assert said in str(error)


async def test_the_first_word_may_take_longer_than_any_pause_after_it(
    chat: FakeChat, hello: GenerationRequest
) -> None:
    """Some servers send their headers, and comments, while the model is still being loaded."""
    begins = asyncio.Event()
    chat.queued.append(ChatAnswer("Hi.", begins=begins))
    brain = _brain(chat, first_seconds=20, pause_seconds=0.05)
    asking = asyncio.create_task(_replies(brain, hello))
    done, _ = await asyncio.wait([asking], timeout=0.3)
    assert not done
    begins.set()
    assert await asking == [Say("Hi.", before="")]
    await brain.close()


async def test_comments_alone_do_not_put_off_the_first_word_for_ever(
    chat: FakeChat, hello: GenerationRequest
) -> None:
    chat.queued.append(ChatAnswer("Hi.", begins=asyncio.Event()))
    brain = _brain(chat, first_seconds=0.3, pause_seconds=20)
    assert (await _error(brain, hello)).code == "brain_timed_out"
    await brain.close()


async def test_thoughts_are_not_said(chat: FakeChat, brain: ChatBrain, hello: GenerationRequest) -> None:
    chat.queued.append(ChatAnswer("<think> He greets. </think> Hi"))
    assert await _replies(brain, hello) == [Say("Hi", before="")]


async def test_a_server_that_is_not_there_is_said(hello: GenerationRequest) -> None:
    brain = ChatBrain(ChatEndpoint(base_url="http://127.0.0.1:9/v1", model="m"))
    error = await _error(brain, hello)
    await brain.close()
    assert (error.code, str(error)) == ("brain_unreachable", "The chat server cannot be reached; is it running?")


async def test_words_before_a_failure_are_said(chat: FakeChat, brain: ChatBrain, hello: GenerationRequest) -> None:
    chat.queued.append(ChatAnswer("Hi", error="out of memory"))
    replies = brain.reply(hello)
    assert await anext(replies) == Say("Hi", before="")
    with pytest.raises(BrainError):
        await anext(replies)


async def test_who_stops_listening_closes_the_connection_at_once(
    chat: FakeChat, brain: ChatBrain, hello: GenerationRequest
) -> None:
    chat.queued.append(ChatAnswer("Hi", end=ChatEnd.STALL))
    async with aclosing(brain.reply(hello)) as replies:
        await anext(replies)
    await asyncio.wait_for(chat.hung_up.wait(), timeout=5)


@pytest.mark.parametrize("answer", [ChatAnswer("Hi", end=ChatEnd.STALL), ChatAnswer(silent=True)])
async def test_cancelling_closes_the_connection_at_once(
    chat: FakeChat, brain: ChatBrain, hello: GenerationRequest, answer: ChatAnswer
) -> None:
    chat.queued.append(answer)
    asking = asyncio.create_task(_replies(brain, hello))
    while not chat.asked:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0.005)
    asking.cancel()
    await asyncio.wait_for(chat.hung_up.wait(), timeout=5)
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_the_sandbox_can_close_it(brain: ChatBrain) -> None:
    assert isinstance(brain, Closable)
    await brain.close()
    await brain.close()


def test_without_the_http_client_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(ChatUnavailableError, match=r"install limi\[brain\]"):
        ChatBrain(ChatEndpoint(base_url="http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"base_url": "ftp://a/v1"}, "base_url: must begin with http:// or https://"),
        ({"base_url": "http:///v1"}, "base_url: must begin with http:// or https:// and name a host"),
        ({"base_url": "http://me:secret@a/v1"}, "base_url: must have no user name, password, query or fragment"),
        ({"base_url": "http://a/v1?key=b"}, "base_url: must have no user name, password, query or fragment"),
        ({"first_seconds": 0}, "first_seconds: must be above 0, not 0"),
        ({"max_line_bytes": -1}, "max_line_bytes: must be above 0"),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=f"^{rule}"):
        ChatEndpoint(**{"base_url": "http://a/v1", **settings})
