"""What becomes of the MCP servers a client names: nothing behind this protocol calls one, and it says so.

Upstream lists the tools of every server it is given and reports on it by events. Here each listing fails at once,
in the same sequence, so that a client neither waits for tools nor takes silence for success.
"""

from collections.abc import Iterable

from limi.protocol.conversation import Conversation
from limi.protocol.generation import ItemType
from limi.protocol.ids import IdKind, NewId
from limi.protocol.items import Item
from limi.protocol.outbox import Outbox
from limi.protocol.vocabulary import MCPToolObject, ToolObject

__all__ = ["MCPServers"]


class MCPServers:
    """The servers whose listing was reported; each is tried once in a session."""

    def __init__(self, *, conversation: Conversation, outbox: Outbox, new_id: NewId) -> None:
        self._conversation = conversation
        self._outbox = outbox
        self._new_id = new_id
        self._tried: set[str] = set()

    def list_tools(self, tools: Iterable[ToolObject]) -> None:
        """Report on the servers among `tools` that are new, as long as the conversation has room for that."""
        for tool in tools:
            if not isinstance(tool, MCPToolObject) or tool.server_label in self._tried:
                continue
            if self._conversation.has_room:
                self._tried.add(tool.server_label)
                self._fail(tool.server_label)

    def _fail(self, server_label: str) -> None:
        item = Item(
            id=self._new_id(IdKind.ITEM),
            type=ItemType.MCP_LIST_TOOLS,
            foreign={"server_label": server_label, "tools": []},
        )
        self._outbox.send("mcp_list_tools.in_progress", item_id=item.id)
        # agents-js retrieves the item as soon as it reads the event above, so it must be there.
        self._conversation.announce_added(item, self._conversation.append(item))
        self._outbox.send("mcp_list_tools.failed", item_id=item.id)
        self._conversation.complete(item)
