"""Why a profile is not made or deleted. `code` is the error catalogue's.

ProfileError
├── InvalidProfileError     a member breaks its rule
├── ProfileNotFoundError    there is none, or none that this caller may see
└── ProfileNotAllowedError  this caller may not change it
"""

__all__ = ["InvalidProfileError", "ProfileError", "ProfileNotAllowedError", "ProfileNotFoundError"]


class ProfileError(Exception):
    """Nothing was changed."""

    code = "invalid_request"


class InvalidProfileError(ProfileError):
    """A member breaks its rule."""

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class ProfileNotFoundError(ProfileError):
    """There is none, or none that this caller may see."""

    code = "not_found"

    def __init__(self, name: str, version: int | None = None) -> None:
        shown = name if version is None else f"{name}@{version}"
        super().__init__(f"name: there is no profile `{shown}` in the database")
        self.name = name
        self.version = version


class ProfileNotAllowedError(ProfileError):
    """This caller may not change it."""

    code = "forbidden"

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule
