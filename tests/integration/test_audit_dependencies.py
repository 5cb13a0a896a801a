"""What is made of the registries' answers, and of none."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts import audit_dependencies as audit

SOUND = {"name": "one", "version": "1.0", "vulns": []}
WEAK = {
    "name": "two",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}],
}
UNKNOWN = {"name": "three", "skip_reason": "not found"}
_NPM_LOCK = {
    "name": "a-test",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {"name": "a-test", "version": "1.0.0", "dependencies": {"weak-two": "1.0.0"}},
        "node_modules/weak-two": {"version": "1.0.0"},
    },
}


def test_a_vulnerability_is_found_with_the_version_that_mends_it() -> None:
    found = audit.read_pip(json.dumps({"dependencies": [SOUND, WEAK, UNKNOWN]}), "")
    assert (found.looked_up, found.locked) == (2, 3)
    assert found.findings == ("two 2.0: PYSEC-1, mended in 2.1",)


@pytest.mark.parametrize("known", ["PYSEC-1", "CVE-1"])
def test_what_was_accepted_by_either_name_is_no_finding(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ACCEPTED", {known: "a reason"})
    assert audit.read_pip(json.dumps({"dependencies": [WEAK]}), "").findings == ()


@pytest.mark.parametrize("output", ["", "no JSON", json.dumps({"dependencies": [UNKNOWN]})])
def test_packages_that_nobody_looked_up_do_not_count_as_sound(output: str) -> None:
    """pip-audit itself passes over them and succeeds."""
    outcome = audit.read_pip(output, "…\nno route to host\n")
    assert outcome.looked_up == 0
    assert audit._sentence(outcome).startswith("NOT DONE")


def test_of_npms_findings_the_serious_ones_fail() -> None:
    report = {
        "vulnerabilities": {"a": {"severity": "low"}, "b": {"severity": "critical"}},
        "metadata": {"dependencies": {"total": 40}},
    }
    outcome = audit.read_npm(json.dumps(report), "")
    assert (outcome.looked_up, outcome.findings, outcome.remarks) == (40, ("b: critical",), ("a: low",))


def test_a_registry_that_offers_no_audit_is_named_as_the_reason() -> None:
    outcome = audit.read_npm(json.dumps({"message": "405 Method Not Allowed"}), "")
    assert audit._sentence(outcome) == "NOT DONE, the registry gave no answer (405 Method Not Allowed)"


@pytest.mark.parametrize(("findings", "code"), [((), 0), (("two 2.0: PYSEC-1",), 1)])
def test_only_findings_fail_the_check(
    findings: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "_run", lambda *_: ("", "no route to host"))
    monkeypatch.setattr(audit, "read_npm", lambda *_: audit.Outcome(1, 1, findings))
    assert audit.main() == code
    assert "requirements-dev.lock: NOT DONE" in capsys.readouterr().out


def test_every_lock_file_is_audited() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=audit.ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    there = {path for path in done.stdout.splitlines() if path.endswith((".lock", "package-lock.json"))}
    # All that requirements.lock holds is in the other as well.
    assert there - {"requirements.lock"} == {*audit.LOCKS, *audit.TOLD_ONLY}


def test_a_command_that_is_missing_says_so(tmp_path: Path) -> None:
    output, errors = audit._run(["there-is-no-such-command"], tmp_path)
    assert output == ""
    assert "cannot run" in errors


def test_a_command_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What npm starts holds the pipes on which its end would be waited for."""
    monkeypatch.setattr(audit, "_PATIENCE_SECONDS", 0.2)
    began = time.monotonic()
    outcome = audit.read_npm(*audit._run(["sh", "-c", "sleep 600 & sleep 600"], tmp_path))
    assert audit._sentence(outcome) == "NOT DONE, the registry gave no answer (no answer within 0.2 s)"
    assert time.monotonic() - began < 60


class Registry(BaseHTTPRequestHandler):
    """Answers as OSV and npm do, in part: one package of each kind is weak."""

    weak = True

    def do_POST(self) -> None:
        """See https://google.github.io/osv.dev/post-v1-query/; npm's is the bulk endpoint of `npm audit`."""
        asked = self.rfile.read(int(self.headers["content-length"]))
        found: dict[str, Any] = {}
        if self.path == "/osv" and self.weak and json.loads(asked)["package"]["name"] == "weak-one":
            package = {"name": "weak-one", "ecosystem": "PyPI"}
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]
            found = {"vulns": [{"id": "PYSEC-2026-1", "affected": [{"package": package, "ranges": ranges}]}]}
        if self.path == "/-/npm/v1/security/advisories/bulk" and self.weak:
            words = {"id": 1, "title": "It leaks", "url": "https://example.com/1", "severity": "critical"}
            found = {"weak-two": [{**words, "vulnerable_versions": "<2.0.0"}]}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Know no package: npm would ask again and again were this an error of the server's."""
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Registry]]:
    """A registry on loopback, which the real pip-audit and npm are told to ask, and the lock files they read."""

    class Own(Registry):
        pass

    digest = "0" * 64
    for file in (*audit.LOCKS, *audit.TOLD_ONLY):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(json.dumps(_NPM_LOCK))
    (tmp_path / "requirements-dev.lock").write_text(f"weak-one==1.0 --hash=sha256:{digest}\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        settings = {
            "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
            "PIP_AUDIT_OSV_URL": f"{url}/osv",
            "npm_config_registry": url,
            "npm_config_cache": str(tmp_path / "cache"),
            "PATH": f"{audit.ROOT / '.venv/node/bin'}:{os.environ['PATH']}",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield Own
        server.shutdown()


def test_what_a_registry_reports_fails_the_check(
    registry: type[Registry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tools are the real ones, which is what shows that their reports are read rightly."""
    assert registry.weak
    assert audit.main(tmp_path) == 1
    said = capsys.readouterr().out
    assert "requirements-dev.lock: 1 packages looked up, 1 to be mended\n  weak-one 1.0: PYSEC-2026-1" in said
    assert said.count("1 to be mended\n  weak-two: critical") == len(audit.LOCKS) - 1
    assert said.count("0 to be mended\n  weak-two: critical") == len(audit.TOLD_ONLY)


def test_a_registry_that_finds_nothing_passes(
    registry: type[Registry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.weak = False
    assert audit.main(tmp_path) == 0
    assert capsys.readouterr().out.count("1 packages looked up, 0 to be mended") == len(
        (*audit.LOCKS, *audit.TOLD_ONLY)
    )
