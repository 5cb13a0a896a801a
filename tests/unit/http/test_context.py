"""What is known of a request before anyone looks at its body."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.http.context import choose_request_id, context_of, is_openai_path, put_context
from limi.testing import CountingIds
from tests.unit.http.harness import make_context, make_scope


@given(st.one_of(st.binary(max_size=110), st.from_regex(rb"[A-Za-z0-9._-]{1,110}", fullmatch=True)))
def test_a_request_id_is_the_clients_modest_one_or_new(given_id: bytes) -> None:
    chosen = choose_request_id(given_id, CountingIds())
    modest = re.fullmatch(rb"[A-Za-z0-9._-]{1,100}", given_id)
    assert chosen == (given_id.decode() if modest else CountingIds().hex(16))


def test_a_trailing_newline_is_not_modest() -> None:
    chosen = choose_request_id(b"abc\n", CountingIds())
    assert chosen != "abc\n"


def test_a_context_travels_with_its_request() -> None:
    scope, context = make_scope(), make_context()
    put_context(scope, context)
    assert context_of(scope) is context


@pytest.mark.parametrize("path", ["/v1/realtime", "/sandbox/v1/models", "/sandbox/"])
def test_sdks_call_here(path: str) -> None:
    assert is_openai_path(path)


@pytest.mark.parametrize("path", ["/", "/v1", "/v10/x", "/sandbox", "/api/v1/x", "/sandboxes/"])
def test_sdks_do_not_call_here(path: str) -> None:
    assert not is_openai_path(path)
