"""Fakes of the mint's ports, which a test can hold up and break."""

import asyncio
from collections.abc import Awaitable

import msgspec

from limi.features.client_secrets.errors import UpstreamError
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Repeat, Sealer
from limi.features.client_secrets.model import ClientSecret, Minted, MintRequest
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.client_secrets.service import MintService
from limi.features.client_secrets.session_config import SessionBodies
from limi.kernel.facts import Fact, Origin
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import Principal, Scope
from limi.kernel.profiles import NamedProfile
from limi.kernel.secret import Secret
from limi.kernel.settings import ModelSettings, Profile
from limi.testing import CountingIds, ManualClock

ANYONE = Principal(caller="ip:203.0.113.9", scopes=frozenset({Scope.MINT}), anonymous=True)
KEY_HOLDER = Principal(caller="key:k1", scopes=frozenset({Scope.MINT}), tenant="acme")


class StepJournal:
    """A journal whose disk the test is: nothing is durable before `settle`, unless `immediate`."""

    def __init__(self, *, immediate: bool = True) -> None:
        self.immediate = immediate
        self.broken = False
        self.facts: list[Fact] = []
        self._waiting: list[asyncio.Future[None]] = []

    def record(self, *facts: Fact) -> Awaitable[None]:
        self.facts.extend(facts)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(durable)
        if self.immediate:
            self.settle()
        return durable

    def settle(self) -> None:
        """Let everything that waits become durable, or fail."""
        waiting, self._waiting = self._waiting, []
        for durable in waiting:
            if durable.cancelled():
                continue
            if self.broken:
                durable.set_exception(JournalUnavailableError("the disk is full"))
                durable.exception()  # Looked at, so that nobody hears of those that nobody awaits.
            else:
                durable.set_result(None)

    def events(self) -> list[str]:
        return [fact.event.value for fact in self.facts]


class StepUpstream:
    """Makes numbered keys; while `gate` is shut, it thinks."""

    def __init__(self, clock: ManualClock) -> None:
        self.asked: list[tuple[bytes, str]] = []
        self.checks = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.problem: BaseException | None = None
        self.model: str | None = None
        self._clock = clock

    async def mint(self, body: bytes, *, safety_identifier: str) -> ClientSecret:
        self.asked.append((body, safety_identifier))
        number = len(self.asked)
        await self.gate.wait()
        if self.problem:
            raise self.problem
        return ClientSecret(
            value=Secret(f"ek_{number:032d}"),
            expires_at=int(self._clock.now()) + 600,
            session_id=f"sess_{number}",
            model=self.model,
        )

    async def check(self) -> None:
        self.checks += 1
        await self.gate.wait()
        if isinstance(self.problem, UpstreamError):
            raise self.problem


class FixedProfiles:
    """Profiles as the test has them, for every tenant the same unless it says otherwise."""

    def __init__(self, profiles: dict[str, Profile]) -> None:
        self.known = {name: NamedProfile(name=name, profile=profile) for name, profile in profiles.items()}
        self.of_tenants: dict[tuple[str, str], NamedProfile] = {}

    async def resolve(self, name: str, tenant: str | None) -> NamedProfile | None:
        return self.of_tenants.get((tenant or "", name)) or self.known.get(name)


class Desk:
    """A mint with everything it was made from."""

    def __init__(
        self,
        *,
        profiles: dict[str, Profile] | None = None,
        immediate: bool = True,
        max_in_flight: int = 1000,
        privacy_key: bytes = b"\x02" * 32,
    ) -> None:
        self.clock = ManualClock()
        self.journal = StepJournal(immediate=immediate)
        self.upstream = StepUpstream(self.clock)
        self.repeats = InMemoryIdempotencyStore(clock=self.clock, max_entries=100)
        self.profiles = FixedProfiles(profiles or {"default": Profile()})
        self.service = MintService(
            upstream=self.upstream,
            journal=self.journal,
            models=ModelCatalogue(settings=ModelSettings(), clock=self.clock),
            profiles=self.profiles,
            bodies=SessionBodies(),
            repeats=self.repeats,
            sealer=Sealer(b"\x01" * 32),
            privacy_key=privacy_key,
            max_in_flight=max_in_flight,
            clock=self.clock,
            ids=CountingIds(),
        )

    async def mint(
        self,
        request: MintRequest | None = None,
        *,
        principal: Principal = KEY_HOLDER,
        repeat: Repeat | None = None,
        ip: str = "203.0.113.9",
    ) -> Minted:
        origin = Origin(request_id="req-1", caller=principal.caller, tenant=principal.tenant, ip=ip)
        return await self.service.mint(request or MintRequest(), principal=principal, origin=origin, repeat=repeat)


def repeat(key: str = "idem-1", *, scope: str = "key:k1", body: bytes = b"{}") -> Repeat:
    return Repeat(scope=scope, key=Secret(key), body=body)


async def turns(count: int = 10) -> None:
    """Let every task that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


def session_of(asked: tuple[bytes, str]) -> dict[str, object]:
    session: dict[str, object] = msgspec.json.decode(asked[0])["session"]
    return session
