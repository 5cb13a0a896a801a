"""What the end-to-end tests share."""

from collections.abc import AsyncIterator
from time import time

import pytest

from limi.testing import FakeUpstream


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """An upstream on this machine, whose keys begin to live now."""
    upstream = FakeUpstream()
    upstream.now = int(time())
    async with upstream.running():
        yield upstream
