from pathlib import Path

import pytest

from limi.adapters.sql import (
    DatabaseError,
    DatabaseMissingError,
    DatabaseReplacedError,
    DatabaseURLError,
    SchemaError,
)


@pytest.mark.parametrize(
    "error",
    [
        DatabaseMissingError("Gone.", hint="Look."),
        DatabaseReplacedError(Path("limi.db")),
        SchemaError("Old.", hint="Run."),
    ],
)
def test_an_error_says_what_happened_and_then_what_to_do(error: DatabaseError) -> None:
    assert isinstance(error, DatabaseError)
    assert str(error).endswith(error.hint)


def test_a_wrong_url_names_the_setting_and_shows_what_fits() -> None:
    error = DatabaseURLError("is not a URL")
    assert "LIMI_DATABASE_URL (database.url): is not a URL." in str(error)
    assert "sqlite:///" in error.hint
