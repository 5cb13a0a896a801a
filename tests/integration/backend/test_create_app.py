"""What the parts list makes of settings."""

from pathlib import Path

import pytest

from limi.adapters.configuration import load_settings
from limi.app import create_app
from limi.kernel.settings import SettingsError
from limi.testing import InMemoryJournalStore, ManualClock
from limi.testing.backend import known_keys, running_backend
from tests.integration.http.harness import MINT, open_site


def _upstream_name(environ: dict[str, str]) -> str:
    app = create_app(load_settings(environ), keys=known_keys(), store=InMemoryJournalStore())
    return app.upstream_name


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "sandbox"),
        ({"OPENAI_API_KEY": "sk-0123456789"}, "openai"),
        ({"OPENAI_API_KEY": "sk-0123456789", "LIMI_UPSTREAM_URL": "sandbox"}, "sandbox"),
        ({"OPENAI_API_KEY": "sk-0123456789", "LIMI_UPSTREAM_URL": "http://127.0.0.1:3010/v1"}, "127.0.0.1:3010"),
    ],
)
def test_the_upstream_is_named(environ: dict[str, str], name: str) -> None:
    assert _upstream_name(environ) == name


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"LIMI_ENV": "production"}, "OPENAI_API_KEY"),
        ({"LIMI_UPSTREAM_URL": "http://127.0.0.1:9/v1"}, "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": "sk-0123456789", "LIMI_HOST": "10.0.0.1"}, "LIMI_ALLOW_ANONYMOUS"),
        ({"LIMI_TRUSTED_PROXIES": "everybody"}, "LIMI_TRUSTED_PROXIES"),
        ({"LIMI_MODELS_DEFAULT": "ghost"}, "models.default"),
        ({"LIMI_PROFILES": '{"default": {"model": "ghost"}}'}, "model"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        _upstream_name(environ)


async def test_two_backends_in_one_process_do_not_mix() -> None:
    async with running_backend() as first, running_backend() as second, open_site() as site:
        assert (await site.client.post(f"{first.url}{MINT}")).status_code == 200
        stats = [(await site.client.get(f"{one.url}{MINT}/stats")).json() for one in (first, second)]
        assert [answer["tokenCache"]["totalTokens"] for answer in stats] == [1, 0]
        metrics = (await site.client.get(f"{second.url}/metrics")).text
        assert "limi_mints_total{" not in metrics


@pytest.mark.parametrize(("speech", "told"), [("small", False), ("auto", True)])
def test_the_sandbox_inside_gets_the_speech_that_was_set(
    speech: str,
    told: bool,  # noqa: FBT001
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _upstream_name({"LIMI_SPEECH": speech, "LIMI_SPEECH_DIR": str(tmp_path / "weights")})
    assert (f"in {tmp_path / 'weights'}: run `limi speech install`" in capsys.readouterr().out) is told


async def test_a_model_near_its_end_is_warned_of_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock(now=1_800_000_000)  # five days before the family's end
    async with open_site(environ={"LIMI_MODELS_DEFAULT": "gpt-realtime"}, clock=clock):
        assert "gpt-realtime shuts down on 2027-01-20; gpt-realtime-2.1 takes its place" in capsys.readouterr().out


async def test_a_user_agent_is_kept_only_where_the_environment_allows() -> None:
    production = {"LIMI_ENV": "production", "LIMI_ALLOW_ANONYMOUS": "true"}
    for environ, kept in (({}, "an agent"), (production, None)):
        async with open_site(environ=environ) as site:
            await site.mint({}, {"user-agent": "an agent"})
            assert {entry.user_agent for entry in await site.entries()} == {kept}
