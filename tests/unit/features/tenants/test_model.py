"""What is known of a tenant."""

import msgspec

from limi.features.tenants.model import Tenant, TenantChanges, TenantStatus


def test_only_an_active_one_is_served() -> None:
    served = {
        status: Tenant(id="a", name="a", status=status, created_at=0.0, updated_at=0.0).active
        for status in TenantStatus
    }
    assert served == {TenantStatus.ACTIVE: True, TenantStatus.SUSPENDED: False, TenantStatus.DELETED: False}


def test_without_changes_nothing_changes() -> None:
    changes = TenantChanges()
    assert all(getattr(changes, name) is msgspec.UNSET for name in TenantChanges.__dataclass_fields__)
