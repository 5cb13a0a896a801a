"""What the JavaScript packages may weigh, from their own size budgets, which their checks hold them to."""

from pathlib import Path
from typing import Final

import msgspec

__all__ = ["render_sizes"]

_PACKAGES: Final = Path(__file__).resolve().parent.parent / "clients" / "typescript"


class _Budget(msgspec.Struct, frozen=True):
    """One line of `.size-limit.json`; what else it says is for the tool."""

    name: str
    limit: str


def render_sizes() -> str:
    """Return a Markdown table: package, what is weighed, and the most that it may weigh."""
    lines = ["| Package | What | At most, gzip |", "| --- | --- | ---: |"]
    for file in sorted(_PACKAGES.glob("*/.size-limit.json")):
        name = msgspec.json.decode((file.parent / "package.json").read_bytes())["name"]
        budgets = msgspec.json.decode(file.read_bytes(), type=list[_Budget])
        lines += [f"| `{name}` | {budget.name} | {budget.limit} |" for budget in budgets]
    return "\n".join(lines)
