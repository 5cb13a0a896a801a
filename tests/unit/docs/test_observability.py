"""The table of metrics is what a server answers, with its labels; dashboards and alerts ask for nothing else."""

import asyncio
import json
import re
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families

from limi.adapters.configuration import setting_infos
from limi.adapters.telemetry.totals import render
from limi.cli.supervisor import Supervisor
from limi.cli.worker_process import WorkerProcess
from limi.kernel.errors import CATALOGUE
from limi.testing.backend import Backend, running_backend
from scripts import grafana_dashboard
from tests.services.programs import judge
from tests.unit.docs.metrics import OBSERVABILITY, asked_by, documented, series
from tests.unit.docs.reading import ROOT, anchors

Scraped = dict[str, tuple[str, dict[str, set[str]]]]

_PROMETHEUS = ROOT / "deploy" / "prometheus"
_GRAFANA = ROOT / "deploy" / "grafana"
_OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that Prometheus adds, and that of a histogram's buckets."""


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


_RULES: list[dict[str, Any]] = _yaml(_PROMETHEUS / "alerts.yml")["groups"][0]["rules"]
_DASHBOARD: dict[str, Any] = json.loads((_GRAFANA / "limi.json").read_text(encoding="utf-8"))
_PANELS: list[dict[str, Any]] = [panel for panel in _DASHBOARD["panels"] if panel["type"] != "row"]


async def _everything(backend: Backend) -> str:
    """Return the metrics of a server with several workers, after something of every kind has happened."""
    async with httpx.AsyncClient(base_url=backend.url, trust_env=False, timeout=30) as client:
        assert (await client.post("/api/client-secret")).status_code == 200
        assert (await client.post("/api/client-secret", json={"model": "ghost"})).status_code == 400
        assert (await client.request("PROPFIND", "/nowhere")).status_code == 404
    metrics = backend.app.metrics
    metrics.webhook_attempted("delivered", 0.1)
    metrics.analytics_events("error_occurred", "accepted")
    with socket.socket() as listener:
        supervisor = Supervisor(command=(), listener=listener, count=1, stop_seconds=1, announce=lambda _: None)
        asking = cast("WorkerProcess", SimpleNamespace(counted=metrics.snapshot()))
        return render(await supervisor._total(asking)).decode()


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Scraped:
    """Return each metric that a server with everything switched on answers: its type, its labels, their values."""
    environ = {
        "LIMI_AUDIT_FILE": str(tmp_path_factory.mktemp("audit") / "audit.jsonl"),
        "LIMI_REDIS_URL": "redis://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    }

    async def scrape() -> str:
        async with running_backend(environ=environ) as backend:
            return await _everything(backend)

    found: Scraped = {}
    for family in text_string_to_metric_families(asyncio.run(scrape())):
        labels: dict[str, set[str]] = {}
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label != "le":
                    labels.setdefault(label, set()).add(value)
        found[f"{family.name}_total" if family.type == "counter" else family.name] = (family.type, labels)
    return found


def test_the_table_has_every_metric_and_no_other(scraped: Scraped) -> None:
    assert {name: (row.kind, row.labels) for name, row in documented().items()} == {
        name: (kind, frozenset(labels)) for name, (kind, labels) in scraped.items()
    }


def test_where_the_table_lists_a_labels_values_it_has_no_other(scraped: Scraped) -> None:
    for name, row in documented().items():
        for label, values in row.values.items():
            assert scraped[name][1][label] <= values, f"{name} {label}"


def test_no_label_is_what_a_caller_chose(scraped: Scraped) -> None:
    _, labels = scraped["limi_http_requests_total"]
    assert labels["route"] == {"/api/client-secret", "none"}
    assert labels["method"] == {"POST", "other"}
    assert scraped["limi_errors_total"][1]["code"] == set(CATALOGUE)


def test_names_follow_the_conventions_of_prometheus() -> None:
    """https://prometheus.io/docs/practices/naming/: base units, and counters that say so."""
    for name, row in documented().items():
        assert name.endswith("_total") is (row.kind == "counter")
        assert not name.endswith(("_ms", "_milliseconds", "_minutes", "_kb", "_mb"))


def _asked_exists(expression: str) -> None:
    asked, known = asked_by(expression), series()
    assert asked.names <= {*known, "up"}
    rows = [known[name] for name in asked.names if name != "up"]
    assert asked.labels <= {label for row in rows for label in row.labels} | _OF_PROMETHEUS
    for label, value in asked.values:
        listed = {value for row in rows for value in row.values.get(label, ())}
        if listed:
            assert value in listed
        if label == "code":
            assert value in CATALOGUE


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_what_exists(rule: dict[str, Any]) -> None:
    _asked_exists(rule["expr"])


@pytest.mark.parametrize("panel", _PANELS, ids=lambda panel: str(panel["title"]))
def test_a_panel_asks_for_what_exists(panel: dict[str, Any]) -> None:
    assert panel["description"]
    assert panel["targets"]
    for target in panel["targets"]:
        _asked_exists(target["expr"])
        assert 'job=~"$job", instance=~"$instance"' in target["expr"]


def test_what_does_not_exist_would_be_noticed() -> None:
    for expression in (
        "limi_mint_total",
        "limi_mint_seconds",
        'limi_mints_total{result="failed"}',
        'limi_mints_total{outcome="fail"}',
        'limi_errors_total{code="no_such_code"}',
        "sum by (tenant) (rate(limi_mints_total[5m]))",
    ):
        with pytest.raises(AssertionError):
            _asked_exists(expression)


def test_every_metric_of_limis_own_is_on_the_dashboard_or_in_an_alert_or_only_for_reading() -> None:
    expressions = [target["expr"] for panel in _PANELS for target in panel["targets"]]
    asked = {name for text in (*expressions, *(rule["expr"] for rule in _RULES)) for name in asked_by(text).names}
    unasked = {
        name
        for name, row in documented().items()
        if name.startswith("limi_")
        and not asked & {name, *(f"{name}_{end}" for end in ("bucket", "count", "sum") if row.kind == "histogram")}
    }
    assert unasked == {"limi_build_info", "limi_webhook_in_flight", "limi_analytics_queued"}


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    text = OBSERVABILITY.read_text(encoding="utf-8")
    headings = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### Limi")]
    assert sorted(headings) == sorted(rule["alert"] for rule in _RULES)
    for rule in _RULES:
        document, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor == rule["alert"].lower()
        assert anchor in anchors(ROOT / document)
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]


