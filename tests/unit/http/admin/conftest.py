import pytest

from tests.unit.http.admin.harness import Desk


@pytest.fixture
async def desk() -> Desk:
    return Desk()
