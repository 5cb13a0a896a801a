"""`limi config`: the settings in force, with secrets hidden."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from limi.adapters.configuration import load_settings, setting_infos

KEY = "made-up-main-key-of-a-test"


def printed(result: Result) -> dict[str, object]:
    assert result.exit_code == 0
    lines = (line.partition(" = ") for line in result.output.splitlines())
    return {name: json.loads(value) for name, _, value in lines}


def test_every_setting_is_printed_by_its_variable(invoke: Callable[..., Result]) -> None:
    assert list(printed(invoke("config"))) == [info.env for info in setting_infos()]


def test_what_is_in_force_is_printed(invoke: Callable[..., Result], folder: Path) -> None:
    (folder / "limi.toml").write_text("env = 'staging'\n[server]\nport = 4000")
    found = printed(invoke("config", "--config", "limi.toml", LIMI_HOST="127.0.0.2"))
    assert (found["LIMI_ENV"], found["LIMI_PORT"], found["LIMI_HOST"]) == ("staging", 4000, "127.0.0.2")
    assert found["LIMI_TOKENS_PER_MINUTE"] == 60


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_main_key_is_hidden(form: list[str], invoke: Callable[..., Result]) -> None:
    output = invoke("config", *form, OPENAI_API_KEY=KEY).output
    assert KEY not in output
    assert "********" in output


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://limi:pass:w/rd@db.example/limi", "postgresql://limi:********@db.example/limi"),
        (
            "postgresql://limi:@db/limi?a=b&password=passw&c=d",
            "postgresql://limi:********@db/limi?a=b&password=********&c=d",
        ),
        (
            "postgresql://db/limi?user=limi&sslpassword=passw",
            "postgresql://db/limi?user=limi&sslpassword=********",
        ),
        ("postgresql://u:passw@passw@h/db", "postgresql://u:********@h/db"),
        ("postgresql://u:p@passw/@passw?@h/db", "postgresql://u:********@h/db"),
        ("postgresql://passw@h/db", "postgresql://********@h/db"),
        ("postgresql://:passw@h/db", "postgresql://:********@h/db"),
        ("u:passw@h/db", "u:********@h/db"),
        ("sqlite:///data/a@b.db", "sqlite:///data/a@b.db"),
        ("postgresql://db:5432/limi", "postgresql://db:5432/limi"),
        ("sqlite:///data/limi.db", "sqlite:///data/limi.db"),
    ],
)
def test_a_databases_password_is_hidden(
    url: str, shown: str, form: list[str], invoke: Callable[..., Result]
) -> None:
    output = invoke("config", *form, LIMI_DATABASE_URL=url).output
    assert f'"{shown}"' in output
    assert "passw" not in output.replace("password=********", "")


def test_json_has_the_shape_of_the_file(invoke: Callable[..., Result]) -> None:
    tree = json.loads(invoke("config", "--json", LIMI_ALLOWED_HOSTS="a.example,b.example").output)
    assert tree["server"]["allowed_hosts"] == ["a.example", "b.example"]
    assert tree["upstream"]["api_key"] is None
    assert tree["profiles"]["default"]["voice"] == "marin"


def test_what_is_printed_as_json_can_be_loaded_again(invoke: Callable[..., Result]) -> None:
    found = printed(invoke("config", LIMI_ENV="production", LIMI_CORS_ORIGINS="https://a.example"))
    environ = {
        name: ",".join(map(str, value))
        if isinstance(value, list)
        else value
        if isinstance(value, str)
        else json.dumps(value)
        for name, value in found.items()
        if value is not None
    }
    assert load_settings(environ) == load_settings(
        {"LIMI_ENV": "production", "LIMI_CORS_ORIGINS": "https://a.example"}
    )
