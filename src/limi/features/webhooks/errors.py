"""Why an endpoint is not made, changed or sent to. `code` is the error catalogue's.

WebhookError
├── InvalidEndpointError    a member breaks its rule
├── TooManyEndpointsError   the tenant has as many as it may
├── EndpointNotFoundError   there is none of that id, or none that this caller may see
└── EndpointConflictError   others change the endpoint at the same moment
UnusableSecretError         what is kept of a secret cannot be opened with this server's root key
"""

__all__ = [
    "EndpointConflictError",
    "EndpointNotFoundError",
    "InvalidEndpointError",
    "TooManyEndpointsError",
    "UnusableSecretError",
    "WebhookError",
]


class WebhookError(Exception):
    """Nothing was changed, nothing sent."""

    code = "invalid_request"


class InvalidEndpointError(WebhookError):
    """A member breaks its rule."""

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class TooManyEndpointsError(InvalidEndpointError):
    """The tenant, or the operator, has as many as it may."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(field="tenant", rule=f"has {limit} endpoints already, the most it may; remove one")
        self.limit = limit


class EndpointNotFoundError(WebhookError):
    """There is none of that id, or none that this caller may see."""

    code = "not_found"

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"id: there is no webhook endpoint `{endpoint_id}`")
        self.endpoint_id = endpoint_id


class EndpointConflictError(WebhookError):
    """Others changed the endpoint at the same moment."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            f"id: the endpoint `{endpoint_id}` was changed by somebody else at the same moment; try again"
        )
        self.endpoint_id = endpoint_id


class UnusableSecretError(Exception):
    """What is kept of a secret cannot be opened with this server's root key."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"no secret of the endpoint {endpoint_id} opens with this server's root key")
        self.endpoint_id = endpoint_id
