"""The state machine of a conversation, without time, network or devices: a table of what each phase does.

It is the machine of the TypeScript client, rule by rule, and both replay the same recorded runs. An input that a
phase does not list is ignored there.
"""

from collections.abc import Callable, Mapping
from typing import Final

from limi_client.voice._draft import Draft
from limi_client.voice._events import VoiceStatus
from limi_client.voice._machine_words import (
    Effect,
    Input,
    InputType,
    Machine,
    MachineSettings,
    Moment,
    Phase,
    Trouble,
)

__all__ = ["listens", "status_of", "step"]

_LONGEST_WAIT_MS: Final = 60_000
"""A retry that the backend puts off for longer is left to the person."""

_Rule = Callable[[Draft, Input], None]
_Rules = Mapping[InputType, _Rule]


def step(
    machine: Machine, taken: Input, moment: Moment, settings: MachineSettings
) -> tuple[Machine, list[Effect]]:
    """Take one input; return the machine afterwards, and what to do, in order."""
    draft = Draft(machine, moment, settings)
    if taken.type in {"online", "offline"}:
        draft.set(online=taken.type == "online")
    if taken.type == "timer" and taken.name:
        draft.rang(taken.name)
    rule = _rule_for(machine.phase, taken.type)
    if rule is not None:
        rule(draft, taken)
    return draft.machine, draft.effects


def status_of(phase: Phase) -> VoiceStatus:
    """Return the public status of a phase."""
    return _STATUS.get(phase, "connecting")


def listens(phase: Phase, kind: InputType) -> bool:
    """Whether a phase does anything with an input."""
    return _rule_for(phase, kind) is not None


def _rule_for(phase: Phase, kind: InputType) -> _Rule | None:
    own = _TABLE[phase].get(kind)
    if own is not None or phase == "idle":
        return own
    # A failed conversation holds nothing any more, so only leaving the failure behind makes sense.
    return None if phase == "failed" and kind != "disconnect" else _ALWAYS.get(kind)


def _begin(draft: Draft, _: Input) -> None:
    settings = draft.settings
    draft.reset()
    if settings.transport == "webrtc" and not settings.has_webrtc:
        draft.fail("webrtc_unsupported")
        return
    first = "webrtc" if settings.has_webrtc else "websocket"
    draft.set(transport=first if settings.transport == "auto" else settings.transport, microphone="opening")
    draft.enter("preparing")
    draft.do(Effect("open_microphone"))


def _mint(draft: Draft) -> None:
    if draft.machine.since is None:
        draft.set(since=draft.moment.at)
    draft.enter("minting")
    draft.do(Effect("mint"))


def _open(draft: Draft) -> None:
    settings = draft.settings
    draft.enter("opening")
    draft.do(Effect("open", transport=draft.transport))
    draft.start("open", settings.webrtc_timeout_ms if draft.on_webrtc else settings.websocket_timeout_ms)


def _go_live(draft: Draft, _: Input) -> None:
    machine, settings = draft.machine, draft.settings
    draft.stop("open")
    if machine.resuming:
        draft.do(Effect("restore_history"))
    if machine.attempt > 0:
        draft.start("stable", settings.stable_after_ms)
    draft.start("renew", settings.renew_after_ms)
    if machine.since is not None:
        duration = draft.moment.at - machine.since
        draft.do(Effect("report_connected", duration_ms=duration, transport=draft.transport))
    draft.set(resuming=True, since=None)
    if machine.microphone != "missing":
        draft.set(error=None)
    draft.enter("live")


def _opening_failed(draft: Draft, code: str) -> None:
    blocked = code in {"webrtc_connection_failed", "webrtc_unsupported"}
    if blocked and draft.on_webrtc and draft.settings.transport == "auto":
        # A key may be bound to the call that was begun with it, so the other transport gets one of its own.
        draft.stop_all()
        draft.do(Effect("close"))
        draft.do(Effect("report_error", code=code))
        draft.set(transport="websocket")
        _mint(draft)
    elif draft.machine.resuming or code == "token_expired":
        draft.recover(code)
    else:
        draft.fail(code)


def _open_timed_out(draft: Draft, taken: Input) -> None:
    if taken.name == "open":
        _opening_failed(draft, "webrtc_connection_failed" if draft.on_webrtc else "network_error")


def _mint_failed(draft: Draft, taken: Input) -> None:
    # The request is over, so nothing is to be cancelled.
    draft.enter("waiting")
    patient = taken.retryable and taken.retry_after_ms <= _LONGEST_WAIT_MS
    if patient and draft.machine.resuming:
        draft.recover(_code(taken), taken.retry_after_ms)
    else:
        draft.fail(_code(taken))


def _renew_if_due(draft: Draft) -> None:
    machine = draft.machine
    if machine.renewal == "none" or (machine.busy and machine.renewal != "forced"):
        return
    draft.stop("renew")
    draft.enter("renewing")
    draft.do(Effect("mint"))


def _renewal_due(draft: Draft) -> None:
    draft.set(renewal="due" if draft.machine.renewal == "none" else "forced")


def _live_timer(draft: Draft, taken: Input) -> None:
    if taken.name == "stable":
        draft.set(attempt=0)
    if taken.name == "renew":
        _renewal_due(draft)
        _renew_if_due(draft)
        if draft.machine.phase == "live":
            draft.start("renew", draft.settings.renew_patience_ms)


