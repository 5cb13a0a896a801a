"""What the dashboard shows: rows of panels, each with its queries; `scripts/grafana_dashboard.py` writes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ROWS", "Panel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel."""

    title: str
    description: str
    queries: Mapping[str, str]
    """By legend."""
    unit: str = "short"
    width: int = 8
    """Of the 24 columns that Grafana has."""
    single: bool = False
    """Whether it shows one number and no curve."""
    greatest: float | None = None
    """The top of the axis, where there is one."""


def _here(metric: str, **labels: str) -> str:
    """Return `metric` of the servers that are chosen on the dashboard, with these labels."""
    matchers = ['job=~"$job"', 'instance=~"$instance"', *(f'{name}="{value}"' for name, value in labels.items())]
    return f"{metric}{{{', '.join(matchers)}}}"


def _rate(metric: str, by: str = "", **labels: str) -> str:
    """Return how fast a counter grows, by a label or altogether."""
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (rate({_here(metric, **labels)}[$__rate_interval]))"


def _quantiles(histogram: str, **labels: str) -> Mapping[str, str]:
    buckets = _rate(f"{histogram}_bucket", by="le", **labels)
    return {name: f"histogram_quantile({share}, {buckets})" for name, share in (("p50", 0.5), ("p99", 0.99))}


def _share(part: str, whole: str) -> str:
    return f"{part} / {whole}"


def _sum(metric: str) -> str:
    return f"sum ({_here(metric)})"


