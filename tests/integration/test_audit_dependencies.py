"""What is made of the registries' answers, and of none."""

import json
from pathlib import Path

import pytest

from scripts import audit_dependencies as audit

SOUND = {"name": "one", "version": "1.0", "vulns": []}
WEAK = {
    "name": "two",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}],
}
UNKNOWN = {"name": "three", "skip_reason": "not found"}


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


def test_a_command_that_is_missing_says_so(tmp_path: Path) -> None:
    output, errors = audit._run(["there-is-no-such-command"], tmp_path)
    assert output == ""
    assert "cannot run" in errors
