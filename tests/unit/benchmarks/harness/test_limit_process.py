"""What an admission costs, by three kinds of stores."""

import pytest

from benchmarks.harness.limit_process import IN_FLIGHT, KINDS, figures_of


@pytest.mark.parametrize("kind", list(KINDS))
async def test_every_kind_is_measured_at_every_number_in_flight(kind: str, redis_url: str) -> None:
    found = await figures_of(kind, redis_url, 0.02)
    assert set(found) == {f"{key}_at_{many}" for key in ("cpu_us", "redis_us", "p99_us") for many in IN_FLIGHT}
    assert all(value > 0 for key, value in found.items() if not key.startswith("redis"))
