"""What is known of endpoints and deliveries."""

from limi.features.journal.model import JournalEntry
from limi.features.webhooks.model import (
    DeliveryState,
    Endpoint,
    EndpointId,
    EndpointStatus,
    Message,
    SealedSecret,
)

_KEPT_BACK = {"request_id", "caller", "ip", "user_agent", "outcome", "resolves", "frontend"}
"""Who asked, from where and how: nobody outside is told."""
_OF_THE_JOURNAL = {"seq", "writer", "n", "hash"}
"""Where the row stands, which says nothing to whoever has no other rows."""


def test_only_an_enabled_endpoint_is_sent_anything() -> None:
    secret = SealedSecret(sealed=b"", created_at=0.0)
    made = {
        status: Endpoint(
            id=EndpointId("whe_x"),
            url="https://example.com/",
            status=status,
            secrets=(secret,),
            created_at=0.0,
            updated_at=0.0,
        ).enabled
        for status in EndpointStatus
    }
    assert made == {EndpointStatus.ENABLED: True, EndpointStatus.DISABLED: False}


def test_a_message_tells_of_a_row_nothing_that_is_kept_back() -> None:
    """A member that rows get later is not told outside until somebody decides that here."""
    members = set(JournalEntry.__struct_fields__)
    assert set(Message.__struct_fields__) == members - _KEPT_BACK - _OF_THE_JOURNAL
    assert members >= _KEPT_BACK | _OF_THE_JOURNAL


def test_states_are_those_which_the_databases_indices_name() -> None:
    assert [state.value for state in DeliveryState] == ["pending", "delivered", "failed", "cancelled"]
