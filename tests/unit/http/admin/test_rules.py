"""The types of operators' requests agree with what the services demand."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.features.tenants.errors import InvalidTenantError
from limi.features.tenants.rules import check_tenant_id
from limi.http.admin import rules


def _fits(kind: Any, value: object) -> bool:
    try:
        msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        return False
    return True


@given(st.text(st.sampled_from("aZ9-_ \n\x00é"), max_size=45) | st.text(max_size=5))
def test_a_tenants_id_is_what_the_service_takes(text: str) -> None:
    try:
        check_tenant_id(text)
        taken = True
    except InvalidTenantError:
        taken = False
    assert _fits(rules.TenantID, text) == taken


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        (rules.Name, ["a", "Grüße 🎙", "x" * 100], ["", "a\nb", "a\n", "\x7f", "x" * 101]),
        (rules.Scopes, [["mint"], ["mint", "mint"]], [[], ["all"], "mint"]),
        (rules.Models, [["gpt-realtime"]], [[], ["a b"], ["x" * 101], ["a\n"]]),
        (rules.ProfileNames, [["default"]], [[], ["Default"], ["x" * 65]]),
        (rules.PerMinute, [1, 1_000_000], [0, 1_000_001, 1.5, "1"]),
        (rules.SecondsToLive, [10, 7200], [9, 7201]),
        (rules.OverlapSeconds, [0, 2_592_000], [-1, 2_592_001]),
        (rules.Limit, [1, 100], [0, 101]),
        (rules.Seq, [0, 2**63 - 1], [-1, 2**63]),
        (rules.Version, [1], [0]),
        (rules.Moment, ["2030-01-01T00:00:00Z"], ["2030-01-01T00:00:00", "2030-01-01", 5]),
        (rules.Event, ["key.created"], ["key.eaten"]),
        (rules.Place, ["acme", "whe_1", "x" * 100], ["", "\0", "a\0b", "a\n", "x" * 101]),
        (rules.Word, ["user:anna@example.com", "x" * 300], ["", "\0", "a\0b", "a\n", "x" * 301]),
    ],
)
def test_what_fits_and_what_does_not(kind: Any, fitting: list[object], others: list[object]) -> None:
    assert [value for value in fitting if not _fits(kind, value)] == []
    assert [value for value in others if _fits(kind, value)] == []
