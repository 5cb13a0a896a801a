"""The settings with which no server can start."""

from pathlib import Path

import pytest

from limi.adapters.configuration import load_settings
from limi.cli.checks import check_settings
from limi.kernel.settings import SettingsError


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"LIMI_ENV": "production"}, "OPENAI_API_KEY, LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are required"),
        ({"LIMI_PUBLIC_URL": "https://voice.example:port"}, "LIMI_PUBLIC_URL names no host"),
        ({"LIMI_CORS_ORIGINS": "*"}, "LIMI_CORS_ORIGINS"),
        ({"LIMI_ALLOWED_HOSTS": "voice.example:443"}, "LIMI_ALLOWED_HOSTS"),
        ({"LIMI_TRUSTED_PROXIES": "everybody"}, "LIMI_TRUSTED_PROXIES"),
        ({"LIMI_PROFILES": '{"a": {"transcription": {"model": 5}}}'}, "profiles.a.transcription"),
    ],
)
def test_each_is_named_and_nothing_is_made(environ: dict[str, str], named: str, folder: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        check_settings(load_settings(environ))
    assert str(caught.value).startswith(named)
    assert list(folder.iterdir()) == []


def test_what_is_there_without_any_is_fine() -> None:
    check_settings(load_settings({}))
