"""The containers of the examples: what their files name is there and fits, and they hold no address and no key."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import yaml

from limi.adapters.configuration import load_settings
from limi.kernel.start_rules import check_start, require_settings
from tests.unit.docs.reading import ROOT

_EXAMPLES = ROOT / "examples"
_COMPOSE: dict[str, Any] = yaml.safe_load((_EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
_SERVICES: dict[str, Any] = _COMPOSE["services"]
_DOCKERFILE = (_EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
_IGNORE = (_EXAMPLES / "Dockerfile.dockerignore").read_text(encoding="utf-8")
_PORTS = {"react-frontend": 3000, "limi-backend": 3001, "vue-frontend": 3002, "mobile-api": 3003}
_FRONTENDS = ("react", "vue")


def _port_of(example: str) -> int:
    """Return where the front end's development server listens."""
    config = (_EXAMPLES / example / "vite.config.ts").read_text(encoding="utf-8")
    return int(re.findall(r"server: \{ port: (\d+) \}", config)[0])


def test_the_compose_file_is_one_by_the_specifications_schema() -> None:
    schema = json.loads((ROOT / "deploy" / "compose-spec.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(_COMPOSE)] == []


def test_each_service_has_its_promised_port_on_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in _SERVICES.items()}
    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in _PORTS.items()}


@pytest.mark.parametrize("example", _FRONTENDS)
def test_a_front_end_is_the_example_of_its_name(example: str) -> None:
    service = _SERVICES[f"{example}-frontend"]
    assert service["build"]["args"] == {"EXAMPLE": example}
    assert _port_of(example) == _PORTS[f"{example}-frontend"]
    dev = json.loads((_EXAMPLES / example / "package.json").read_text(encoding="utf-8"))["scripts"]["dev"]
    assert dev == "vite", "the image adds its options to it"


def test_what_an_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    copied = {
        name.replace("${EXAMPLE}", example)
        for line in re.findall(r"^COPY (?:--chown=\S+ )?(.*)$", _DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
        for example in _FRONTENDS
    }
    assert all((ROOT / name).exists() for name in copied)
    sent = {line[1:] for line in _IGNORE.splitlines() if line.startswith("!")}
    assert {"examples/python-service" if name.endswith("service.py") else name for name in copied} == sent


@pytest.mark.parametrize("example", _FRONTENDS)
def test_an_image_builds_workspaces_that_exist(example: str) -> None:
    folders = [*(ROOT / "clients" / "typescript").iterdir(), *(_EXAMPLES / name for name in _FRONTENDS)]
    names = {
        json.loads((folder / "package.json").read_text(encoding="utf-8"))["name"]
        for folder in folders
        if (folder / "package.json").exists()
    }
    told = re.findall(r"--workspace (\S+)", _DOCKERFILE.replace("${EXAMPLE}", example))
    assert {"@limi-ai/client", f"@limi-ai/{example}", f"limi-example-{example}"} == set(told) <= names


def test_no_image_holds_an_address_or_a_key() -> None:
    instructions = re.sub(r"^#.*$", "", _DOCKERFILE, flags=re.MULTILINE)
    assert not re.search(r"https?:|KEY|TOKEN|SECRET|VITE_|LIMI_", instructions)
    values = [value for service in _SERVICES.values() for value in service["environment"].values() if value]
    assert not any("sk-" in value or value.startswith("limi_") for value in values)
    assert _SERVICES["mobile-api"]["environment"]["LIMI_API_KEY"] is None, "it comes from the shell"


def test_the_images_do_not_run_as_root() -> None:
    stages = re.split(r"^FROM ", _DOCKERFILE, flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    assert all(re.search(r"^USER (?!root)\w+$", stage, re.MULTILINE) for stage in stages)


def test_the_backend_starts_and_answers_to_the_name_that_the_service_calls_it_by() -> None:
    # What the backend's own image sets.
    host = re.findall(r"\bLIMI_HOST=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))[0]
    given = {name: value for name, value in _SERVICES["limi-backend"]["environment"].items() if value}
    settings = load_settings({**given, "LIMI_HOST": host})
    require_settings(settings)
    check_start(settings)
    asked = urlsplit(_SERVICES["mobile-api"]["environment"]["LIMI_BACKEND_URL"])
    assert asked.hostname in {*settings.server.allowed_hosts} & {*_SERVICES}
    assert (asked.port, asked.path) == (_PORTS["limi-backend"], "/api")
    assert settings.server.public_url == f"http://localhost:{_PORTS['limi-backend']}"
