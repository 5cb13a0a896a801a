"""Why a key is not made, changed or accepted. `code` is the error catalogue's.

ApiKeyError
├── InvalidKeyError       a member breaks its rule
├── KeyNotFoundError      there is none of that id, or none that this caller may see
├── KeyEndedError         it is revoked or expired, and stays so
├── KeyForbiddenError     it would be more than its maker has
├── KeyConflictError      others change the key at the same moment
└── KeyOriginError        the key is valid, but not for pages of this origin
"""

__all__ = [
    "ApiKeyError",
    "InvalidKeyError",
    "KeyConflictError",
    "KeyEndedError",
    "KeyForbiddenError",
    "KeyNotFoundError",
    "KeyOriginError",
]


class ApiKeyError(Exception):
    """Nothing was changed, nobody let in."""

    code = "invalid_request"


class InvalidKeyError(ApiKeyError):
    """A member breaks its rule."""

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class KeyNotFoundError(ApiKeyError):
    """There is none of that id, or none that this caller may see."""

    code = "not_found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"id: there is no key `{key_id}`")
        self.key_id = key_id


class KeyEndedError(ApiKeyError):
    """The key is revoked or expired, and nothing makes it another."""

    def __init__(self, key_id: str, *, status: str) -> None:
        super().__init__(f"id: the key `{key_id}` is {status} for ever; make a new one")
        self.key_id = key_id
        self.status = status


class KeyForbiddenError(ApiKeyError):
    """The key would have, or has, more than the caller."""

    code = "forbidden"

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class KeyConflictError(ApiKeyError):
    """Others changed the key at the same moment."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"id: the key `{key_id}` was changed by somebody else at the same moment; try again")
        self.key_id = key_id


class KeyOriginError(ApiKeyError):
    """The key is valid, but not for pages of this origin."""

    code = "forbidden"

    def __init__(self) -> None:
        super().__init__("origin: this key is for pages of other origins only")
