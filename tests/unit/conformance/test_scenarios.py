"""The two lists of scenarios, in Python and in TypeScript, are one."""

import re
from pathlib import Path

from conformance import scenarios
from conformance.scenarios import Scenario

_TWIN = (Path(scenarios.__file__).parent / "src" / "scenarios.ts").read_text(encoding="utf-8")


def test_typescript_has_the_same_scenarios_in_the_same_order() -> None:
    found = re.search(r"SCENARIOS = \[(.*?)\]", _TWIN, re.DOTALL)
    assert found is not None
    assert re.findall(r"'([^']+)'", found[1]) == list(Scenario)


def test_typescript_says_the_same() -> None:
    for name in ("INSTRUCTIONS", "BANANA", "COUNT", "WEATHER", "FORECAST"):
        assert f"'{getattr(scenarios, name)}'" in _TWIN, name
