"""Decisions are numbered without gaps and say the three things that a decision says."""

import re
from pathlib import Path

import pytest

from tests.unit.docs.reading import ROOT, name_of

_PAGES = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def test_decisions_are_numbered_from_one_without_gaps() -> None:
    assert [int(page.name[:4]) for page in _PAGES] == list(range(1, len(_PAGES) + 1))


@pytest.mark.parametrize("page", _PAGES, ids=name_of)
def test_a_decision_has_its_number_context_decision_and_consequences(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)
    assert text.startswith(f"# {page.name[:4]} – ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("page", _PAGES, ids=name_of)
def test_a_decision_is_one_page(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").split()) < 500


def test_decisions_that_the_code_names_exist() -> None:
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    named = {name for file in sources for name in re.findall(r"docs/decisions/(\d{4})", file.read_text("utf-8"))}
    assert named <= {page.name[:4] for page in _PAGES}
