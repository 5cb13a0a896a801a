from typing import Any

import pytest

from limi.kernel.secret import Secret
from limi.sandbox.secrets import ClientSecrets, TooManySecretsError, is_client_secret


def _store(clock: Any, ids: Any, limit: int = 10) -> ClientSecrets[str]:
    return ClientSecrets(clock=clock, ids=ids, limit=limit)


def test_a_secret_is_ek_and_32_lowercase_hexadecimal_characters(clock: Any, ids: Any) -> None:
    value = _store(clock, ids).mint("session", seconds=600).value.reveal()
    assert value.startswith("ek_")
    assert len(value) == 35
    assert set(value[3:]) <= set("0123456789abcdef")
    assert is_client_secret(value)


def test_a_secret_opens_its_session_any_number_of_times_until_it_expires(clock: Any, ids: Any) -> None:
    store = _store(clock, ids)
    secret = store.mint("session", seconds=10)
    for _ in range(2):
        found = store.find(secret.value.reveal())
        assert found is not None
        assert found.session == "session"
    clock.advance(10)
    assert store.find(secret.value.reveal()) is None


def test_expiry_is_told_in_whole_unix_seconds(clock: Any, ids: Any) -> None:
    secret = _store(clock, ids).mint("session", seconds=600)
    assert secret.expires_at == int(clock.now()) + 600


def test_expired_secrets_leave_the_memory(clock: Any, ids: Any) -> None:
    store = _store(clock, ids)
    for _ in range(5):
        store.mint("session", seconds=10)
    clock.advance(11)
    store.mint("session", seconds=10)
    assert len(store) == 1


def test_past_the_limit_none_is_made_until_one_expires_whichever_that_is(clock: Any, ids: Any) -> None:
    store = _store(clock, ids, limit=2)
    long, short = (store.mint("", seconds=seconds).value.reveal() for seconds in (600, 10))
    with pytest.raises(TooManySecretsError, match="keeps 2 client secrets"):
        store.mint("", seconds=600)
    assert store.find(long) is not None
    assert store.find(short) is not None
    clock.advance(10)
    assert store.find(store.mint("", seconds=600).value.reveal()) is not None
    assert (len(store), store.find(short)) == (2, None)


def test_an_unknown_secret_is_not_found(clock: Any, ids: Any) -> None:
    assert _store(clock, ids).find("ek_" + "0" * 32) is None


def test_printing_a_secret_does_not_show_it(clock: Any, ids: Any) -> None:
    secret = _store(clock, ids).mint("session", seconds=600)
    assert isinstance(secret.value, Secret)
    assert secret.value.reveal() not in repr(secret)
