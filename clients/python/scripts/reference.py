"""Writes REFERENCE.md from the docstrings of what is public: `python scripts/reference.py [--check]`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]
_SOURCE: Final = _ROOT / "src" / "limi_client"
_PAGE: Final = _ROOT / "REFERENCE.md"
_HEAD: Final = """\
# Reference of limi-ai-client

Everything that is public, in the words of its docstrings; `scripts/reference.py` writes this page. Start with the
[README](README.md).
"""
_MODULES: Final = {
    "limi_client": "__init__.py",
    "limi_client.voice": "voice/__init__.py",
    "limi_client.voice.devices": "voice/devices.py",
}

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    """Write the page, or compare it."""
    made = render()
    if "--check" not in sys.argv[1:]:
        _PAGE.write_text(made)
    elif not _PAGE.exists() or _PAGE.read_text() != made:
        sys.exit("REFERENCE.md is not what the docstrings say; run python scripts/reference.py")


def render() -> str:
    """Return the page."""
    definitions = dict(_all_definitions())
    parts, told = [_HEAD], set[str]()
    for module, file in _MODULES.items():
        parts.append(f"## `{module}`\n")
        for name in sorted(_public(_SOURCE / file), key=str.lower):
            if name in definitions and name not in told:
                told.add(name)
                parts.extend(_describe(definitions[name]))
    return "\n".join(parts)


def _public(path: Path) -> list[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed: list[str] = ast.literal_eval(node.value)
            return listed
    return []


def _all_definitions() -> Iterator[tuple[str, Definition]]:
    for path in sorted(_SOURCE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, Definition) and not node.name.startswith("_"):
                yield node.name, node


def _describe(node: Definition) -> Iterator[str]:
    if not isinstance(node, ast.ClassDef):
        yield f"### `{_signature(node)}`\n\n{_prose(node)}"
        return
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    yield f"### class `{node.name}{f'({bases})' if bases else ''}`\n\n{_prose(node)}"
    yield from _fields(node)
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _describe_method(method)


def _describe_method(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    if method.name == "__init__" and len(method.args.args) + len(method.args.kwonlyargs) > 1:
        yield f"#### `{_signature(method)}`\n\n{_prose(method)}"
    elif not method.name.startswith("_") and ast.get_docstring(method):
        is_property = any(ast.unparse(decorator) == "property" for decorator in method.decorator_list)
        shown = (
            f"{method.name}: {ast.unparse(method.returns)}"
            if is_property and method.returns
            else _signature(method)
        )
        yield f"#### `{shown}`\n\n{_prose(method)}"


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Yield the members of a dataclass, with the text below each."""
    rows = []
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            told = after.value if isinstance(after, ast.Expr) else None
            text = " ".join(str(told.value).split()) if isinstance(told, ast.Constant) else ""
            rows.append(f"- `{ast.unparse(field)}`{f': {text}' if text else ''}")
    if rows:
        yield "\n".join(rows) + "\n"


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    name = "" if node.name == "__init__" else node.name
    return f"{'async ' if isinstance(node, ast.AsyncFunctionDef) else ''}{name}({arguments}){returns}"


def _prose(node: Definition) -> str:
    """Return the docstring, with its sections as lists and its example as code."""
    lines, code = [], False
    for line in (ast.get_docstring(node) or "").splitlines():
        if line in {"Args:", "Returns:", "Raises:", "Attributes:"}:
            lines.append(f"**{line[:-1]}**\n")
        elif line == "Example:":
            lines.append("```python")
            code = True
        elif code or not line.startswith("    "):
            lines.append(line.removeprefix("    "))
        elif line.startswith("     "):
            lines.append(f"  {line.strip()}")
        else:
            lines.append(f"- {line.strip()}")
    return "\n".join([*lines, "```"] if code else lines) + "\n"


if __name__ == "__main__":
    main()
