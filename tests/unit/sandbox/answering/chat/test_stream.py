import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.sandbox.answering.chat.stream import ChatCall, ChatStream, StreamError, error_text


def _stream(**bounds: int) -> ChatStream:
    return ChatStream(**{"line_bytes": 1_000, "body_bytes": 10_000, **bounds})


def _event(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    return (
        b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish_reason}]}).encode() + b"\n\n"
    )


def _function(index: int | None, call_id: str | None, name: str | None, arguments: str | None) -> bytes:
    call = {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
    return _event({"tool_calls": [call]})


_DONE = b"data: [DONE]\n\n"
_HELLO = _event({"role": "assistant"}) + _event({"content": "Hél"}) + _event({"content": "lo"}) + _DONE


@given(st.lists(st.integers(0, len(_HELLO)), max_size=6))
def test_words_come_out_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    stream, edges = _stream(), [0, *sorted(cuts), len(_HELLO)]
    words = [w for a, b in pairwise(edges) for w in stream.receive(_HELLO[a:b])]
    assert words == ["Hél", "lo"]
    assert stream.is_done
    assert list(stream.end()) == []


def test_lines_may_end_as_on_windows_and_comments_and_other_fields_are_skipped() -> None:
    stream = _stream()
    text = b": waiting\r\n\r\nevent: x\r\nid: 1\r\n" + _HELLO.replace(b"\n", b"\r\n")
    assert list(stream.receive(text)) == ["Hél", "lo"]


def test_data_may_be_spread_over_lines() -> None:
    assert list(_stream().receive(b'data: {"choices":\ndata:[{"delta": {"content": "a"}}]}\n\n')) == ["a"]


def test_a_finish_reason_ends_the_answer_even_without_done() -> None:
    stream = _stream()
    assert list(stream.receive(_event({"content": "a"}, "stop"))) == ["a"]
    assert stream.is_done


def test_refusals_are_words_too_and_other_choices_are_none() -> None:
    both = json.dumps({"choices": [{"delta": {"refusal": "No."}}, {"delta": {"content": "other"}}]}).encode()
    assert list(_stream().receive(b"data: " + both + b"\n\n")) == ["No."]


def test_calls_are_put_together_from_their_pieces() -> None:
    stream = _stream()
    for piece in (
        _function(0, "c1", "get_weather", ""),
        _function(0, None, None, '{"city":'),
        _function(1, "c2", "beep", None),
        _function(0, None, None, '"Rome"}'),
        _DONE,
    ):
        assert list(stream.receive(piece)) == []
    assert list(stream.end()) == [ChatCall("get_weather", '{"city":"Rome"}'), ChatCall("beep", "{}")]


@pytest.mark.parametrize("index", [None, 0])
def test_calls_without_numbers_or_all_of_one_number_are_told_apart(index: int | None) -> None:
    stream = _stream()
    for piece in (_function(index, "c1", "a", "{}"), _function(index, "c2", "b", "{}"), _DONE):
        list(stream.receive(piece))
    assert [call.name for call in stream.end()] == ["a", "b"]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"data: {nonsense\n\n", "no piece of a chat completion"),
        (b'data: {"choices": 5}\n\n', "no piece of a chat completion"),
        (b"data: \xff\n\n", "no piece of a chat completion"),
        (b'data: {"error": {"message": "out of  memory", "code": 1}}\n\n', "broke it off: out of memory"),
        (b"data: " + b"x" * 1_000, "a line of more than 1000 bytes"),
        (b"data: " + b"x" * 1_000 + b"\n\n", "a line of more than 1000 bytes"),
        (b": \n" * 4_000, "longer than 10000 bytes"),
    ],
)
def test_a_stream_that_breaks_the_rules_is_refused(sent: bytes, complaint: str) -> None:
    with pytest.raises(StreamError, match=complaint):
        list(_stream().receive(sent))


def test_more_calls_than_any_model_makes_are_refused() -> None:
    stream = _stream(body_bytes=100_000)
    for index in range(64):
        list(stream.receive(_function(index, f"c{index}", "f", "{}")))
    with pytest.raises(StreamError, match="more than 64 functions"):
        list(stream.receive(_function(64, "c64", "f", "{}")))


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    stream = _stream()
    list(stream.receive(_event({"content": "Hel"})))
    with pytest.raises(StreamError, match="ended before the answer did"):
        stream.end()


def test_a_call_without_a_name_is_refused() -> None:
    stream = _stream()
    list(stream.receive(_function(0, "c1", None, "{}") + _DONE))
    with pytest.raises(StreamError, match="without a name"):
        stream.end()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("plain\n text", "plain text"),
        ({"error": {"message": "deep"}}, "deep"),
        ({"detail": "not found"}, "not found"),
        ({"code": 5}, "no reason given"),
        ([1, 2], "[1,2]"),
        ("x" * 1_000, "x" * 300),
    ],
)
def test_the_reason_is_found_wherever_a_server_puts_it(error: object, text: str) -> None:
    assert error_text(error) == text


def test_comments_and_a_role_are_no_beginning_but_thoughts_are() -> None:
    stream = _stream()
    for nothing in (b": keep-alive\n\n", _event({"role": "assistant", "content": ""})):
        assert list(stream.receive(nothing)) == []
        assert not stream.has_begun
    assert list(stream.receive(_event({"reasoning": "Hm."}))) == []
    assert stream.has_begun


def test_an_error_may_be_the_event_itself() -> None:
    with pytest.raises(StreamError, match="the server broke it off: too long"):
        list(_stream().receive(b'data: {"object": "error", "message": "too long", "code": 400}\n\n' + _DONE))
