"""Refused credentials and reached limits in the audit log, so few that nobody can fill a disk with them.

Of each caller and kind of application the first refusal of a minute is recorded at once; those that follow are
counted, and one more fact says how many there were when the minute is over. Beyond some callers a minute they are
counted together.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from limi.http.asgi import Scope
from limi.http.context import context_of
from limi.http.frontends import frontend_of
from limi.kernel.clock import Clock
from limi.kernel.facts import AuthRefused, LimitReached, Origin
from limi.kernel.frontends import Frontend
from limi.kernel.ids import Ids, sortable_id
from limi.kernel.journal import Journal
from limi.kernel.principal import Principal

__all__ = ["RefusalAudit"]

_MINUTE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 5.0
"""How often minutes that are over are looked for: the latest that a count comes late."""
_MAX_CALLERS: Final = 300
"""Callers, by their kinds of application, told apart in a minute: 600 rows of 1 KB, 860 MB in a day of attack.

Those that are counted together are told apart by kinds alone, which adds two dozen rows at most.
"""
_MANY: Final = "many"
_AUTH_CODES: Final = frozenset({"auth_required", "forbidden", "tenant_suspended"})
_LIMIT_CODE: Final = "rate_limit_exceeded"

_Kind = type[AuthRefused] | type[LimitReached]
_Key = tuple[_Kind, str, Frontend]


@dataclass(slots=True)
class _Minute:
    """What happened to one caller since the first refusal."""

    began: float
    origin: Origin
    code: str
    more: int = 0


class RefusalAudit:
    """Records refusals. Nobody waits for the rows: a refusal hands nothing out."""

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        keep_user_agent: bool,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; minutes are settled from `start` to `stop`.

        Args:
            journal: where refusals are recorded.
            clock: says when a minute is over.
            ids: makes facts' ids.
            keep_user_agent: whether user agents are recorded.
            sleep: how the pause between two looks is waited.
        """
        self._journal = journal
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._clock = clock
        self._ids = ids
        self._keep_user_agent = keep_user_agent
        self._minutes: dict[_Key, _Minute] = {}

    def note(self, code: str, scope: Scope, principal: Principal) -> None:
        """Take note of a refusal; one that is about neither credentials nor limits is none of its business.

        Args:
            code: the error catalogue's.
            scope: the request, with its context.
            principal: who made it.
        """
        kind = _kind(code)
        if kind is None:
            return
        now = self._clock.monotonic()
        frontend = frontend_of(scope)
        key = self._key(kind, principal.caller, frontend, now)
        minute = self._minutes.get(key)
        if minute is not None:
            minute.more += 1
            return
        many, context = key[1] == _MANY, context_of(scope)
        origin = Origin(
            request_id=context.request_id,
            caller=_MANY if many else principal.caller,
            tenant=None if many else principal.tenant,
            ip=None if many else context.ip,
            user_agent=context.user_agent if self._keep_user_agent and not many else None,
            frontend=frontend,
        )
        self._minutes[key] = _Minute(began=now, origin=origin, code=code)
        self._record(kind, origin, code, "1 refusal")

    def settle(self, *, everything: bool = False) -> None:
        """Record the counts of minutes that are over.

        Args:
            everything: whether to record those that are not over as well, because the server stops.
        """
        now = self._clock.monotonic()
        for key, minute in list(self._minutes.items()):
            if everything or now - minute.began >= _MINUTE_SECONDS:
                del self._minutes[key]
                if minute.more:
                    detail = f"{minute.more} more in the minute that followed the first"
                    self._record(key[0], minute.origin, minute.code, detail)

    async def start(self) -> None:
        """Begin to settle as minutes end."""
        self._task = asyncio.get_running_loop().create_task(self._settle_for_ever(), name="refusal audit")

    async def stop(self) -> None:
        """Record what was counted, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self.settle(everything=True)

    async def _settle_for_ever(self) -> None:
        while True:
            await self._sleep(_LOOK_SECONDS)
            self.settle()

    def _key(self, kind: _Kind, caller: str, frontend: Frontend, now: float) -> _Key:
        key = (kind, caller, frontend)
        minute = self._minutes.get(key)
        if minute is not None and now - minute.began >= _MINUTE_SECONDS:
            self.settle()
        return key if key in self._minutes or len(self._minutes) < _MAX_CALLERS else (kind, _MANY, frontend)

    def _record(self, kind: _Kind, origin: Origin, code: str, detail: str) -> None:
        now = self._clock.now()
        fact = kind(id=sortable_id(self._ids, now), at=now, origin=origin, code=code, detail=detail)
        self._journal.record(fact)


def _kind(code: str) -> _Kind | None:
    if code in _AUTH_CODES:
        return AuthRefused
    return LimitReached if code == _LIMIT_CODE else None
