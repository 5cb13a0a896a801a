"""Why events are not kept, and why usage is not told. `code` is the error catalogue's.

AnalyticsError
├── AnalyticsUnavailableError  the store does not answer, or too much waits for it
└── InvalidUsageQueryError     a question breaks a rule, or its answer would be too large
"""

__all__ = ["AnalyticsError", "AnalyticsUnavailableError", "InvalidUsageQueryError"]


class AnalyticsError(Exception):
    """Something was asked of analytics that it does not do."""

    code: str = "analytics_unavailable"


class AnalyticsUnavailableError(AnalyticsError):
    """Events cannot be kept, or usage cannot be read, now."""


class InvalidUsageQueryError(AnalyticsError):
    """The question breaks a rule."""

    code = "invalid_request"

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule
