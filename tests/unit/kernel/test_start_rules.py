"""The starts that Limi refuses, and those it does not (design: keys are never handed to anyone by accident)."""

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.settings import ServerSettings, Settings, SettingsError, UpstreamSettings
from limi.kernel.start_rules import allows_anonymous, check_start, require_key_files, require_settings

KEY = "sk-main-key-of-a-test"
OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"LIMI_UPSTREAM_URL": OPENAI}, "OPENAI_API_KEY is required where LIMI_UPSTREAM_URL names a server"),
        ({"LIMI_UPSTREAM_URL": OPENAI, "OPENAI_API_KEY": "  "}, "OPENAI_API_KEY is required"),
        ({"LIMI_ENV": "staging"}, "OPENAI_API_KEY is required in staging; set LIMI_UPSTREAM_URL=sandbox"),
        ({"LIMI_ENV": "production"}, "OPENAI_API_KEY is required in production; set LIMI_UPSTREAM_URL=sandbox"),
        ({"OPENAI_API_KEY": KEY, "LIMI_HOST": "0.0.0.0"}, "LIMI_HOST=0.0.0.0 would let anyone"),  # noqa: S104
        ({"OPENAI_API_KEY": KEY, "LIMI_HOST": "::"}, "LIMI_HOST=:: would let anyone"),
        ({"OPENAI_API_KEY": KEY, "LIMI_HOST": "192.168.1.4"}, "would let anyone"),
        ({"OPENAI_API_KEY": KEY, "LIMI_HOST": "voice.example"}, "would let anyone"),
        ({"OPENAI_API_KEY": KEY, "LIMI_UPSTREAM_URL": "https://127.0.0.1:99999/v1"}, "LIMI_UPSTREAM_URL names no"),
        ({"OPENAI_API_KEY": KEY, "LIMI_UPSTREAM_URL": "https://[::1/v1"}, "LIMI_UPSTREAM_URL names no"),
        ({"OPENAI_API_KEY": KEY, "LIMI_UPSTREAM_URL": "https://:443/v1"}, "LIMI_UPSTREAM_URL names no"),
        ({"OPENAI_API_KEY": KEY, "LIMI_PUBLIC_URL": "https://voice.example:port"}, "LIMI_PUBLIC_URL names no"),
        ({"LIMI_REDIS_URL": "https://redis.example"}, "LIMI_REDIS_URL (redis.url) must be a URL such as redis://"),
        ({"LIMI_REDIS_URL": "redis.example:6379"}, "LIMI_REDIS_URL (redis.url) must be"),
        ({"LIMI_REDIS_URL": "redis://:6379"}, "LIMI_REDIS_URL (redis.url) must be"),
        ({"LIMI_REDIS_URL": "redis://redis.example:port"}, "LIMI_REDIS_URL (redis.url) must be"),
        ({"LIMI_REDIS_URL": "unix://"}, "LIMI_REDIS_URL (redis.url) must be"),
        ({"LIMI_WORKERS": "2"}, "LIMI_WORKERS=2 needs an upstream outside, because the sandbox inside knows only"),
        (
            {"LIMI_WORKERS": "3", "OPENAI_API_KEY": KEY},
            "LIMI_WORKERS=3 needs PostgreSQL (LIMI_DATABASE_URL=postgresql://…) and Redis (LIMI_REDIS_URL):",
        ),
        (
            {"LIMI_WORKERS": "2", "OPENAI_API_KEY": KEY, "LIMI_REDIS_URL": "redis://redis.example"},
            "needs PostgreSQL (LIMI_DATABASE_URL=postgresql://…): without",
        ),
        (
            {"LIMI_WORKERS": "2", "OPENAI_API_KEY": KEY, "LIMI_DATABASE_URL": "postgresql://db.example/limi"},
            "needs Redis (LIMI_REDIS_URL): without",
        ),
    ],
)
def test_a_start_nobody_can_have_meant_is_refused(environ: dict[str, str], sentence: str) -> None:
    settings = load_settings(environ)
    with pytest.raises(SettingsError) as caught:
        check_start(settings)
    assert sentence in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LIMI_HOST": "0.0.0.0"},  # noqa: S104 - the sandbox's keys are worth nothing
        {"OPENAI_API_KEY": KEY},
        {"OPENAI_API_KEY": KEY, "LIMI_HOST": "localhost"},
        {"OPENAI_API_KEY": KEY, "LIMI_HOST": "::1"},
        {"OPENAI_API_KEY": KEY, "LIMI_HOST": "127.8.9.1"},
        {"OPENAI_API_KEY": KEY, "LIMI_HOST": "0.0.0.0", "LIMI_ALLOW_ANONYMOUS": "true"},  # noqa: S104
        {"OPENAI_API_KEY": KEY, "LIMI_HOST": "0.0.0.0", "LIMI_ALLOW_ANONYMOUS": "false"},  # noqa: S104
        {"OPENAI_API_KEY": KEY, "LIMI_UPSTREAM_URL": OPENAI},
        {"OPENAI_API_KEY": KEY, "LIMI_UPSTREAM_URL": "https://voice.example:8443/v1"},
        {"LIMI_ENV": "production", "LIMI_UPSTREAM_URL": "sandbox"},
        {"LIMI_ENV": "staging", "LIMI_UPSTREAM_URL": "sandbox"},
        {"LIMI_ENV": "production", "OPENAI_API_KEY": KEY, "LIMI_HOST": "0.0.0.0"},  # noqa: S104
        {"LIMI_REDIS_URL": "redis://redis.example"},
        {"LIMI_REDIS_URL": "rediss://limi:hush@[::1]:6380/2"},
        {"LIMI_REDIS_URL": "unix:///run/redis/redis.sock"},
        {
            "LIMI_WORKERS": "2",
            "OPENAI_API_KEY": KEY,
            "LIMI_DATABASE_URL": "postgresql://db.example/limi",
            "LIMI_REDIS_URL": "redis://redis.example",
        },
    ],
)
def test_a_start_that_makes_sense_is_allowed(environ: dict[str, str]) -> None:
    check_start(load_settings(environ))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(upstream=UpstreamSettings(url="https://me:hush@proxy.example/v1")),
        Settings(server=ServerSettings(public_url="https://hush@voice.example")),
    ],
)
def test_a_password_in_a_url_that_is_told_to_others_is_refused_however_it_came_there(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="must hold no user name or password") as caught:
        check_start(settings)
    assert "hush" not in str(caught.value)