def test_what_a_runbook_says_to_look_for_exists() -> None:
    """Names with a dot are settings, or events of log and journal."""
    runbooks = OBSERVABILITY.read_text(encoding="utf-8").partition("\n## Alerts\n")[2]
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", runbooks))
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "limi").rglob("*.py"))
    unknown = {
        name
        for name in named - {info.path for info in setting_infos()}
        if f'"{name}"' not in sources and not (ROOT / "docs" / name).exists()
    }
    assert unknown == set()


def test_every_alert_is_tested_to_speak_and_to_be_silent() -> None:
    groups = _yaml(_PROMETHEUS / "alerts_test.yml")["tests"]
    cases = [case for group in groups for case in group["alert_rule_test"]]
    names = {rule["alert"] for rule in _RULES}
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == names


@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_own_tool_has_nothing_against_it(command: tuple[str, ...]) -> None:
    done = subprocess.run(  # noqa: S603 - Prometheus's own program
        [judge("promtool", package="prometheus"), *command],
        cwd=_PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_what_its_table_makes() -> None:
    assert (_GRAFANA / "limi.json").read_text(encoding="utf-8") == grafana_dashboard.render()


def test_grafanas_own_library_reads_the_dashboard_without_losing_anything() -> None:
    """A member that its schema does not know would be dropped on the way."""
    register_default_plugins()
    assert json.loads(json.dumps(Dashboard.from_json(_DASHBOARD), cls=JSONEncoder)) == _DASHBOARD


def test_the_dashboard_can_be_loaded_anywhere() -> None:
    ids = [panel["id"] for panel in _DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert "id" not in _DASHBOARD
    sources = {panel["datasource"]["uid"] for panel in _PANELS}
    assert sources == {"${datasource}"}
    assert [variable["name"] for variable in _DASHBOARD["templating"]["list"]] == [
        "datasource",
        "job",
        "instance",
    ]


def test_panels_do_not_lie_on_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in _DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_what_compose_starts_finds_its_files_and_its_targets() -> None:
    services = _yaml(ROOT / "deploy" / "compose.yaml")["services"]
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["monitoring"]
        mounted = [volume.partition(":")[0] for volume in services[name]["volumes"]]
        assert all((ROOT / "deploy" / path).exists() for path in mounted if path.startswith("./"))
    (scrape,) = _yaml(_PROMETHEUS / "prometheus.yml")["scrape_configs"]
    assert scrape["job_name"] == "limi"
    assert scrape["static_configs"][0]["targets"] == ["limi-1:3001", "limi-2:3001"]
    secret = scrape["authorization"]["credentials_file"].removeprefix("/run/secrets/")
    assert services["prometheus"]["secrets"] == [secret]
    (source,) = _yaml(_GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = _yaml(_GRAFANA / "provisioning" / "dashboards" / "limi.yml")["providers"]
    assert f"./grafana/limi.json:{provider['options']['path']}/limi.json:ro" in services["grafana"]["volumes"]
