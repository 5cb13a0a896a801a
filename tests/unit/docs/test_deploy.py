"""What stands in `deploy/`: it fits its formats, Limi's settings, and itself."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from limi.adapters.configuration import load_settings, setting_infos
from limi.kernel.start_rules import check_start, require_settings
from tests.services.programs import judge
from tests.unit.docs.reading import ROOT

_DEPLOY = ROOT / "deploy"
_COMPOSE: dict[str, Any] = yaml.safe_load((_DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
_SERVERS = ("limi-1", "limi-2")
_UNIT = (_DEPLOY / "limi.service").read_text(encoding="utf-8")


def _secrets_toml() -> str:
    """Return the configuration file that the script writes, as it is with made-up secrets."""
    script = (_DEPLOY / "make-secrets.sh").read_text(encoding="utf-8")
    found = re.search(r"<<TOML\n(.*?)\nTOML\n", script, re.DOTALL)
    assert found
    return re.sub(r"\$\w+", "0f" * 16, found[1])


def test_the_compose_file_is_one_by_the_specifications_schema() -> None:
    schema = json.loads((_DEPLOY / "compose-spec.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    assert [error.message for error in validator.iter_errors(_COMPOSE)] == []
    assert list(validator.iter_errors({"services": {"x": {"imagine": "y"}}}))


def test_services_name_only_what_the_file_defines() -> None:
    services = _COMPOSE["services"]
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(_COMPOSE["secrets"])
        assert set(service["networks"]) <= set(_COMPOSE["networks"])
        assert set(service.get("depends_on", [])) <= set(services)


def test_every_secret_is_a_file_that_the_script_makes() -> None:
    script = (_DEPLOY / "make-secrets.sh").read_text(encoding="utf-8")
    for secret in _COMPOSE["secrets"].values():
        name = secret["file"].removeprefix("./secrets/")
        assert f">{name}\n" in script or f">{name} <<" in script
    assert "deploy/secrets" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("server", _SERVERS)
def test_a_server_starts_with_the_settings_it_is_given(server: str, tmp_path: Path) -> None:
    (tmp_path / "limi.toml").write_text(_secrets_toml())
    given = {name: str(value) for name, value in _COMPOSE["services"][server]["environment"].items()}
    given |= {"LIMI_CONFIG": str(tmp_path / "limi.toml"), "LIMI_PUBLIC_URL": "https://voice.example.com"}
    settings = load_settings(given)
    require_settings(settings)
    check_start(settings)
    assert settings.server.processes == len(_SERVERS)
    assert set(settings.server.allowed_hosts) == set(_SERVERS)
    assert settings.database.url.startswith("postgresql://")
    assert settings.redis.url is not None


@pytest.mark.parametrize("server", _SERVERS)
def test_a_stop_is_given_the_time_it_takes(server: str) -> None:
    service = _COMPOSE["services"][server]
    drain = float(service["environment"]["LIMI_SERVER_DRAIN_SECONDS"])
    shutdown = load_settings({}).server.shutdown_seconds
    assert float(service["stop_grace_period"].removesuffix("s")) > drain + shutdown + 10
    assert float(re.findall(r"TimeoutStopSec=(\d+)", _UNIT)[0]) > shutdown + 15


def test_the_proxy_notices_a_server_that_drains_before_that_lets_nobody_in() -> None:
    caddyfile = (_DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    interval, timeout = (float(re.findall(rf"{name} (\d+)s", caddyfile)[0]) for name in ("interval", "timeout"))
    drain = float(_COMPOSE["services"]["limi-1"]["environment"]["LIMI_SERVER_DRAIN_SECONDS"])
    assert drain > 2 * (interval + timeout)
    assert all(f"{server}:3001" in caddyfile for server in _SERVERS)
    assert "health_uri /readyz" in caddyfile


def test_no_secret_stands_in_an_environment_variable() -> None:
    for service in _COMPOSE["services"].values():
        for name in service.get("environment", {}):
            assert name.endswith("_FILE") or not re.search("PASSWORD|SECRET|KEY", name)
    assert not re.search(r"^Environment=.*(?:PASSWORD|API_KEY)", _UNIT, re.MULTILINE)


def test_the_unit_gives_only_settings_that_exist() -> None:
    given = dict(re.findall(r"^Environment=(\w+)=(.*)$", _UNIT, re.MULTILINE))
    assert set(given) <= {info.env for info in setting_infos()} | {"LIMI_CONFIG"}
    credentials = re.findall(r"^LoadCredential=([\w.-]+):", _UNIT, re.MULTILINE)
    assert {value.removeprefix("%d/") for value in given.values() if value.startswith("%d/")} == set(credentials)


def test_the_units_toml_is_that_of_the_script() -> None:
    assert set(tomllib.loads(_secrets_toml())) == {"upstream", "database", "redis"}


def test_systemd_has_nothing_against_the_unit(tmp_path: Path) -> None:
    program, unit = judge("systemd-analyze", package="systemd"), tmp_path / "limi.service"
    # The program has to exist where the unit is judged.
    unit.write_text(_UNIT.replace("/srv/limi/.venv/bin/limi serve", f"{sys.executable} -m limi serve"))
    done = subprocess.run(  # noqa: S603 - systemd's own program
        [program, "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "limi.service" in line]
    assert complaints == []
