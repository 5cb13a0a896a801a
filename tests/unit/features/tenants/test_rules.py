"""What a tenant's members may be; wrong ones stand in test_service.py."""

import pytest

from limi.features.tenants.errors import InvalidTenantError
from limi.features.tenants.model import Tenant
from limi.features.tenants.rules import TENANT_RULES, check_tenant, check_tenant_id


@pytest.mark.parametrize("tenant_id", ["a", "0", "-", "a" * 40, "acme-eu-1"])
def test_ids_that_fit(tenant_id: str) -> None:
    check_tenant_id(tenant_id)


@pytest.mark.parametrize("tenant_id", ["", "a" * 41, "A", "a_b", "ä", "a b", "a\n"])
def test_ids_that_do_not(tenant_id: str) -> None:
    """An underscore least of all: it joins tenant and session in records."""
    with pytest.raises(InvalidTenantError, match="id: must be 1–40 characters"):
        check_tenant_id(tenant_id)


def test_a_tenant_without_limits_is_fine() -> None:
    check_tenant(Tenant(id="a", name="Größe & Söhne", created_at=0.0, updated_at=0.0))


def test_every_rule_is_a_sentence_that_follows_the_members_name() -> None:
    assert all(rule.startswith("must ") for rule in TENANT_RULES.values())
