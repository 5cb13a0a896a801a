"""Shared objects are read as upstream spells them."""

import pytest

from limi.protocol import AudioFormat
from limi.protocol.errors import InvalidValueError
from limi.protocol.vocabulary import (
    VOICES,
    CustomVoice,
    FormatObject,
    FunctionToolObject,
    MCPToolObject,
    PCMAFormat,
    PCMFormat,
    PCMUFormat,
    ToolObject,
    check_size,
    check_tools,
    format_from,
    modality_from,
    tool_to_wire,
    voice_from,
)


def test_formats_are_told_by_their_type() -> None:
    wire: list[FormatObject] = [PCMFormat(), PCMUFormat(), PCMAFormat()]
    assert [format_from(each) for each in wire] == [AudioFormat.PCM16, AudioFormat.PCMU, AudioFormat.PCMA]


def test_voices_are_known_by_name_and_custom_ones_by_id() -> None:
    assert {voice_from(voice, at="v") for voice in VOICES} == set(VOICES)
    assert voice_from(CustomVoice(id="voice_1"), at="v") == "voice_1"
    with pytest.raises(InvalidValueError, match="'alloy'"):
        voice_from("nobody", at="v")


def test_there_is_exactly_one_modality() -> None:
    assert modality_from(["text"], at="m") == "text"
    for wrong in ([], ["text", "audio"], ["audio", "audio"]):
        with pytest.raises(InvalidValueError, match="Supported combinations"):
            modality_from(wrong, at="m")  # type: ignore[arg-type] # mypy widens the literals


def test_tools_are_shown_as_they_were_sent() -> None:
    assert tool_to_wire(FunctionToolObject(name="f")) == {"type": "function", "name": "f"}
    secret = MCPToolObject(server_label="s", authorization="very-secret", headers={"a": "very-secret"})
    assert tool_to_wire(secret) == {"type": "mcp", "server_label": "s"}
    assert "very-secret" not in repr(secret)


def test_free_json_is_bounded() -> None:
    check_size({"a": "x" * 65_000}, at="p")
    with pytest.raises(
        InvalidValueError, match=r"'p': as JSON it has 66008 bytes, and at most 65536 are taken"
    ) as caught:
        check_size({"a": "x" * 66_000}, at="p")
    assert caught.value.param == "p"


def _tools(count: int, size: int) -> list[ToolObject]:
    return [FunctionToolObject(name=f"f{index}", parameters={"a": "x" * size}) for index in range(count)]


def test_tools_are_bounded_one_by_one_and_together() -> None:
    check_tools(_tools(4, 60_000), at="t")
    with pytest.raises(InvalidValueError) as caught:
        check_tools([*_tools(2, 10), *_tools(1, 66_000)], at="session.tools")
    assert caught.value.param == "session.tools[2].parameters"
    with pytest.raises(InvalidValueError) as caught:
        check_tools(_tools(5, 60_000), at="session.tools")
    assert caught.value.param == "session.tools"
