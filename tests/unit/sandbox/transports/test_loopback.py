"""The guard of how sockets are kept off the network, which rests on a method that the library does not promise."""

import asyncio
from typing import Any

import aioice
import pytest

from limi.sandbox.transports.loopback import confine


class _Candidate:
    def __init__(self, host: str) -> None:
        self.host = host


class _Connection:
    """Remembers where it was told to bind."""

    def __init__(self) -> None:
        self.bound: list[str] = []

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109 - aioice's signature
    ) -> list[_Candidate]:
        del component, timeout
        self.bound += addresses
        return [_Candidate(address) for address in addresses]


@pytest.mark.parametrize(
    ("address", "bound"),
    [("127.0.0.1", "127.0.0.1"), ("203.0.113.7", "0.0.0.0"), ("2001:db8::7", "::")],  # noqa: S104 - expected
)
async def test_one_address_is_offered_and_bound_where_it_is_this_machines(address: str, bound: str) -> None:
    connection = _Connection()
    confine(connection, address=address)
    candidates = await connection.get_component_candidates(component=1, addresses=["192.0.2.1", "192.0.2.2"])
    assert connection.bound == [bound]
    assert [candidate.host for candidate in candidates] == [address]


async def test_the_library_still_asks_where_it_is_told_and_binds_nothing_else() -> None:
    """When this fails after an upgrade, aioice gathers differently, and `confine` has to be written anew."""
    connection = aioice.Connection(ice_controlling=False)
    confine(connection, address="127.0.0.1")
    try:
        await connection.gather_candidates()
        assert [candidate.host for candidate in connection.local_candidates] == ["127.0.0.1"]
        assert [_bound(protocol) for protocol in connection._protocols] == ["127.0.0.1"]
    finally:
        await connection.close()


def _bound(protocol: Any) -> str:
    host: str = protocol.transport.get_extra_info("sockname")[0]
    return host


async def test_without_it_the_library_would_leave_loopback_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason for all this; should it ever fail, aioice offers loopback by itself and this can go."""
    asked: list[Any] = []

    async def bind(*_: Any, **named: Any) -> Any:
        asked.append(named["local_addr"][0])
        raise OSError

    monkeypatch.setattr(asyncio.get_running_loop(), "create_datagram_endpoint", bind, raising=False)
    connection = aioice.Connection(ice_controlling=False)
    await connection.gather_candidates()
    await connection.close()
    assert "127.0.0.1" not in asked
