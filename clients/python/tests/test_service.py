"""What services use: keys for their own users, under the service's name."""

import asyncio

import pytest
from limi.testing import Backend, FakeUpstream, Reply

from limi_client import (
    APIResponseValidationError,
    AsyncLimiAIServiceIntegration,
    AuthenticationError,
    LimiAIServiceIntegration,
)


def test_a_key_is_named_after_its_service(shared_backend: Backend) -> None:
    url = f"{shared_backend.url}/api"
    with LimiAIServiceIntegration(url, shared_backend.admin_key) as limi:
        key = limi.generate_token_for_service(
            "booking", model="gpt-realtime-2.1", capabilities=["text_input", "text_output"]
        )
        assert limi.check_service_health().is_healthy
    assert key.session_id == "booking"
    assert key.model == "gpt-realtime-2.1"


async def test_with_await_it_is_the_same(shared_backend: Backend) -> None:
    async with AsyncLimiAIServiceIntegration(f"{shared_backend.url}/api") as limi:
        key = await limi.generate_token_for_service("booking")
        assert (await limi.check_service_health()).is_healthy
    assert key.session_id == "booking"


def test_two_keys_of_a_service_are_two_keys(shared_url: str) -> None:
    with LimiAIServiceIntegration(shared_url) as limi:
        keys = {limi.generate_token_for_service("a").ephemeral_key for _ in range(3)}
    assert len(keys) == 3


@pytest.mark.parametrize("service_id", ["", "with space", "ü", "x" * 101])
def test_a_service_id_that_fits_no_session_id_is_refused(service_id: str) -> None:
    limi = LimiAIServiceIntegration("http://127.0.0.1:9/api")
    with pytest.raises(ValueError, match="service_id"):
        limi.generate_token_for_service(service_id)
    limi.close()


def test_the_key_of_the_backend_is_not_shown(shared_url: str) -> None:
    with LimiAIServiceIntegration(shared_url, "limi_wrong_0000") as limi:
        assert "limi_wrong" not in repr(limi)
        with pytest.raises(AuthenticationError):
            limi.generate_token_for_service("a")


async def test_the_backend_learns_that_a_service_asks(impostor: FakeUpstream) -> None:
    impostor.always = Reply(200, b"{}")
    limi = LimiAIServiceIntegration(impostor.url)
    with pytest.raises(APIResponseValidationError):
        await asyncio.to_thread(limi.generate_token_for_service, "a")
    limi.close()
    assert impostor.asked[0].headers["x-limi-client"] == "python-service/1.0.0"
