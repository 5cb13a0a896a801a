"""What the tests of tokens share."""

import pytest

from tests.unit.adapters.oidc.harness import Login, make_login


@pytest.fixture
def login() -> Login:
    return make_login()