FILES = {"LIMI_SECRET_KEY_FILE": "root", "LIMI_ADMIN_KEY_FILE": "admin"}
ALL = "OPENAI_API_KEY, LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are required in "
LACKING = [
    ({"LIMI_ENV": "production"}, ALL + "production; key files"),
    ({"LIMI_ENV": "production"}, "; set LIMI_UPSTREAM_URL=sandbox to run without OPENAI_API_KEY."),
    ({"LIMI_ENV": "staging", "LIMI_UPSTREAM_URL": OPENAI}, ALL + "staging"),
    (
        {"LIMI_ENV": "production", "LIMI_UPSTREAM_URL": "sandbox"},
        "LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are required in production; key files are",
    ),
    ({"LIMI_ENV": "production", **FILES}, "OPENAI_API_KEY is required in production; set LIMI_UPSTREAM_URL"),
    (
        {"LIMI_ENV": "production", "OPENAI_API_KEY": KEY, "LIMI_ADMIN_KEY_FILE": "admin"},
        "LIMI_SECRET_KEY_FILE is required in production; key files are",
    ),
    ({"LIMI_UPSTREAM_URL": OPENAI}, "OPENAI_API_KEY is required where LIMI_UPSTREAM_URL names a server."),
]


@pytest.mark.parametrize(("environ", "sentence"), LACKING)
def test_all_settings_that_a_server_lacks_are_told_at_once(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        require_settings(load_settings(environ))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OPENAI_API_KEY": KEY},
        {"LIMI_ENV": "production", "LIMI_UPSTREAM_URL": "sandbox", **FILES},
        {"LIMI_ENV": "staging", "OPENAI_API_KEY": KEY, **FILES},
    ],
)
def test_a_server_that_lacks_nothing_may_go_on(environ: dict[str, str]) -> None:
    require_settings(load_settings(environ))
    require_key_files(load_settings(environ))


@pytest.mark.parametrize(
    ("environ", "allowed"),
    [
        ({}, True),
        ({"LIMI_ENV": "staging"}, False),
        ({"LIMI_ENV": "production"}, False),
        ({"LIMI_ALLOW_ANONYMOUS": "false"}, False),
        ({"LIMI_ENV": "production", "LIMI_ALLOW_ANONYMOUS": "true"}, True),
    ],
)
def test_callers_without_a_key_may_mint_in_development_or_where_it_was_said(
    environ: dict[str, str],
    allowed: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    assert allows_anonymous(load_settings(environ)) is allowed