def _unsteady_timer(draft: Draft, taken: Input) -> None:
    if taken.name == "grace":
        draft.recover("network_error")
    if taken.name == "stable":
        draft.set(attempt=0)
    if taken.name == "renew":
        _renewal_due(draft)
        draft.start("renew", draft.settings.renew_patience_ms)


def _renewing_timer(draft: Draft, taken: Input) -> None:
    if taken.name == "stable":
        draft.set(attempt=0)


def _renewal_minted(draft: Draft, _: Input) -> None:
    if draft.machine.busy and draft.machine.renewal != "forced":
        # Somebody began to speak while the key was fetched: cutting that off is worse than an unused key.
        draft.enter("live")
        draft.start("renew", draft.settings.renew_patience_ms)
        return
    draft.stop_all()
    draft.do(Effect("close"))
    draft.set(renewal="none", busy=False)
    _open(draft)


def _renewal_failed(draft: Draft, taken: Input) -> None:
    draft.set(renewal="none")
    draft.enter("live")
    draft.do(Effect("report_error", code=_code(taken)))
    draft.start("renew", draft.settings.renew_retry_ms)


def _unsteady(draft: Draft, _: Input) -> None:
    draft.enter("unsteady")
    draft.start("grace", draft.settings.grace_ms)


def _steady(draft: Draft, _: Input) -> None:
    draft.stop("grace")
    draft.enter("live")
    _renew_if_due(draft)


def _quiet(draft: Draft, taken: Input) -> None:
    _not_busy(draft, taken)
    _renew_if_due(draft)


def _not_busy(draft: Draft, _: Input) -> None:
    draft.set(busy=False)


def _nothing(_draft: Draft, _: Input) -> None:
    """Listen, so that an input is not unknown, and do nothing."""


def _retry(draft: Draft, taken: Input) -> None:
    if taken.name == "retry":
        _mint(draft)


def _retry_now(draft: Draft, _: Input) -> None:
    draft.stop("retry")
    _mint(draft)


def _retry_later(draft: Draft, _: Input) -> None:
    # Attempts that must fail are not to use up the few there are.
    draft.start("retry", draft.settings.offline_ms)


def _microphone_opened_first(draft: Draft, _: Input) -> None:
    draft.set(microphone="open")
    _mint(draft)


def _microphone_failed_first(draft: Draft, taken: Input) -> None:
    draft.set(microphone="closed")
    draft.fail(_code(taken))


def _disconnect(draft: Draft, _: Input) -> None:
    draft.release()
    draft.reset()


def _reopen_microphone(draft: Draft, _: Input) -> None:
    draft.set(microphone="opening")
    draft.do(Effect("open_microphone"))


def _microphone_opened(draft: Draft, _: Input) -> None:
    draft.set(microphone="open", error=None)
    if draft.has_session:
        draft.do(Effect("use_microphone"))


def _microphone_failed(draft: Draft, taken: Input) -> None:
    draft.set(microphone="missing", error=Trouble(_code(taken)))
    draft.do(Effect("report_error", code=taken.code))


def _devices_changed(draft: Draft, taken: Input) -> None:
    if draft.machine.microphone == "missing":
        _reopen_microphone(draft, taken)


def _ended(draft: Draft, taken: Input) -> None:
    draft.fail("session_ended", taken.reason)


def _code(taken: Input) -> str:
    return taken.code or "unknown"


_LIVE: Final[_Rules] = {
    "lost": lambda draft, taken: draft.recover(_code(taken)),
    "ended": _ended,
    "unsteady": _unsteady,
    "busy": lambda draft, _: draft.set(busy=True),
    "quiet": _quiet,
}

_TABLE: Final[Mapping[Phase, _Rules]] = {
    "idle": {"connect": _begin},
    "preparing": {
        "microphone_opened": _microphone_opened_first,
        "microphone_failed": _microphone_failed_first,
    },
    "minting": {"minted": lambda draft, _: _open(draft), "mint_failed": _mint_failed},
    "opening": {
        "opened": _go_live,
        "open_failed": lambda draft, taken: _opening_failed(draft, _code(taken)),
        "lost": lambda draft, taken: _opening_failed(draft, _code(taken)),
        "ended": _ended,
        "timer": _open_timed_out,
    },
    "live": {**_LIVE, "timer": _live_timer},
    "unsteady": {**_LIVE, "unsteady": _nothing, "steady": _steady, "quiet": _not_busy, "timer": _unsteady_timer},
    "renewing": {
        **_LIVE,
        "unsteady": _nothing,
        "quiet": _not_busy,
        "minted": _renewal_minted,
        "mint_failed": _renewal_failed,
        "timer": _renewing_timer,
    },
    "waiting": {"timer": _retry, "online": _retry_now, "visible": _retry_now, "offline": _retry_later},
    "failed": {"connect": _begin},
}
"""What each phase does with each input."""

_ALWAYS: Final[_Rules] = {
    "disconnect": _disconnect,
    "microphone_lost": _reopen_microphone,
    "microphone_opened": _microphone_opened,
    "microphone_failed": _microphone_failed,
    "devices_changed": _devices_changed,
}
"""What holds in every phase in which a conversation is on."""

_STATUS: Final[Mapping[Phase, VoiceStatus]] = {
    "idle": "disconnected",
    "live": "connected",
    "unsteady": "connected",
    "renewing": "connected",
    "failed": "failed",
}
