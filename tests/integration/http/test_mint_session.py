"""What upstream is asked for: the model, and the session config that a profile and `capabilities` make."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from limi.features.client_secrets.models import ALIASES
from limi.kernel.settings import Profile
from limi.protocol.models import REALTIME_MODELS
from tests.architecture.log_watch import WATCH
from tests.integration.http.harness import MINT, OpenSite, Site, assert_error

_INSTRUCTIONS = "Greet {{name}} in the manner of a sailor."
_PROFILES: dict[str, Any] = {
    "default": {
        "voice": "cedar",
        "transcription": {"model": "whisper-1"},
        "turn_detection": {"type": "server_vad"},
    },
    "greeter": {"instructions": _INSTRUCTIONS, "variables": {"name": "you"}, "model": "gpt-realtime-2"},
    "text": {"output_modality": "text", "ttl_seconds": 60},
    "staff": {"requires_key": True},
}


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return {"LIMI_PROFILES": json.dumps(_PROFILES)}


async def _asked(site: Site, body: dict[str, Any]) -> Any:
    response = await site.mint(body)
    assert response.status_code == 200, response.text
    return site.upstream.asked[-1].json()


async def test_the_default_profile_is_sent_whole(site: Site) -> None:
    assert await _asked(site, {}) == {
        "expires_after": {"anchor": "created_at", "seconds": 600},
        "session": {
            "type": "realtime",
            "model": "gpt-realtime-2.1-mini",
            "output_modalities": ["audio"],
            "instructions": Profile().instructions,
            "audio": {
                "input": {
                    "transcription": {"model": "whisper-1"},
                    "turn_detection": {"type": "server_vad"},
                    "noise_reduction": {"type": "near_field"},
                },
                "output": {"voice": "cedar"},
            },
        },
    }


CAPABILITIES: list[tuple[list[str], str, list[str], bool]] = [
    ([], "default", ["audio"], True),
    ([], "text", ["text"], True),
    (["audio_output"], "default", ["audio"], False),
    (["audio_output"], "text", ["audio"], False),
    (["text_output"], "default", ["text"], False),
    (["audio_output", "text_output"], "default", ["audio"], False),
    (["audio_input"], "default", ["audio"], True),
    (["audio_input"], "text", ["text"], True),
    (["audio_input", "text_output"], "default", ["text"], True),
    (["text_input"], "default", ["audio"], False),
    (["text_input", "audio_input", "audio_input"], "default", ["audio"], True),
]


@pytest.mark.parametrize(("capabilities", "profile", "modalities", "hears"), CAPABILITIES)
async def test_capabilities_are_translated(
    site: Site, capabilities: list[str], profile: str, modalities: list[str], *, hears: bool
) -> None:
    asked = await _asked(site, {"capabilities": capabilities, "profile": profile})
    session = asked["session"]
    assert "capabilities" not in json.dumps(asked)
    assert session["output_modalities"] == modalities
    listening = session["audio"]["input"]
    assert (listening["transcription"] is not None) == hears
    assert (listening["turn_detection"] is not None) == hears


async def test_a_profile_brings_its_own_model_instructions_and_time_to_live(site: Site) -> None:
    asked = await _asked(site, {"profile": "greeter", "variables": {"name": "Ada"}})
    WATCH.register("in the manner of a sailor")
    assert asked["session"]["instructions"] == "Greet Ada in the manner of a sailor."
    assert asked["session"]["model"] == "gpt-realtime-2"
    assert (await _asked(site, {"profile": "text"}))["expires_after"]["seconds"] == 60


async def test_a_variable_left_out_has_the_profiles_default(site: Site) -> None:
    asked = await _asked(site, {"profile": "greeter"})
    assert asked["session"]["instructions"] == "Greet you in the manner of a sailor."


async def test_a_variables_value_is_not_read_as_a_template(site: Site) -> None:
    asked = await _asked(site, {"profile": "greeter", "variables": {"name": "{{name}}"}})
    assert asked["session"]["instructions"] == "Greet {{name}} in the manner of a sailor."


async def test_the_requests_model_goes_before_the_profiles(site: Site) -> None:
    asked = await _asked(site, {"profile": "greeter", "model": "gpt-realtime-1.5"})
    assert asked["session"]["model"] == "gpt-realtime-1.5"


async def test_a_profile_that_requires_a_key_is_forbidden_to_the_anonymous(site: Site) -> None:
    body = assert_error(await site.mint({"profile": "staff"}), "forbidden", 403)
    assert body["message"] == "profile: `staff` needs an API key"
    assert not site.upstream.asked
    assert (await site.mint({"profile": "staff"}, site.admin)).status_code == 200


@pytest.mark.parametrize("name", [*REALTIME_MODELS])
async def test_every_current_upstream_name_is_accepted(site: Site, name: str) -> None:
    response = await site.mint({"model": name})
    assert response.json()["model"] == name
    assert "x-limi-model-replaced" not in response.headers


@pytest.mark.parametrize(("alias", "meant"), ALIASES.items())
async def test_an_alias_is_never_sent_upstream(site: Site, alias: str, meant: str) -> None:
    asked = await _asked(site, {"model": alias})
    assert asked["session"]["model"] == meant


async def test_the_promised_aliases_are_there(site: Site) -> None:
    for name in ("gpt-realtime", "gpt-4-realtime", "gpt-4o-realtime-preview", "gpt-4o-mini-realtime-preview"):
        assert (await site.mint({"model": name})).status_code == 200


async def test_from_its_shutdown_day_a_model_is_replaced_and_the_answer_says_so(opened: OpenSite) -> None:
    """The day begins at midnight UTC; the sockets, the stats and the health answer know of it."""
    site = await opened()
    last_second = datetime(2027, 1, 19, 23, 59, 59, tzinfo=UTC).timestamp()
    site.clock.set_now(last_second)
    before = await site.mint({"model": "gpt-4-realtime"})
    assert before.json()["model"] == "gpt-realtime"
    assert "x-limi-model-replaced" not in before.headers
    stats = (await site.get(f"{MINT}/stats")).json()
    assert [warning["model"] for warning in stats["warnings"]] == ["gpt-realtime"]
    assert stats["warnings"][0]["shutdown"] == "2027-01-20"
    assert (await site.get(f"{MINT}/health")).json()["warnings"] == stats["warnings"]
    site.clock.advance(1)
    after = await site.mint({"model": "gpt-4-realtime"})
    assert after.json()["model"] == "gpt-realtime-2.1"
    assert after.headers["x-limi-model-replaced"] == "gpt-realtime"
    assert after.json()["urls"]["websocket"].endswith("?model=gpt-realtime-2.1")
    assert [asked.json()["session"]["model"] for asked in site.upstream.asked if asked.method == "POST"] == [
        "gpt-realtime",
        "gpt-realtime-2.1",
    ]
