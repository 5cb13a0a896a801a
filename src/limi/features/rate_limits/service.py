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
        windows = self._caller_windows(principal, kind)
        if principal.tenant_tokens_per_minute is not None:
            windows.append(Window(f"mint:{principal.tenant}/*", principal.tenant_tokens_per_minute))
        if self._everyone:
            windows.append(self._everyone)
        return await self._store.admit(windows)

    async def admit_connection(self, principal: Principal) -> Decision:
        """Count one connection that Limi itself answers."""
        windows = [Window(f"connect:{principal.account}", self._connections)]
        if principal.tenant_connections_per_minute is not None:
            windows.append(Window(f"connect:{principal.tenant}/*", principal.tenant_connections_per_minute))
        return await self._store.admit(windows)

    def _caller_windows(self, principal: Principal, kind: ClientKind) -> list[Window]:
        if principal.anonymous and self._by_kind is not None:
            # The kind is told from a header that the caller writes: whoever claims to be each of them in turn gets
            # what the most generous one allows, and not their sum.
            return [
                Window(f"mint:{principal.caller}:{kind}", self._by_kind[kind]),
                Window(f"mint:{principal.caller}", max(self._by_kind.values())),
            ]
        limit = principal.tokens_per_minute or principal.tenant_tokens_per_minute or self._tokens
        return [Window(f"mint:{principal.account}", limit)]
