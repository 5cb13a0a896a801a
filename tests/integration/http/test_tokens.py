"""A product with a login of its own: its users mint with the tokens they have already."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from limi.features.journal.model import Selection
from limi.testing import FakeIssuer, ManualClock, running_backend
from limi.testing.backend import Backend
from tests.integration.http.harness import MINT, assert_error


class Product:
    """A backend that accepts the tokens of an issuer, and an admin's hand on it."""

    def __init__(
        self, issuer: FakeIssuer, backend: Backend, client: httpx.AsyncClient, clock: ManualClock
    ) -> None:
        self.issuer = issuer
        self.backend = backend
        self.client = client
        self.clock = clock

    async def mint(self, token: str, **body: object) -> httpx.Response:
        return await self.client.post(MINT, json=body, headers={"authorization": f"Bearer {token}"})

    async def get(self, path: str, token: str) -> httpx.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {token}"})


@pytest_asyncio.fixture(loop_scope="module")
async def product(environ: dict[str, str]) -> AsyncIterator[Product]:
    clock = ManualClock()
    issuer = FakeIssuer(clock=clock)
    async with (
        running_backend(environ=environ, clock=clock, issuer=issuer) as backend,
        httpx.AsyncClient(base_url=backend.url, trust_env=False, timeout=30) as client,
    ):
        yield Product(issuer, backend, client, clock)


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    profiles = {"default": {"instructions": "Greet {{name}}.", "variables": {"name": "nobody"}}}
    return {
        "LIMI_ENV": "production",
        "LIMI_UPSTREAM_URL": "sandbox",
        "LIMI_SECRET_KEY_FILE": "unused",
        "LIMI_ADMIN_KEY_FILE": "unused",
        "LIMI_ALLOW_ANONYMOUS": "false",
        "LIMI_TOKENS_PER_MINUTE": "3",
        "LIMI_LIMITS_OTHER_PER_MINUTE": "3",
        "LIMI_OIDC_SCOPES": json.dumps({"staff": "stats"}),
        "LIMI_OIDC_VARIABLES": json.dumps({"name": "given_name"}),
        "LIMI_PROFILES": json.dumps(profiles),
    }


async def test_a_users_token_mints_in_the_users_name(product: Product) -> None:
    assert (await product.mint(product.issuer.token(sub="ada"))).status_code == 200
    journal = product.backend.store
    stats = await product.get(f"{MINT}/stats", product.backend.admin_key)
    assert stats.json()["tokenCache"]["totalTokens"] == 1
    assert {row.caller for row in journal.entries(after=0, limit=9, selection=Selection())} == {"user:ada"}


async def test_users_are_limited_each_by_themselves(product: Product) -> None:
    for user in ("ada", "bob"):
        statuses = [(await product.mint(product.issuer.token(sub=user))).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


async def test_a_token_that_is_not_good_is_an_invalid_credential(product: Product) -> None:
    response = await product.mint(product.issuer.token(aud="elsewhere"))
    assert_error(response, "auth_required", 401)
    assert response.headers["www-authenticate"] == 'Bearer realm="limi"'


@pytest.mark.parametrize("path", [MINT, f"{MINT}/stats", "/metrics", "/docs", "/openapi.json"])
async def test_wrong_tokens_count_in_the_window_of_their_address(product: Product, path: str) -> None:
    method = "POST" if path == MINT else "GET"
    header = {"authorization": f"Bearer {product.issuer.token(aud='elsewhere')}"}
    statuses = [(await product.client.request(method, path, headers=header)).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


async def test_what_a_user_may_do_beyond_minting_is_said_by_the_tokens_scopes(product: Product) -> None:
    stats = f"{MINT}/stats"
    assert_error(await product.get(stats, product.issuer.token(scope="openid")), "forbidden", 403)
    assert (await product.get(stats, product.issuer.token(scope="openid staff"))).status_code == 200


async def test_without_the_issuers_keys_a_token_is_answered_503(product: Product) -> None:
    product.issuer.down = True
    assert_error(await product.mint(product.issuer.token()), "access_unavailable", 503)
    product.issuer.down = False
    product.clock.advance(5)
    assert (await product.mint(product.issuer.token())).status_code == 200


async def test_a_token_whose_tenant_nobody_made_is_refused() -> None:
    clock = ManualClock()
    issuer = FakeIssuer(clock=clock)
    environ = {"LIMI_OIDC_TENANT_CLAIM": "org"}
    async with (
        running_backend(environ=environ, clock=clock, issuer=issuer) as backend,
        httpx.AsyncClient(base_url=backend.url, trust_env=False, timeout=30) as client,
    ):
        for org in (None, "nobody"):
            header = {"authorization": f"Bearer {issuer.token(org=org)}"}
            assert_error(await client.post(MINT, headers=header), "auth_required", 401)
