import dataclasses

import pytest

from limi.kernel.error_entry import ErrorEntry


def test_an_entry_cannot_be_changed_and_ends_an_attempt_unless_it_says_otherwise() -> None:
    entry = ErrorEntry(code="c", title="T", message="m", checks=("Look.",), example="e")
    assert (entry.status, entry.ends_attempt) == (None, True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.code = "other"  # type: ignore[misc] # it is what must fail
