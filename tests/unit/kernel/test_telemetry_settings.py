"""The settings of traces."""

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.settings import SettingsError
from limi.kernel.telemetry_settings import TelemetrySettings


def test_nothing_is_traced_unless_somebody_wants_it() -> None:
    assert load_settings({}).telemetry == TelemetrySettings()
    assert TelemetrySettings().endpoint is None


def test_the_standard_variables_are_understood() -> None:
    found = load_settings(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=hidden%20value",
            "OTEL_TRACES_SAMPLER_ARG": "0.25",
            "OTEL_SERVICE_NAME": "voice",
            "OTEL_RESOURCE_ATTRIBUTES": "k8s.pod.name=a-1,team=speech",
            "LIMI_TELEMETRY_JOIN_TRACES": "false",
        }
    ).telemetry
    assert (found.endpoint, found.sample_ratio, found.service_name) == ("http://collector:4318", 0.25, "voice")
    assert (found.resource_attributes, found.join_traces) == ("k8s.pod.name=a-1,team=speech", False)
    assert found.headers is not None
    assert found.headers.reveal() == "api-key=hidden%20value"
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:password@collector:4318"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://localhost:14250"),
        ("OTEL_RESOURCE_ATTRIBUTES", "no pairs"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})
