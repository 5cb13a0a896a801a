"""Which faults a sandbox starts with."""

from pathlib import Path

import pytest

from limi.cli.faults import fault_injection
from limi.kernel.settings import SettingsError
from limi.sandbox.scripts import parse_script


def test_there_are_none_unless_they_are_asked_for() -> None:
    assert fault_injection(enabled=False, rules_file=None) is None


def test_they_may_begin_without_a_rule() -> None:
    injection = fault_injection(enabled=True, rules_file=None)
    assert injection is not None
    assert len(injection.rules) == 0


@pytest.mark.parametrize(
    "text",
    [
        "- {where: mint, what: drop}\n",
        "faults:\n  - {where: mint, what: drop}\n",
        '{"where": "mint", "what": "drop"}',
    ],
)
def test_a_file_brings_rules_and_enables_faults_by_that(folder: Path, text: str) -> None:
    (folder / "rules.yaml").write_text(text)
    injection = fault_injection(enabled=False, rules_file=folder / "rules.yaml")
    assert injection is not None
    assert [held.rule.where for held in injection.rules] == ["mint"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- {where: mint, what: refuse}", r"Missing required parameter: 'faults\[0\].status'"),
        ("{", "is not YAML"),
        ("3", "expected a rule or a list of rules"),
        ("- {where: mint, what: drop}\n" * 101, "At most 100 faults"),
    ],
)
def test_a_wrong_file_is_a_sentence(folder: Path, text: str, words: str) -> None:
    (folder / "rules.yaml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        fault_injection(enabled=True, rules_file=folder / "rules.yaml")


def test_a_file_that_is_not_there_is_a_sentence(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: .*No such file"):
        fault_injection(enabled=True, rules_file=folder / "none.yaml")


_SCRIPT = "faults: {where: mint, what: drop}"


def test_the_rules_of_a_script_come_into_force_beside_the_others(folder: Path) -> None:
    (folder / "rules.yaml").write_text("{where: calls, what: drop}")
    injection = fault_injection(
        enabled=False, rules_file=folder / "rules.yaml", script=parse_script(_SCRIPT, source="s.yaml")
    )
    assert injection is not None
    assert [held.rule.where for held in injection.rules] == ["calls", "mint"]


def test_the_rules_of_a_script_do_not_enable_faults() -> None:
    with pytest.raises(SettingsError, match=r"^--script: s.yaml has faults, which need --faults\.$"):
        fault_injection(enabled=False, rules_file=None, script=parse_script(_SCRIPT, source="s.yaml"))
    assert fault_injection(enabled=False, rules_file=None, script=parse_script("hears: [Hello]")) is None


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ("{where: mint, what: refuse}", r"--script: s.yaml, line 1, faults\[0\]\.status: Missing required"),
        (f"[{', '.join(['{where: mint, what: drop}'] * 101)}]", "--script: s.yaml: At most 100 faults"),
    ],
)
def test_wrong_rules_of_a_script_are_a_sentence(faults: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        fault_injection(enabled=True, rules_file=None, script=parse_script(f"faults: {faults}", source="s.yaml"))
