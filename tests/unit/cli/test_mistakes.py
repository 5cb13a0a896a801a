"""An option's value that does not fit: the option and its rule, in our words."""

from collections.abc import Callable

import pytest
from typer.testing import Result


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("key", "create", "web", "--scope", "nonsense"),
            "'--scope': 'nonsense' is not one of 'mint', 'calls', 'stats', 'admin', 'webhook'",
        ),
        (("usage", "--by", "weather"), "'--by': 'weather' is not one of 'tenant', 'frontend', 'model', 'code'"),
        (
            ("tenant", "create", "acme", "--tokens-per-minute", "many"),
            "'--tokens-per-minute': must be a whole number",
        ),
        (("key", "rotate", "k", "--overlap-seconds", "-1"), "'--overlap-seconds': must be at least 0"),
        (("webhook", "listen", "--port", "65536"), "'--port': must be at most 65535"),
        (("key", "create", "web", "--expires", "soon"), "'--expires': 'soon' is no ISO 8601 time"),
        (("audit", "export", "--after", "9" * 20), "'--after': must be at most 9223372036854775807"),
        (("audit", "tail", "--lines", "9" * 20), "'--lines' / '-n': must be at most 9223372036854775807"),
        (("audit", "export", "--caller", "a\udcff"), "'--caller': must be text in UTF-8"),
        (("audit", "tail", "--tenant", "a\udcff"), "'--tenant': must be text in UTF-8"),
        (("audit", "tail", "--subject", "a\udcff"), "'--subject': must be text in UTF-8"),
        (("profile", "show", "p", "--version", "9" * 20), "'--version': must be at most 2147483647"),
    ],
)
def test_it_names_the_option_and_the_rule(
    invoke: Callable[..., Result], arguments: tuple[str, ...], sentence: str
) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Error: Invalid value for {sentence}" in result.stderr
    assert "Input should" not in result.stderr
    assert "Value error" not in result.stderr
