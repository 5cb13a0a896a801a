from typing import Any

import pytest

from limi.kernel.secret import Secret
from limi.protocol import SessionConfig, default_config
from limi.sandbox.http.credentials import Credentials, bearer_token, subprotocol_token
from limi.sandbox.secrets import ClientSecrets

_CONFIG = default_config(model="gpt-realtime")


@pytest.fixture
def secrets(clock: Any, ids: Any) -> ClientSecrets[SessionConfig]:
    return ClientSecrets(clock=clock, ids=ids, limit=10)


def test_without_a_key_of_its_own_the_sandbox_takes_any_key(secrets: ClientSecrets[SessionConfig]) -> None:
    credentials = Credentials(api_key=None, secrets=secrets)
    assert credentials.is_standard_key("anything")
    assert not credentials.is_standard_key("")
    assert not credentials.is_standard_key(None)


def test_with_a_key_of_its_own_it_takes_no_other(secrets: ClientSecrets[SessionConfig]) -> None:
    credentials = Credentials(api_key=Secret("sk-right"), secrets=secrets)
    assert credentials.is_standard_key("sk-right")
    assert not credentials.is_standard_key("sk-wrong")


def test_a_client_secret_is_no_standard_key_and_opens_what_it_was_minted_for(
    secrets: ClientSecrets[SessionConfig], clock: Any
) -> None:
    credentials = Credentials(api_key=None, secrets=secrets)
    value = secrets.mint(_CONFIG, seconds=10).value.reveal()
    assert not credentials.is_standard_key(value)
    found = credentials.client_secret(value)
    assert found is not None
    assert found.session is _CONFIG
    clock.advance(11)
    assert credentials.client_secret(value) is None
    assert not credentials.is_standard_key(value)


@pytest.mark.parametrize(
    ("header", "token"),
    [(b"Bearer sk-1", "sk-1"), (b"bearer  sk-1 ", "sk-1"), (b"Basic abc", None), (b"Bearer ", None), (b"", None)],
)
def test_the_authorization_header_is_read(header: bytes, token: str | None) -> None:
    assert bearer_token([(b"host", b"x"), (b"authorization", header)]) == token


def test_no_authorization_header_is_no_token() -> None:
    assert bearer_token([]) is None


@pytest.mark.parametrize(
    ("offered", "token"),
    [
        (["realtime", "openai-insecure-api-key.ek_1", "openai-agents-sdk.0.20.0"], "ek_1"),
        (["realtime"], None),
        (["realtime", "openai-insecure-api-key."], None),
        ([], None),
    ],
)
def test_a_browsers_key_is_read_from_its_subprotocols(offered: list[str], token: str | None) -> None:
    assert subprotocol_token(offered) == token
