"""The responses of a session: one at a time in the conversation, and some beside it."""

from collections.abc import Iterator
from dataclasses import replace

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.conversation import Conversation
from limi.protocol.effects import Generate, StopGenerating, StopReason
from limi.protocol.endings import Ending, IncompleteReason
from limi.protocol.errors import RefusedError
from limi.protocol.ids import NewId
from limi.protocol.limits import Limits
from limi.protocol.outbox import Outbox
from limi.protocol.playback import Playback
from limi.protocol.response import Response
from limi.protocol.response_request import ResponsePlan, ResponseRequest, plan_response
from limi.protocol.session_config import Modality, SessionConfig
from limi.protocol.usage import Cache, InputTokens, RateLimit, total_of

__all__ = ["Responses"]


class Responses:
    """Begins and ends responses; everything else about one is its own business."""

    def __init__(
        self,
        *,
        conversation: Conversation,
        outbox: Outbox,
        new_id: NewId,
        limits: Limits,
        playback: Playback | None,
        now: float,
    ) -> None:
        self.active: Response | None = None
        """The one in the conversation."""
        self._out_of_band: dict[str, Response] = {}
        self._conversation = conversation
        self._outbox = outbox
        self._new_id = new_id
        self._limits = limits
        self._playback = playback
        self._cache = Cache()
        self._rate_limit = RateLimit(tokens_per_minute=limits.tokens_per_minute, now=now)

    def __iter__(self) -> Iterator[Response]:
        if self.active is not None:
            yield self.active
        yield from self._out_of_band.values()

    def find(self, response_id: str) -> Response | None:
        """Return a response in the making, or None."""
        if self.active is not None and self.active.id == response_id:
            return self.active
        return self._out_of_band.get(response_id)

    def begin(self, request: ResponseRequest, *, config: SessionConfig, now: float) -> None:
        """Begin a response.

        Raises:
            ProtocolError: One is running already, there are too many, or the request breaks a rule.
        """
        plan = plan_response(
            request, config=config, conversation=self._conversation, new_id=self._new_id, limits=self._limits
        )
        if self._playback is not None:
            # A media track is fed with PCM whatever the session says about audio in events.
            plan = replace(plan, request=replace(plan.request, output_format=AudioFormat.PCM16))
        self._check_room(out_of_band=plan.request.out_of_band)
        response = Response(
            plan=plan,
            read=self._read(plan),
            conversation=self._conversation,
            outbox=self._outbox,
            new_id=self._new_id,
            playback=self._playback,
            now=now,
        )
        if plan.request.out_of_band:
            self._out_of_band[response.id] = response
        else:
            self.active = response
            for item in plan.forgotten:
                item.is_forgotten = True
        response.begin()
        self._outbox.do(Generate(response.id, plan.request))

    def cancel(self, response_id: str | None, now: float) -> None:
        """Cancel a response for the client; without an id, that of the conversation.

        Raises:
            RefusedError: No such response is running.
        """
        response = self.active if response_id is None else self.find(response_id)
        if response is None:
            message = "Cancellation failed: no active response found"
            raise RefusedError(code="response_cancel_not_active", message=message)
        self.stop(response, StopReason.CLIENT_CANCELLED, now)

    def stop(self, response: Response, reason: StopReason, now: float) -> None:
        """End a response early and tell its generator."""
        over_limit = reason is StopReason.MAX_OUTPUT_TOKENS
        ending = Ending.incomplete(IncompleteReason.MAX_OUTPUT_TOKENS) if over_limit else Ending.cancelled(reason)
        self.end(response, ending, now)
        self._outbox.do(StopGenerating(response.id, reason))

    def end(self, response: Response, ending: Ending, now: float) -> None:
        """End a response; its limits are reported last."""
        if self.active is response:
            self.active = None
        else:
            del self._out_of_band[response.id]
        response.end(ending)
        self._outbox.send("rate_limits.updated", rate_limits=self._rate_limit.spend(response.total_tokens, now))

    def add_text(self, response_id: str, text: str, now: float) -> None:
        """The generator adds text; like all its reports, this does nothing once the response has ended."""
        response = self.find(response_id)
        if response is None or not text:
            return
        allowed = text[: response.characters_left]
        if allowed:
            response.add_text(allowed)
        if len(allowed) < len(text):
            self._stop_at_limit(response, now)

    def add_audio(self, response_id: str, audio: bytes, now: float) -> None:
        """The generator adds speech, which has no place in a text response."""
        response = self.find(response_id)
        if response is None or not audio or response.request.modality is not Modality.AUDIO:
            return
        allowed = audio[: response.audio_bytes_left]
        if allowed:
            response.add_audio(allowed, now)
        if len(allowed) < len(audio):
            self._stop_at_limit(response, now)

    def start_call(self, response_id: str, name: str, now: float) -> None:
        """The generator begins to call a function."""
        response = self.find(response_id)
        if response is None:
            return
        if len(name) <= response.characters_left:
            response.start_call(name)
        else:
            self._stop_at_limit(response, now)

    def add_arguments(self, response_id: str, arguments: str, now: float) -> None:
        """The generator adds to the arguments of its call."""
        response = self.find(response_id)
        if response is None or not arguments:
            return
        allowed = arguments[: response.characters_left]
        if allowed:
            response.add_arguments(allowed)
        if len(allowed) < len(arguments):
            self._stop_at_limit(response, now)

    def end_call(self, response_id: str) -> None:
        """The generator has all arguments of its call."""
        response = self.find(response_id)
        if response is not None:
            response.end_call()

    def report_end(self, response_id: str, ending: Ending, now: float) -> None:
        """The generator has nothing more to say."""
        response = self.find(response_id)
        if response is not None:
            self.end(response, ending, now)

    def abandon_all(self) -> None:
        """Tell every generator to stop, without a word to the client: the session is over."""
        for response in self:
            self._outbox.do(StopGenerating(response.id, StopReason.SESSION_ENDED))
        self.active = None
        self._out_of_band.clear()

    def _stop_at_limit(self, response: Response, now: float) -> None:
        self.stop(response, StopReason.MAX_OUTPUT_TOKENS, now)

    def _read(self, plan: ResponsePlan) -> InputTokens:
        # A context of the client's own has nothing in common with what the conversation's responses have read.
        if plan.own_input:
            return total_of(plan.read)
        read = self._cache.applied_to(plan.read)
        self._cache.remember(plan.read)
        return read

    def _check_room(self, *, out_of_band: bool) -> None:
        if out_of_band:
            if len(self._out_of_band) >= self._limits.out_of_band_responses:
                message = (
                    f"At most {self._limits.out_of_band_responses} responses may run beside the conversation."
                )
                raise RefusedError(code="too_many_responses", message=message)
            return
        if self.active is not None:
            message = (
                f"Conversation already has an active response in progress: {self.active.id}. "
                "Wait until the response is finished before creating a new one."
            )
            raise RefusedError(code="conversation_already_has_active_response", message=message)
        self._conversation.check_room()
