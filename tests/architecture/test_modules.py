"""Every module says why it exists and what of it is public."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import limi

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(limi.__path__, "limi.")
    # Its import is the command line; and Alembic's are run by Alembic only.
    if module.name != "limi.__main__" and ".migrations" not in module.name
)


@pytest.mark.parametrize("name", ["limi", *MODULES])
def test_a_module_has_a_docstring_that_is_a_sentence(name: str) -> None:
    first = (importlib.import_module(name).__doc__ or "").strip().partition("\n")[0]
    assert first
    assert first[0].isupper() or first.startswith("`")
    assert first.endswith((".", ":"))


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_is_listed_sorted_and_there(name: str) -> None:
    module = importlib.import_module(name)
    listed: list[str] | None = getattr(module, "__all__", None)
    if listed is None:
        assert not _defines_anything(module.__file__), "define __all__"
        return
    assert listed == sorted(listed, key=_as_ruff_sorts)
    assert len(listed) == len(set(listed))
    assert [entry for entry in listed if not hasattr(module, entry)] == []
    assert [entry for entry in listed if entry.startswith("_") and entry != "__version__"] == []


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest, as ruff's RUF022 has it."""
    if name.isupper():
        return 0, name
    return (1, name) if name[0].isupper() else (2, name)


def _defines_anything(file: str | None) -> bool:
    tree = ast.parse(Path(file or "").read_text())
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in tree.body)
