"""What a connection may cost: as set, and as the process can afford."""

import pytest

from limi.cli.connection_limits import ConnectionLimits, default_limits, limits_of
from limi.kernel.settings import ServerSettings


def test_connections_leave_files_for_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open 1024 files keeps a quarter for upstream, database and speech."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert default_limits().connections == 768
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert default_limits() == ConnectionLimits(head_bytes=65_536, head_seconds=10, connections=10_000)


def test_a_number_that_was_set_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    settings = ServerSettings(max_head_bytes=4096, head_seconds=2, write_seconds=3, max_connections=5000)
    assert limits_of(settings) == ConnectionLimits(
        head_bytes=4096, head_seconds=2, write_seconds=3, connections=5000
    )
    assert limits_of(ServerSettings()).connections == 768


def test_settings_that_nobody_made_are_the_defaults() -> None:
    assert limits_of(ServerSettings()) == default_limits()
