"""The names that assistants are told are those that the packages export, and the codes those of the catalogue."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from limi.kernel.errors import CATALOGUE
from tests.unit.docs.reading import DOCUMENTS, ROOT, name_of

_TEXT: Final = (ROOT / "docs" / "AI_ASSISTANTS.md").read_text(encoding="utf-8")
_EXACT: Final = _TEXT.partition("## Exact names")[2].partition("\n## ")[0]
_IMPORT: Final = re.compile(r"((?:`\w+`(?:, )?)+|`\w+\(.*?\)`) of `(@limi-ai/[\w/-]+|limi_client)`")
_TYPESCRIPT: Final = ROOT / "clients" / "typescript"
_FOLDERS: Final = {"client": "core"}
"""Packages whose folder has another name."""

_ADVICE: Final = [
    path for path in DOCUMENTS if path.parent == ROOT / "docs" / "recipes" or path == ROOT / "docs" / "webrtc.md"
]
_NAMES: Final = [
    (name, module) for names, module in _IMPORT.findall(_EXACT) for name in re.findall(r"`(\w+)", names)
]


def _exports(module: str) -> str:
    """Return the source in which a module's exports are listed."""
    if module == "limi_client":
        tree = ast.parse((ROOT / "clients/python/src/limi_client/__init__.py").read_text(encoding="utf-8"))
        (names,) = (
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        )
        return " ".join(names)
    _, package, *entry = module.split("/")
    source = _TYPESCRIPT / _FOLDERS.get(package, package) / "src" / f"{entry[0] if entry else 'index'}.ts"
    return source.read_text(encoding="utf-8")


def test_the_page_names_each_package() -> None:
    assert {module for _, module in _NAMES} >= {
        "@limi-ai/client",
        "@limi-ai/react",
        "@limi-ai/react/ui",
        "@limi-ai/vue",
        "@limi-ai/react-native",
        "@limi-ai/electron",
        "@limi-ai/electron/renderer",
        "limi_client",
    }


@pytest.mark.parametrize(("name", "module"), _NAMES)
def test_every_name_is_exported_by_its_package(name: str, module: str) -> None:
    found = re.search(rf"\b{name}\b", _exports(module))
    assert found, f"{module} exports no {name}"


@pytest.mark.parametrize("page", _ADVICE, ids=name_of)
def test_every_error_that_a_page_gives_advice_on_is_of_the_catalogue(page: Path) -> None:
    """Advice stands in tables whose first cell begins with what one sees, which is often a code."""
    cells = re.findall(r"^\| ([^|]+) \|", _advice(page), re.MULTILINE)
    assert cells
    codes = {found[1] for cell in cells if (found := re.match(r"`([a-z]+(?:_[a-z]+)+)`", cell))}
    assert codes <= set(CATALOGUE)


def _advice(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return re.split(r"^## (?:What goes wrong|When it does not work)$", text, flags=re.MULTILINE)[1]
