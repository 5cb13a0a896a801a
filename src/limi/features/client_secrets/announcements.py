"""Keys that were made elsewhere and are announced here, so that whoever is told of keys is told of these too.

Limi neither asked for such a key nor sees it. An announcement is a fact of the journal and nothing else: it is in
the audit log and delivered to webhooks, and not among the live keys, which are those that were handed out here.
"""

from typing import Final

from limi.features.client_secrets.errors import ForbiddenError, InvalidMintError
from limi.features.client_secrets.idempotency import Repeat, Sealer
from limi.features.client_secrets.model import own_session_id
from limi.features.client_secrets.models import ModelCatalogue, UnknownModelError
from limi.features.client_secrets.ports import IdempotencyStore, SealedAnswer
from limi.kernel.clock import Clock
from limi.kernel.facts import Origin, TokenAnnounced
from limi.kernel.ids import Ids, sortable_id
from limi.kernel.journal import Journal
from limi.kernel.principal import Principal

__all__ = ["MAX_AWAY_SECONDS", "AnnouncementService"]

MAX_AWAY_SECONDS: Final = 86_400
"""How far from now an announced key may end, either way: keys live two hours at most, news of them may be late,
and whoever sends milliseconds is far out."""

_REMEMBERED_SECONDS: Final = 86_400
"""How long a repeat is told from a second announcement; who retries for longer has given up before."""
_NOTHING: Final = b"announced"


class AnnouncementService:
    """Records announcements."""

    def __init__(
        self,
        *,
        journal: Journal,
        models: ModelCatalogue,
        repeats: IdempotencyStore,
        sealer: Sealer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._journal = journal
        self._models = models
        self._repeats = repeats
        self._sealer = sealer
        self._clock = clock
        self._ids = ids

    async def announce(
        self,
        *,
        session_id: str,
        model: str,
        expires_at: int,
        principal: Principal,
        origin: Origin,
        repeat: Repeat | None = None,
    ) -> bool:
        """Record that a key was made elsewhere, and return whether this is a repeat, which records nothing.

        Args:
            session_id: as the integration names the session; on the record it is joined to the tenant.
            model: any name that a mint takes. An alias becomes the model's own name; a model whose end has come
                stays, because that is what the key was made for.
            expires_at: Unix seconds at which the key ends.
            principal: who announces; the fact is its tenant's.
            origin: where the request came from.
            repeat: what makes two requests the same one.

        Raises:
            InvalidMintError: a member breaks its rule.
            ForbiddenError: the caller may not ask for this model, so it may not announce it.
            IdempotencyConflictError: the same idempotency key came with another body.
            JournalUnavailableError: it could not be made durable.
        """
        now = self._clock.now()
        if abs(expires_at - now) > MAX_AWAY_SECONDS:
            rule = "must be a time in whole Unix seconds, at most a day from now"
            raise InvalidMintError(field="expiresAt", rule=rule)
        fact = TokenAnnounced(
            id=sortable_id(self._ids, now),
            at=now,
            origin=origin,
            session_id=own_session_id(session_id, principal.tenant),
            model=self._meant(model, principal),
            expires_at=expires_at,
        )
        if repeat is None:
            await self._journal.record(fact)
            return False
        return await self._record_once(fact, repeat)

    async def _record_once(self, fact: TokenAnnounced, repeat: Repeat) -> bool:
        # A mint's keys and these are told apart: the same header on both routes is two requests.
        repeat = Repeat(scope=f"announce\0{repeat.scope}", key=repeat.key, body=repeat.body)
        name, body_hash = self._sealer.name(repeat), self._sealer.body_hash(repeat)
        if await self._repeats.claim(name, body_hash) is not None:
            return True
        try:
            await self._journal.record(fact)
        except BaseException:
            await self._repeats.release(name)
            raise
        until = int(fact.at) + _REMEMBERED_SECONDS
        await self._repeats.keep(name, SealedAnswer(body_hash=body_hash, sealed=_NOTHING, expires_at=until))
        return False

    def _meant(self, name: str, principal: Principal) -> str:
        try:
            found = self._models.resolve(name)
        except UnknownModelError:
            rule = f"must be one of {', '.join(self._models.names)}"
            raise InvalidMintError(field="model", rule=rule) from None
        if principal.models is not None and not self._allows(found.model, principal.models):
            rule = f"`{found.model}` is not among those that this caller may use"
            raise ForbiddenError(field="model", rule=rule)
        return found.replaces or found.model

    def _allows(self, model: str, names: frozenset[str]) -> bool:
        """Say whether one of `names` means `model` today, as a mint does."""
        for name in names:
            try:
                if self._models.resolve(name).model == model:
                    return True
            except UnknownModelError:
                continue
        return model in names
