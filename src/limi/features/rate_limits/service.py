"""Which windows a request is counted in."""

from collections.abc import Awaitable

from limi.features.rate_limits.model import Decision, Window
from limi.features.rate_limits.ports import WindowStore
from limi.kernel.principal import ClientKind, Principal
from limi.kernel.settings import LimitSettings

__all__ = ["RateLimiter"]


class RateLimiter:
    """Decides who may mint, report and connect now."""

    def __init__(self, *, settings: LimitSettings, store: WindowStore) -> None:
        self._store = store
        self._tokens = settings.tokens_per_minute
        self._connections = settings.connections_per_minute
        self._everyone = settings.global_per_minute
        self._by_kind = (
            {
                ClientKind.MOBILE: settings.mobile_per_minute,
                ClientKind.DESKTOP: settings.desktop_per_minute,
                ClientKind.OTHER: settings.other_per_minute,
            }
            if settings.by_client_kind
            else None
        )

    def admit_mint(self, principal: Principal, kind: ClientKind) -> Awaitable[Decision]:
        """Count one mint of `principal`."""
        return self._store.admit(self._windows("mint", principal, kind))

    def admit_events(self, principal: Principal, kind: ClientKind) -> Awaitable[Decision]:
        """Count one report of `principal`: limited as a mint is, in windows of its own.

        A client reports how each of its connections went, so in the same windows reports would take the place of
        mints, and a caller with trouble, who has most to report, could mint least.
        """
        return self._store.admit(self._windows("events", principal, kind))

    def admit_connection(self, principal: Principal) -> Awaitable[Decision]:
        """Count one connection that Limi itself answers."""
        windows = [Window(f"connect:{principal.account}", self._connections)]
        if principal.tenant_connections_per_minute is not None:
            windows.append(Window(f"connect:{principal.tenant}/*", principal.tenant_connections_per_minute))
        return self._store.admit(windows)

    def _windows(self, what: str, principal: Principal, kind: ClientKind) -> list[Window]:
        tenants = principal.tenant_tokens_per_minute
        if principal.anonymous and self._by_kind is not None:
            # The kind is told from a header that the caller writes: whoever claims to be each of them in turn gets
            # what the most generous one allows, and not their sum.
            windows = [
                Window(f"{what}:{principal.caller}:{kind}", self._by_kind[kind]),
                Window(f"{what}:{principal.caller}", max(self._by_kind.values())),
            ]
        else:
            limit = principal.tokens_per_minute or tenants or self._tokens
            windows = [Window(f"{what}:{principal.account}", limit)]
        if tenants is not None:
            windows.append(Window(f"{what}:{principal.tenant}/*", tenants))
        if self._everyone is not None:
            windows.append(Window(f"{what}:*", self._everyone))
        return windows
