"""The settings of traces. Where OpenTelemetry has a standard variable of the same meaning, it is the setting's."""

from typing import Annotated

import msgspec

from limi.kernel.secret import Secret
from limi.kernel.setting_fields import SettingsGroup, setting

__all__ = ["TelemetrySettings"]

# Without user name and password: it is said in the log, and the headers are there for credentials.
ReceiverURL = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z")]


class TelemetrySettings(SettingsGroup, frozen=True):
    """Traces for OpenTelemetry, which need the extra `otel`. Metrics and logs need none of this."""

    endpoint: Annotated[
        ReceiverURL | None,
        setting(
            "Base URL of an OTLP receiver that speaks HTTP, such as http://localhost:4318; `/v1/traces` is "
            "appended. Unset: no traces, and nothing of OpenTelemetry is loaded.",
            env="OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
    ] = None
    headers: Annotated[
        Secret | None,
        setting(
            "Headers for the receiver, such as `api-key=…`: `name=value` by comma, values percent-encoded.",
            env="OTEL_EXPORTER_OTLP_HEADERS",
        ),
    ] = None
    sample_ratio: Annotated[
        float,
        setting(
            "Share of the traces that begin here and are kept. One that began elsewhere is kept where it was.",
            env="OTEL_TRACES_SAMPLER_ARG",
            ge=0,
            le=1,
        ),
    ] = 1.0
    join_traces: Annotated[
        bool,
        setting(
            "Whether a caller's `traceparent` is continued. Otherwise each mint is a trace of its own, linked to "
            "the caller's, and no caller decides what is kept."
        ),
    ] = True
    service_name: Annotated[
        str, setting("What traces call this service.", env="OTEL_SERVICE_NAME", min_length=1)
    ] = "limi"
    resource_attributes: Annotated[
        str,
        setting(
            "What else traces say of this process: `name=value` by comma, values percent-encoded.",
            env="OTEL_RESOURCE_ATTRIBUTES",
            pattern=r"^([\w.-]+=[^,=\s]*(,[\w.-]+=[^,=\s]*)*)?\Z",
        ),
    ] = ""
