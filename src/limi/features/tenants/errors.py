"""Why a tenant is not made or changed. `code` is the error catalogue's.

TenantError
├── InvalidTenantError     a member breaks its rule
├── TenantExistsError      there is, or was, one of that id
├── TenantNotFoundError    there is none of that id, or none that this caller may see
├── TenantConflictError    others change the tenant at the same moment
└── TenantForbiddenError   this caller may not do that
"""

__all__ = [
    "InvalidTenantError",
    "TenantConflictError",
    "TenantError",
    "TenantExistsError",
    "TenantForbiddenError",
    "TenantNotFoundError",
]


class TenantError(Exception):
    """Nothing was changed."""

    code = "invalid_request"


class InvalidTenantError(TenantError):
    """A member breaks its rule."""

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class TenantExistsError(InvalidTenantError):
    """There is, or was, one of that id."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(field="id", rule=f"`{tenant_id}` is taken; ids of deleted tenants are not given again")
        self.tenant_id = tenant_id


class TenantNotFoundError(TenantError):
    """There is none of that id, or none that this caller may see."""

    code = "not_found"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"id: there is no tenant `{tenant_id}`")
        self.tenant_id = tenant_id


class TenantConflictError(TenantError):
    """Others changed the tenant at the same moment."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            f"id: the tenant `{tenant_id}` was changed by somebody else at the same moment; try again"
        )
        self.tenant_id = tenant_id


class TenantForbiddenError(TenantError):
    """This caller may not do that."""

    code = "forbidden"

    def __init__(self) -> None:
        super().__init__("tenant: only operators of all tenants may make or change one")
