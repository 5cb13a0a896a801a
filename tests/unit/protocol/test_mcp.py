"""A client that names an MCP server is told that nobody calls it."""

from typing import Any

from limi.protocol import Limits
from tests.unit.protocol.harness import Harness, manual_config, only_error, types

SERVER = {"type": "mcp", "server_label": "shop", "server_url": "https://shop.example", "authorization": "hidden"}
LISTING = [
    "mcp_list_tools.in_progress",
    "conversation.item.added",
    "mcp_list_tools.failed",
    "conversation.item.done",
]


def update(talk: Harness, *tools: dict[str, Any]) -> list[dict[str, Any]]:
    return talk.client("session.update", session={"type": "realtime", "tools": list(tools)})


def test_the_listing_of_a_new_server_fails_in_sequence() -> None:
    events = update(Harness(), SERVER)
    assert types(events) == ["session.updated", *LISTING]
    assert len({event.get("item_id", event.get("item", {}).get("id")) for event in events[1:]}) == 1
    item = events[2]["item"]
    assert (item["type"], item["server_label"], item["tools"]) == ("mcp_list_tools", "shop", [])


def test_the_item_can_be_retrieved_as_agents_js_does() -> None:
    talk = Harness()
    item_id = update(talk, SERVER)[1]["item_id"]
    assert types(talk.client("conversation.item.retrieve", item_id=item_id)) == ["conversation.item.retrieved"]


def test_a_server_is_tried_once() -> None:
    talk = Harness()
    update(talk, SERVER)
    assert types(update(talk, SERVER)) == ["session.updated"]
    assert types(update(talk, SERVER, SERVER | {"server_label": "bank"})) == ["session.updated", *LISTING]


def test_a_server_of_the_minted_session_is_tried_at_the_start() -> None:
    talk = Harness()
    update(talk, SERVER)
    other = Harness(manual_config(tools=talk.session.config.tools))
    assert types(other.greeting) == ["session.created", *LISTING]


def test_more_servers_than_the_conversation_has_room_for_are_not_tried() -> None:
    talk = Harness(limits=Limits(items=1))
    events = update(talk, SERVER, SERVER | {"server_label": "bank"})
    assert types(events) == ["session.updated", *LISTING]


def test_functions_are_not_listed() -> None:
    assert types(update(Harness(), {"type": "function", "name": "look"})) == ["session.updated"]


def test_a_refused_update_tries_nothing() -> None:
    talk = Harness()
    only_error(talk.client("session.update", session={"type": "realtime", "tools": [SERVER], "voice": "sage"}))
    assert types(update(talk, SERVER))[1:] == LISTING
