"""The fast selection of `make conformance` in Python: the locked SDKs, one scenario after another."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from openai import AsyncOpenAI

from conformance.processes import running_sandbox
from conformance.python_clients import agents_sdk, openai_sdk
from conformance.scenarios import Scenario
from conformance.target import SANDBOX_KEY, Target

# An expired key has to be waited for, ten seconds at least: the Node clients do so beside their other scenarios.
_FAST = [scenario for scenario in Scenario if scenario is not Scenario.EXPIRED_KEY]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`limi sandbox` with the parts that every machine has."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), "--speech", "small") as ready:
        url = ready["base_url"].replace("localhost", "127.0.0.1")
        yield Target(url=url, tls_url="", python=sys.executable)


@pytest.mark.parametrize("scenario", _FAST)
@pytest.mark.parametrize("client", [openai_sdk, agents_sdk], ids=["openai", "openai-agents"])
async def test_a_client_can_do_what_it_can_with_openai(
    client: ModuleType, scenario: Scenario, target: Target
) -> None:
    async with AsyncOpenAI(api_key=SANDBOX_KEY, base_url=target.url, max_retries=0) as api:
        await client.PLAYS[scenario](target, api)
