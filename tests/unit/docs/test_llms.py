"""What language models are given of Limi names every document, by a path that is there."""

import re

from scripts.llms import render_llms
from tests.unit.docs.reading import DOCUMENTS, ROOT, links

_LINK = re.compile(r"^- \[[^\]]+\]\(([^)]+)\): \S", re.MULTILINE)


def test_every_document_of_the_index_is_named_with_a_sentence() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index) if "://" not in link}
    wanted = {path for path in DOCUMENTS if path in listed and "decisions" not in path.parts}
    named = {ROOT / path for path in _LINK.findall(render_llms())}
    assert wanted <= named


def test_every_path_is_there() -> None:
    for path in _LINK.findall(render_llms()):
        assert path.startswith("/") or (ROOT / path).exists(), f"there is no {path}"


def test_the_rules_are_those_of_the_page_for_assistants() -> None:
    rules = render_llms().partition("## Rules")[2].partition("Documents are named")[0].strip()
    assert rules.count("\n- ") > 5
    assert rules in (ROOT / "docs" / "AI_ASSISTANTS.md").read_text(encoding="utf-8")
