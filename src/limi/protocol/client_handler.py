"""What each event of the client does.

One event is one method below. A broken rule is an exception up to `receive_object`, which answers it with an
`error` event that repeats the client's `event_id`; every method checks before it changes anything.
"""

from typing import Any

from limi.protocol import client_events as events
from limi.protocol.conversation import Conversation, duplicate_id
from limi.protocol.errors import InvalidEventError, InvalidValueError, ProtocolError
from limi.protocol.ids import NewId
from limi.protocol.item_request import build_item, parse_item
from limi.protocol.limits import Limits
from limi.protocol.mcp import MCPServers
from limi.protocol.outbox import Outbox
from limi.protocol.playback import Playback
from limi.protocol.response_request import ResponseRequest
from limi.protocol.responses import Responses
from limi.protocol.session_config import SessionConfig, SessionType
from limi.protocol.session_echo import session_to_wire
from limi.protocol.session_request import parse_session
from limi.protocol.session_update import updated_config
from limi.protocol.turns import Turns
from limi.protocol.wire import decode_object

__all__ = ["ClientHandler"]


class ClientHandler:
    """Reads the client's events and passes them on; it owns the configuration, which only they change."""

    def __init__(
        self,
        *,
        session_id: str,
        expires_at: int,
        config: SessionConfig,
        conversation: Conversation,
        responses: Responses,
        turns: Turns,
        playback: Playback | None,
        outbox: Outbox,
        new_id: NewId,
        limits: Limits,
    ) -> None:
        self.session_id = session_id
        self.config = config
        self._expires_at = expires_at
        self._conversation = conversation
        self._responses = responses
        self._turns = turns
        self._playback = playback
        self._outbox = outbox
        self._new_id = new_id
        self._limits = limits
        self._mcp_servers = MCPServers(conversation=conversation, outbox=outbox, new_id=new_id)

    def greet(self) -> None:
        """Send `session.created`, the first event of a session."""
        self._send_session("session.created")
        self._mcp_servers.list_tools(self.config.tools)

    def receive(self, frame: str, now: float) -> None:
        """Take one text frame.

        Raises:
            ProtocolError: It is no JSON object; everything else is answered.
        """
        if len(frame) > self._limits.frame_characters:
            raise InvalidEventError(f"Invalid event: longer than {self._limits.frame_characters} characters.")
        self.receive_object(decode_object(frame), now)

    def receive_object(self, wire: dict[str, Any], now: float) -> None:
        """Take the object that a text frame holds; whatever is wrong with it is answered with an `error` event."""
        try:
            self._dispatch(events.parse_event(wire, has_media_track=self._playback is not None), now)
        except ProtocolError as error:
            self._outbox.send_error(error, caused_by=events.event_id_of(wire))

    def refuse(self, error: ProtocolError) -> None:
        """Answer a frame that could not be read."""
        raise error

    def refuse_binary(self, size: int) -> None:
        """Answer a binary frame."""
        raise InvalidEventError(f"Invalid event: expected a text frame, but got a binary one of {size} bytes.")

    def _dispatch(self, event: events.ClientEvent, now: float) -> None:  # noqa: C901 - one case for each event there is
        match event:
            case events.AppendAudio():
                self._append(event)
            case events.UpdateSession():
                self._update(event)
            case events.CommitInput():
                self._turns.commit()
            case events.ClearInput():
                self._turns.clear()
            case events.CreateItem():
                self._create_item(event)
            case events.RetrieveItem():
                self._conversation.retrieve(event.item_id)
            case events.TruncateItem():
                self._conversation.truncate(
                    event.item_id, content_index=event.content_index, audio_end_ms=event.audio_end_ms
                )
            case events.DeleteItem():
                self._conversation.delete(event.item_id)
            case events.CreateResponse():
                self._create_response(event, now)
            case events.CancelResponse():
                self._responses.cancel(event.response_id, now)
            case events.ClearOutput():
                self._clear_output()

    def _append(self, event: events.AppendAudio) -> None:
        audio = event.audio.data
        if len(audio) > self._limits.append_bytes:
            message = f"Invalid value for 'audio': at most {self._limits.append_bytes} bytes fit into one append."
            raise InvalidValueError("audio", message)
        self._turns.append(audio)

    def _update(self, event: events.UpdateSession) -> None:
        request = parse_session(event.session)
        self.config = updated_config(
            self.config,
            request,
            has_spoken=self._conversation.has_spoken,
            is_responding=self._responses.active is not None,
        )
        self._turns.configure(self.config)
        self._send_session("session.updated")
        self._mcp_servers.list_tools(self.config.tools)

    def _create_item(self, event: events.CreateItem) -> None:
        request = parse_item(event.item, at="item")
        item = build_item(
            request,
            new_id=self._new_id,
            user_format=self.config.input_format,
            reply_format=self.config.output_format,
        )
        if item.id == self._turns.announced_id:
            raise duplicate_id(item.id)
        self._conversation.insert(item, after=event.previous_item_id)

    def _create_response(self, event: events.CreateResponse, now: float) -> None:
        if self.config.type is SessionType.TRANSCRIPTION:
            raise InvalidValueError("type", "Invalid value: a transcription session does not create responses.")
        request = event.response or ResponseRequest()
        self._responses.begin(request, config=self.config, now=now)

    def _clear_output(self) -> None:
        if self._playback is not None:
            self._playback.clear()

    def _send_session(self, event_type: str) -> None:
        session = session_to_wire(self.config, session_id=self.session_id, expires_at=self._expires_at)
        self._outbox.send(event_type, session=session)
