"""Where Limi listens, whom it believes, and what a connection may cost."""

from typing import Annotated

import msgspec

from limi.kernel.setting_fields import SettingsGroup, setting

__all__ = ["ServerSettings"]

# `\Z` rather than `$`, which would let a trailing newline pass. No `@` in the authority: the URL is told to
# clients and logs, and a password in it would be told with it.
Positive = Annotated[int, msgspec.Meta(ge=1)]
PublicURL = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z")]


class ServerSettings(SettingsGroup, frozen=True):
    """Where Limi listens and whom it believes."""

    host: Annotated[
        str,
        setting(
            "Address to listen on. Loopback unless set, so that a laptop's server is nobody else's.",
            env="LIMI_HOST",
            min_length=1,
        ),
    ] = "127.0.0.1"
    port: Annotated[int, setting("Port to listen on.", env="LIMI_PORT", ge=0, le=65535)] = 3001
    public_url: Annotated[
        PublicURL | None,
        setting(
            "The URL clients reach Limi by, when a proxy stands before it; links and key URLs start with it. It "
            "is http:// or https:// with a host, without user name, password, query or fragment.",
            env="LIMI_PUBLIC_URL",
        ),
    ] = None
    allowed_hosts: Annotated[
        tuple[str, ...],
        setting(
            "Hosts answered beside loopback and the public URL's, without ports or wildcards; others are refused, "
            "against DNS rebinding.",
            env="LIMI_ALLOWED_HOSTS",
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        setting(
            "CIDRs of proxies whose X-Forwarded-For is believed; the rightmost address that is not one of them is "
            "the client's.",
            env="LIMI_TRUSTED_PROXIES",
        ),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        setting(
            "Origins whose pages may call the API, such as https://app.example.com, without paths or wildcards. "
            "In development any localhost origin may as well.",
            env="LIMI_CORS_ORIGINS",
        ),
    ] = ()
    workers: Annotated[
        int,
        setting(
            "Server processes on this machine, kept by one that supervises them. More than one needs "
            "PostgreSQL, Redis and an upstream outside.",
            env="LIMI_WORKERS",
            ge=1,
            le=128,
        ),
    ] = 1
    processes: Annotated[
        int,
        setting(
            "Server processes that share the limits, on all machines together: workers times machines. While "
            "Redis is away each admits its share of every limit.",
            env="LIMI_PROCESSES",
            ge=1,
        ),
    ] = 1
    max_body_bytes: Annotated[
        int, setting("Largest request body; a mint's is under 1 KiB and 64 KiB is the promise.", ge=1024)
    ] = 65_536
    body_seconds: Annotated[
        float, setting("Longest wait for a request's body, so that a slow sender holds nothing.", gt=0, le=3600)
    ] = 10.0
    max_head_bytes: Annotated[
        int,
        setting(
            "Longest head of a request, and longest run of bytes within a body that are not body. Browsers and "
            "proxies stop at 8 to 32 KiB themselves.",
            ge=1024,
            le=1_048_576,
        ),
    ] = 65_536
    head_seconds: Annotated[
        float,
        setting("Longest wait for a request's head: ten times what a slow mobile network needs.", gt=0, le=3600),
    ] = 10.0
    write_seconds: Annotated[
        float,
        setting(
            "Longest wait for a client to take an answer, or 48 KiB of a longer one; then the connection is cut.",
            gt=0,
            le=3600,
        ),
    ] = 30.0
    max_connections: Annotated[
        Positive | None,
        setting(
            "Connections held at once; one more is answered `overloaded`. Unset: 10,000, or three quarters of the "
            "files that the process may open, if that is less. Each costs about 7.4 KiB."
        ),
    ] = None
    shutdown_seconds: Annotated[
        float,
        setting("Longest wait for requests in progress at a stop; above the upstream's time-out.", gt=0, le=3600),
    ] = 15.0
    drain_seconds: Annotated[
        float,
        setting(
            "How long, at a stop, requests are still accepted while `/readyz` says `draining` and each answer "
            "ends its connection. Behind a proxy that asks `/readyz`, more than two of its intervals; else "
            "nothing.",
            ge=0,
            le=600,
        ),
    ] = 0.0
