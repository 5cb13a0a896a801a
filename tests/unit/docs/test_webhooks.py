"""The page about webhooks shows what is really sent; its tables and programs are held by test_generated.py."""

import json
from typing import Any

from limi.features.webhooks.model import Message
from limi.features.webhooks.payload import DELIVERABLE, payload
from limi.features.webhooks.ports import SendFailure
from limi.http.announce import AnnounceAnswer
from limi.kernel.facts import EventName
from tests.unit.docs.reading import ROOT, blocks

_PAGE = ROOT / "docs" / "webhooks.md"


def _shown(member: str) -> Any:
    (found,) = (shown for block in blocks(_PAGE, "json") if member in (shown := json.loads(block.text)))
    return found


def test_the_event_that_is_shown_is_what_such_a_message_looks_like() -> None:
    shown = _shown("type")
    data = shown["data"]
    message = Message(
        id="m1",
        event=EventName.TOKEN_GENERATED,
        at=1795254655.123,
        session_id=data["sessionId"],
        model=data["model"],
        expires_at=data["expiresAt"],
        tenant=data["tenant"],
    )
    assert json.loads(payload(message)) == shown
    assert tuple(data) == DELIVERABLE[EventName.TOKEN_GENERATED].members


def test_the_answer_to_an_announcement_has_the_members_that_it_has() -> None:
    assert tuple(_shown("status")) == AnnounceAnswer.__struct_encode_fields__


def test_every_answer_to_a_failure_is_told_by_its_word() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    assert all(f"`{failure}`" in text for failure in SendFailure)
