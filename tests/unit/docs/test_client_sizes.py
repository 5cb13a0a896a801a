"""What the packages may weigh is read from their own budgets."""

from scripts.client_sizes import render_sizes


def test_each_package_with_a_budget_is_listed_with_its_limits() -> None:
    lines = render_sizes().splitlines()
    assert lines[0] == "| Package | What | At most, gzip |"
    for package in ("client", "react", "vue"):
        assert any(line.startswith(f"| `@limi-ai/{package}` | ") and line.endswith("B |") for line in lines)
