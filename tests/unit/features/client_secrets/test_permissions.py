"""A valid request may still ask for more than profile and caller allow."""

import dataclasses
from typing import Any

import pytest

from limi.features.client_secrets.errors import ForbiddenError, InvalidMintError
from limi.features.client_secrets.model import Capability, MintRequest
from limi.kernel.principal import Principal
from limi.kernel.profiles import NamedProfile
from limi.kernel.settings import Override, Profile
from tests.unit.features.client_secrets.harness import KEY_HOLDER, Desk, session_of


def bound(**members: Any) -> Principal:
    return dataclasses.replace(KEY_HOLDER, **members)


class TestWhatTheProfileDecides:
    FIXED = Profile(model="gpt-realtime-1.5", overrides=())

    async def test_unless_it_says_otherwise_model_and_capabilities_are_the_clients(self) -> None:
        desk = Desk(profiles={"default": Profile(model="gpt-realtime-1.5")})
        await desk.mint(MintRequest(model="gpt-realtime-2.1", capabilities=[Capability.TEXT_OUTPUT]))
        assert session_of(desk.upstream.asked[0])["model"] == "gpt-realtime-2.1"

    async def test_another_model_is_refused(self) -> None:
        desk = Desk(profiles={"default": self.FIXED})
        with pytest.raises(ForbiddenError, match="model: is decided by the profile `default`"):
            await desk.mint(MintRequest(model="gpt-realtime-2.1"))
        assert (desk.upstream.asked, desk.journal.facts) == ([], [])

    async def test_a_client_that_always_names_its_model_may_name_the_one_it_gets(self) -> None:
        desk = Desk(profiles={"default": self.FIXED})
        await desk.mint(MintRequest(model="gpt-realtime-1.5"))
        plain = Desk(profiles={"default": Profile(overrides=())})
        await plain.mint(MintRequest(model="gpt-realtime-2.1-mini"))

    async def test_capabilities_are_refused_where_they_are_not_the_clients(self) -> None:
        desk = Desk(profiles={"default": Profile(overrides=(Override.MODEL,))})
        await desk.mint(MintRequest(model="gpt-realtime-2.1"))
        with pytest.raises(ForbiddenError, match="capabilities: are decided"):
            await desk.mint(MintRequest(capabilities=[Capability.TEXT_OUTPUT]))

    async def test_a_name_nobody_knows_is_still_the_requests_mistake(self) -> None:
        desk = Desk(profiles={"default": self.FIXED})
        with pytest.raises(InvalidMintError, match="model: must be one of"):
            await desk.mint(MintRequest(model="gpt-5"))


class TestWhatTheCallerMayHave:
    @pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4o-realtime-preview", "gpt-4-realtime"])
    async def test_a_model_may_be_named_in_any_way(self, model: str) -> None:
        await Desk().mint(MintRequest(model=model), principal=bound(models=frozenset({"gpt-realtime"})))
        await Desk().mint(MintRequest(model=model), principal=bound(models=frozenset({"gpt-4-realtime", "x"})))

    async def test_another_model_is_refused_be_it_asked_for_or_the_default(self) -> None:
        caller = bound(models=frozenset({"gpt-realtime"}))
        for request in (MintRequest(), MintRequest(model="gpt-realtime-2.1")):
            with pytest.raises(ForbiddenError, match=r"model: `gpt-realtime-2\.1.* is not among those"):
                await Desk().mint(request, principal=caller)

    async def test_what_takes_a_models_place_is_allowed_with_it(self) -> None:
        desk = Desk()
        desk.clock.set_now(1_800_403_200)  # 2027-01-20, the day gpt-realtime ends
        await desk.mint(MintRequest(model="gpt-realtime"), principal=bound(models=frozenset({"gpt-realtime"})))

    async def test_a_profile_outside_its_own_is_refused_whether_it_exists_or_not(self) -> None:
        desk = Desk(profiles={"default": Profile(), "staff": Profile()})
        caller = bound(profiles=frozenset({"default"}))
        await desk.mint(principal=caller)
        for name in ("staff", "nobody"):
            with pytest.raises(ForbiddenError, match=f"profile: `{name}` is not among those"):
                await desk.mint(MintRequest(profile=name), principal=caller)

    async def test_the_profile_is_the_one_that_its_tenant_means(self) -> None:
        desk = Desk(profiles={"default": Profile(voice="house")})
        own = NamedProfile(name="default", tenant="acme", version=3, profile=Profile(voice="acme"))
        desk.profiles.of_tenants["acme", "default"] = own
        await desk.mint()
        await desk.mint(principal=dataclasses.replace(KEY_HOLDER, tenant="other"))
        voices = [session_of(asked)["audio"]["output"]["voice"] for asked in desk.upstream.asked]  # type: ignore[index] # JSON
        assert voices == ["acme", "house"]


async def test_two_tenants_users_of_one_name_are_two_to_upstream() -> None:
    desk = Desk()
    for tenant in ("acme", "other"):
        await desk.mint(principal=dataclasses.replace(KEY_HOLDER, caller="user:ada", tenant=tenant))
    assert len({identifier for _, identifier in desk.upstream.asked}) == 2
