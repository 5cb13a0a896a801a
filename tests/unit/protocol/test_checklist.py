"""Every point of the list in docs/sandbox-conformance.md names tests, and each of them exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[2]
_LIST = _TESTS.parent / "docs" / "sandbox-conformance.md"
_ROW = re.compile(r"^\| (?!What |---)(.+?) \| (.+?) \|$", re.MULTILINE)
ROWS = _ROW.findall(_LIST.read_text(encoding="utf-8"))


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of a file's functions, those of classes behind their class."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return frozenset(names)


@pytest.mark.parametrize(("what", "named"), ROWS, ids=[what[:60] for what, _ in ROWS])
def test_every_point_is_proved(what: str, named: str) -> None:
    proofs = re.findall(r"`([^`]+)`", named)
    assert proofs, f"no test is named for: {what}"
    for proof in proofs:
        file, _, name = proof.partition("::")
        assert (_TESTS / file).exists(), f"there is no {file}"
        assert name in functions_of(_TESTS / file), f"there is no {name} in {file}"


def test_no_row_escapes_the_test() -> None:
    """A row of another shape would be a claim that nobody checks."""
    lines = [line for line in _LIST.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    headings = [line for line in lines if line.startswith(("| What ", "| ---"))]
    assert len(lines) - len(headings) == len(ROWS) > 70
