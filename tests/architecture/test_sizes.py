"""Files and functions stay small enough to be read in one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_MOST_LINES_OF_A_FILE = 500
_MOST_LINES_OF_A_FUNCTION = 60

SOURCES = sorted((_ROOT / "src" / "limi").rglob("*.py"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(_ROOT / "src")))
def test_a_file_is_one_subject(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= _MOST_LINES_OF_A_FILE


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(_ROOT / "src")))
def test_a_function_does_one_step(path: Path) -> None:
    long = {
        function.name: function.end_lineno - function.lineno + 1
        for function in _functions(path)
        if function.end_lineno and function.end_lineno - function.lineno >= _MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}
