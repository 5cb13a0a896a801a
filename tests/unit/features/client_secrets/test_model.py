import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.features.client_secrets.model import MINT_RULES, Capability, ClientSecret, Minted, MintRequest
from limi.kernel.secret import Secret


def decode(body: bytes | str) -> MintRequest:
    return msgspec.json.decode(body, type=MintRequest)


def test_an_empty_object_asks_for_the_default() -> None:
    request = decode("{}")
    assert request == MintRequest()
    assert (request.profile, request.capabilities, request.variables) == ("default", [], {})
    assert request.session_id is msgspec.UNSET
    assert request.model is msgspec.UNSET


def test_every_member_is_read() -> None:
    request = decode(
        '{"sessionId": "react_1757-a", "model": "gpt-realtime", "capabilities": ["text_output", "text_output"],'
        ' "profile": "tutor-2", "variables": {"name": "Ada"}}'
    )
    assert request == MintRequest(
        session_id="react_1757-a",
        model="gpt-realtime",
        capabilities=[Capability.TEXT_OUTPUT, Capability.TEXT_OUTPUT],
        profile="tutor-2",
        variables={"name": "Ada"},
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"sessionId": ""}',
        '{"sessionId": "a b"}',
        '{"sessionId": "a\\n"}',
        '{"sessionId": "é"}',
        '{"sessionId": null}',
        '{"sessionId": 5}',
        f'{{"sessionId": "{"a" * 101}"}}',
        '{"model": ""}',
        '{"model": null}',
        '{"capabilities": ["audio"]}',
        '{"capabilities": "audio_input"}',
        '{"capabilities": [null]}',
        '{"profile": "Tutor"}',
        '{"profile": ""}',
        '{"profile": "a\\n"}',
        f'{{"profile": "{"a" * 65}"}}',
        '{"variables": {"a": 1}}',
        '{"variables": []}',
        f'{{"variables": {{"a": "{"x" * 501}"}}}}',
        '{"variables": {' + ",".join(f'"v{n}": ""' for n in range(21)) + "}}",
        '{"session_id": "a"}',
        '{"instructions": "Say yes."}',
        "[]",
        "null",
        '"text"',
    ],
)
def test_what_breaks_a_rule_or_is_not_a_member_is_refused(body: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(body)


def test_the_longest_that_is_allowed_is_allowed() -> None:
    decode(f'{{"sessionId": "{"a" * 100}", "profile": "{"a" * 64}", "variables": {{"a": "{"é" * 500}"}}}}')
    decode('{"variables": {' + ",".join(f'"v{n}": ""' for n in range(20)) + "}}")


@given(st.text(max_size=120))
def test_a_session_id_is_accepted_exactly_if_its_rule_says_so(text: str) -> None:
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
    fits = 1 <= len(text) <= 100 and set(text) <= allowed
    try:
        msgspec.convert({"sessionId": text}, MintRequest)
        accepted = True
    except msgspec.ValidationError:
        accepted = False
    assert accepted is fits


def test_every_member_has_a_rule_in_words() -> None:
    assert set(MINT_RULES) == {field.encode_name for field in msgspec.structs.fields(MintRequest)}


def test_what_holds_a_key_does_not_show_it() -> None:
    secret = ClientSecret(value=Secret("ek_1"), expires_at=1, session_id="sess_1", model=None)
    minted = Minted(key=Secret("ek_1"), expires_at=1, session_id="sess_1", model="gpt-realtime")
    assert "ek_1" not in f"{secret} {minted!r}"
