"""Which windows a request is counted in."""

from limi.features.rate_limits.model import Decision, Window
from limi.features.rate_limits.ports import WindowStore
from limi.kernel.principal import ClientKind, Principal
from limi.kernel.settings import LimitSettings

__all__ = ["RateLimiter"]


class RateLimiter:
    """Decides who may mint and who may connect now."""

    def __init__(self, *, settings: LimitSettings, store: WindowStore) -> None:
        self._store = store
        self._tokens = settings.tokens_per_minute
        self._connections = settings.connections_per_minute
        self._everyone = Window("mint:*", settings.global_per_minute) if settings.global_per_minute else None
        self._by_kind = (
            {
                ClientKind.MOBILE: settings.mobile_per_minute,
                ClientKind.DESKTOP: settings.desktop_per_minute,
                ClientKind.OTHER: settings.other_per_minute,
            }
            if settings.by_client_kind
            else None
        )

    async def admit_mint(self, principal: Principal, kind: ClientKind) -> Decision:
        """Count one mint of `principal`."""
        windows = [self._caller_window(principal, kind)]
        if self._everyone:
            windows.append(self._everyone)
        return await self._store.admit(windows)

    async def admit_connection(self, principal: Principal) -> Decision:
        """Count one connection that Limi itself answers."""
        return await self._store.admit([Window(f"connect:{principal.caller}", self._connections)])

    def _caller_window(self, principal: Principal, kind: ClientKind) -> Window:
        if principal.anonymous and self._by_kind is not None:
            return Window(f"mint:{principal.caller}:{kind}", self._by_kind[kind])
        return Window(f"mint:{principal.caller}", self._tokens)