ROWS: Final[Mapping[str, Sequence[Panel]]] = {
    "At a glance": (
        Panel(
            title="Servers that answer",
            description="Targets that Prometheus can ask.",
            queries={"up": f"sum ({_here('up')})"},
            width=4,
            single=True,
        ),
        Panel(
            title="Keys a second",
            description="Keys handed out.",
            queries={"keys": _rate("limi_mints_total", outcome="succeeded")},
            unit="reqps",
            width=4,
            single=True,
        ),
        Panel(
            title="Mints that failed",
            description="Of all requests for a key those that ended with 5xx. Refusals are the callers' affair.",
            queries={
                "failed": _share(_rate("limi_mints_total", outcome="failed"), _rate("limi_mints_total")),
            },
            unit="percentunit",
            width=4,
            single=True,
        ),
        Panel(
            title="Mint, p99",
            description="Time from request to answer, upstream included.",
            queries={"p99": _quantiles("limi_mint_seconds", outcome="succeeded")["p99"]},
            unit="s",
            width=4,
            single=True,
        ),
        Panel(
            title="Journal",
            description="1: every server's last write succeeded. 0: one hands out no keys.",
            queries={"healthy": f"min ({_here('limi_journal_healthy')})"},
            width=4,
            single=True,
        ),
        Panel(
            title="Clients that connect",
            description="Of the connections that clients reported those that came about.",
            queries={
                "connected": _share(
                    _rate("limi_analytics_events_total", type="connection_successful", outcome="accepted"),
                    _rate("limi_analytics_events_total", outcome="accepted"),
                ),
            },
            unit="percentunit",
            width=4,
            single=True,
        ),
    ),
    "Traffic": (
        Panel(
            title="Mints by outcome",
            description="Requests for a key.",
            queries={"{{outcome}}": _rate("limi_mints_total", by="outcome")},
            unit="reqps",
        ),
        Panel(
            title="Requests by route",
            description="All requests and handshakes; `none` is whatever no route has.",
            queries={"{{route}}": _rate("limi_http_requests_total", by="route")},
            unit="reqps",
        ),
        Panel(
            title="In flight",
            description="Mints at upstream, requests under way, sockets and sandbox sessions that are open.",
            queries={
                "mints": _sum("limi_mints_in_flight"),
                "{{kind}}": f"sum by (kind) ({_here('limi_requests_in_flight')})",
                "sandbox sessions": _sum("limi_sandbox_sessions"),
            },
        ),
    ),
    "Errors": (
        Panel(
            title="Errors by code",
            description="Codes of the catalogue; the reference guide says what to do about each.",
            queries={"{{code}}": f"{_rate('limi_errors_total', by='code')} > 0"},
            unit="reqps",
            width=12,
        ),
        Panel(
            title="Answers by status",
            description="`none`: the client left before the answer.",
            queries={"{{status}}": _rate("limi_http_requests_total", by="status")},
            unit="reqps",
            width=12,
        ),
    ),
    "Latency": (
        Panel(
            title="Mint",
            description="Successful mints, from request to answer.",
            queries=_quantiles("limi_mint_seconds", outcome="succeeded"),
            unit="s",
        ),
        Panel(
            title="Upstream",
            description="What of it upstream took.",
            queries=_quantiles("limi_upstream_seconds"),
            unit="s",
        ),
        Panel(
            title="Routes, p99",
            description="Time from request to the answer's end.",
            queries={
                "{{route}}": (
                    f"histogram_quantile(0.99, {_rate('limi_http_request_seconds_bucket', by='le, route')})"
                )
            },
            unit="s",
        ),
    ),
    "Limits and keys": (
        Panel(
            title="Refused by limits",
            description="Mints, and connections to the sandbox.",
            queries={"{{limit}}": _rate("limi_limit_decisions_total", decision="refused", by="limit")},
            unit="reqps",
        ),
        Panel(
            title="Redis",
            description="Processes that count by themselves, and losses in an hour.",
            queries={
                "alone": _sum("limi_limits_alone"),
                "losses": f"sum (increase({_here('limi_redis_losses_total')}[1h]))",
            },
        ),
        Panel(
            title="API keys",
            description="Where a key was found: in memory, or by a read of the database.",
            queries={"{{source}}": _rate("limi_api_key_lookups_total", by="source")},
            unit="reqps",
        ),
    ),
    "Journal": (
        Panel(
            title="Commits",
            description="Time of one transaction.",
            queries=_quantiles("limi_journal_commit_seconds"),
            unit="s",
            width=6,
        ),
        Panel(
            title="Facts and commits a second",
            description="Their ratio is the size of a group.",
            queries={
                "facts": _rate("limi_journal_commit_facts_sum"),
                "commits": _rate("limi_journal_commit_facts_count"),
            },
            unit="wps",
            width=6,
        ),
        Panel(
            title="Waiting",
            description="Facts to be written, and outcomes that are tried again.",
            queries={"queued": _sum("limi_journal_queued"), "kept": _sum("limi_journal_kept")},
            width=6,
        ),
        Panel(
            title="Lost, and behind",
            description="Outcomes given up in an hour, and how far the audit file is behind.",
            queries={
                "given up": f"sum (increase({_here('limi_journal_dropped_total')}[1h]))",
                "file behind, s": f"max ({_here('limi_audit_file_lag_seconds')})",
            },
            width=6,
        ),
    ),
    "Webhooks and clients": (
        Panel(
            title="Attempts at deliveries",
            description="`failed` is the last try of a delivery; `retry` will be tried again.",
            queries={"{{outcome}}": _rate("limi_webhook_attempts_total", by="outcome")},
            unit="reqps",
            width=6,
        ),
        Panel(
            title="Receivers",
            description="Time of one attempt.",
            queries=_quantiles("limi_webhook_attempt_seconds"),
            unit="s",
            width=6,
        ),
        Panel(
            title="Deliveries that wait",
            description="All that are not settled, and how long the oldest that is due has been.",
            queries={
                "pending": f"max ({_here('limi_webhook_pending')})",
                "oldest due, s": f"max ({_here('limi_webhook_oldest_due_seconds')})",
            },
            width=6,
        ),
        Panel(
            title="What clients report",
            description="By type and by what became of the report.",
            queries={"{{type}} {{outcome}}": _rate("limi_analytics_events_total", by="type, outcome")},
            unit="reqps",
            width=6,
        ),
    ),
    "Processes": (
        Panel(
            title="CPU",
            description="Cores in use, all processes of a server together.",
            queries={"{{instance}}": _rate("process_cpu_seconds_total", by="instance")},
            width=6,
        ),
        Panel(
            title="Memory",
            description="Resident, all processes of a server together.",
            queries={"{{instance}}": f"sum by (instance) ({_here('process_resident_memory_bytes')})"},
            unit="bytes",
            width=6,
        ),
        Panel(
            title="Event loop",
            description="How late it wakes up. What blocks it holds up every request of the process.",
            queries=_quantiles("limi_event_loop_lag_seconds"),
            unit="s",
            width=6,
        ),
        Panel(
            title="Workers",
            description="Processes that answer, and those that died and were replaced in an hour.",
            queries={
                "workers": _sum("limi_workers"),
                "restarts": f"sum (increase({_here('limi_worker_restarts_total')}[1h]))",
            },
            width=6,
        ),
    ),
}
