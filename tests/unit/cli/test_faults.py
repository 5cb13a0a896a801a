"""Which faults a sandbox starts with."""

from pathlib import Path

import pytest

from limi.cli.faults import fault_injection
from limi.kernel.settings import SettingsError


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
