"""The tests keep their own house rules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
_LONGEST_SLEEP_SECONDS = 0.1
"""A pause while polling is fine; waiting for something to have happened is not."""

FILES = sorted(_TESTS.rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(_TESTS))


def _sleeps(path: Path) -> Iterator[tuple[int, ast.expr | None]]:
    """Yield line and argument of every sleep that is waited for; one that is only handed on will be cancelled."""
    for node in ast.walk(ast.parse(path.read_text())):
        call = node.value if isinstance(node, ast.Await) else node
        names = {"asyncio.sleep", "anyio.sleep"} if isinstance(node, ast.Await) else {"time.sleep"}
        if isinstance(call, ast.Call) and ast.unparse(call.func) in names:
            yield call.lineno, call.args[0] if call.args else None


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_test_waits_for_real_time_to_pass(path: Path) -> None:
    long = [
        line
        for line, argument in _sleeps(path)
        if not (
            isinstance(argument, ast.Constant)
            and isinstance(argument.value, int | float)
            and argument.value <= _LONGEST_SLEEP_SECONDS
        )
    ]
    assert long == []


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_nothing_is_skipped_silently(path: Path) -> None:
    """A skip has a reason that its reader can act on; an empty `skip` or `xfail` has none."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".skip", ".skipif", ".xfail")):
            reasons = [word for word in node.keywords if word.arg == "reason"]
            assert reasons or node.args, f"line {node.lineno}"


_BESIDE = ["benchmarks", "benchmarks/harness", "conformance", "docs"]
_ELSEWHERE = {
    "__main__.py": "one line; tests/e2e starts the server by it",
    "app.py": "the parts list; tests/integration/backend",
    "protocol/models.py": "a table; tests/unit/features/client_secrets/test_models.py",
}
"""Modules whose tests stand at another place than their own."""


def test_every_module_has_its_own_unit_test() -> None:
    source = _TESTS.parent / "src" / "limi"
    modules = {path.relative_to(source) for path in source.rglob("*.py") if path.name != "__init__.py"}
    untested = {
        str(module)
        for module in modules
        if "migrations" not in module.parts
        and not (_TESTS / "unit" / module.parent / f"test_{module.stem}.py").exists()
    }
    assert untested == set(_ELSEWHERE)


def test_every_folder_of_unit_tests_has_its_counterpart() -> None:
    """`tests/unit` mirrors `src/limi`; what is beside it is tested in folders of its own."""
    source = _TESTS.parent / "src" / "limi"
    places = {path.parent.relative_to(_TESTS / "unit") for path in (_TESTS / "unit").rglob("test_*.py")}
    assert sorted(str(place) for place in places if not (source / place).is_dir()) == _BESIDE
