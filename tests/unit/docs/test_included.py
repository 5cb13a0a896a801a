"""Code and tables in the documents of the clients are those of other files, whole and in their place."""

from pathlib import Path

import pytest

from scripts.included import code_block, excerpt, table, whole_file
from scripts.recipes import PAGES
from tests.unit.docs.reading import DOCUMENTS, ROOT, blocks, name_of

_RECIPES = [path for path in DOCUMENTS if path.parent == ROOT / "docs" / "recipes"]
_OWN = {"bash", "toml", "text"}
"""Languages of blocks that a recipe may hold itself: what is typed, and what is seen."""


def test_there_is_a_recipe_for_each_front_end() -> None:
    names = {path.stem for path in _RECIPES}
    assert names == {"electron", "html", "node", "python-bot", "python-service", "react", "react-native", "vue"}


@pytest.mark.parametrize("recipe", _RECIPES, ids=name_of)
def test_a_recipe_holds_no_code_that_is_not_included(recipe: Path) -> None:
    included = "\n".join(render() for file, _, render in PAGES if ROOT / file == recipe)
    for block in blocks(recipe):
        assert block.language in _OWN or block.text.strip() in included


@pytest.mark.parametrize("recipe", _RECIPES, ids=name_of)
def test_a_recipe_says_what_to_install_what_to_expect_and_what_goes_wrong(recipe: Path) -> None:
    text = recipe.read_text(encoding="utf-8")
    for heading in ("## Install", "## What to expect", "## What goes wrong", "## Next"):
        assert f"\n{heading}\n" in text


def test_a_whole_file_is_included_with_its_language() -> None:
    text = (ROOT / "examples/python-bot/bot.py").read_text(encoding="utf-8")
    assert whole_file("examples/python-bot/bot.py") == f"```python\n{text.strip()}\n```"


def test_an_excerpt_ends_where_it_is_told_to() -> None:
    part = excerpt("examples/python-bot/bot.py", "def report", "def main() -> None:")
    assert part.startswith("```python\ndef report(event: object)")
    assert part.endswith("def main() -> None:\n```")


def test_a_block_is_found_below_its_heading() -> None:
    assert "send_wav" in code_block("clients/python/README.md", "A conversation", "python")
    assert "send_text" in code_block("clients/python/README.md", "A conversation", "python", 1)


def test_a_table_is_found_below_its_heading() -> None:
    assert table("docs/glossary.md", "Glossary").startswith("| Word | Meaning |")


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="has no heading Nowhere"):
        table("docs/glossary.md", "Nowhere")
    with pytest.raises(ValueError, match="has no table 1 below Glossary"):
        table("docs/glossary.md", "Glossary", 1)
    with pytest.raises(ValueError, match="has no js block 0 below Glossary"):
        code_block("docs/glossary.md", "Glossary", "js")
    with pytest.raises(ValueError, match="has nothing from zebra to }"):
        excerpt("docs/glossary.md", "zebra", "}")
