"""How Limi is run for the question about webhooks."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from benchmarks.harness.access_setup import Stores
from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.postgres_server import PostgresServer
from benchmarks.harness.servers import Launch
from benchmarks.harness.webhook_receiver import Deliveries, First
from benchmarks.harness.webhook_setup import DATABASES, quiet, uncounted, verify
from limi.adapters.configuration import setting_infos

_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # made up


def _launch(folder: Path) -> Launch:
    return Launch(port=1, upstream_url="http://127.0.0.1:2/v1", folder=folder)


def test_both_databases_take_part(tmp_path: Path) -> None:
    stores = Stores(postgres=PostgresServer(1, "postgresql://u@127.0.0.1:2/d"))
    sqlite, postgres = DATABASES
    assert sqlite.contender().environ(_launch(tmp_path))["LIMI_DATABASE_URL"].startswith("sqlite:///")
    assert postgres.contender(stores).environ(_launch(tmp_path))["LIMI_DATABASE_URL"] == stores.postgres.url  # type: ignore[union-attr] # there is one
    assert "standardwebhooks" in sqlite.contender().versions()
    assert "postgresql" in postgres.contender().versions()


def test_a_quiet_one_makes_one_attempt_at_a_time_and_is_else_the_same(tmp_path: Path) -> None:
    loud = DATABASES[0].contender()
    added = quiet(loud).environ(_launch(tmp_path)).items() - loud.environ(_launch(tmp_path)).items()
    assert dict(added)["LIMI_WEBHOOKS_MAX_IN_FLIGHT"] == "1"
    assert {name for name, _ in added} <= {info.env for info in setting_infos()}
    assert msgspec.structs.replace(quiet(loud), environ=loud.environ) == loud


def test_an_uncounted_one_has_no_analytics(tmp_path: Path) -> None:
    counted = DATABASES[0].contender()
    added = uncounted(counted).environ(_launch(tmp_path)).items() - counted.environ(_launch(tmp_path)).items()
    assert dict(added) == {"LIMI_ANALYTICS_ENABLED": "false"}


def _first(secret: str = _SECRET) -> First:
    now, body = datetime.now(UTC), '{"type":"token.generated"}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }
    return First(headers=headers, body=body)


def test_a_delivery_that_verifies_is_one() -> None:
    verify(Deliveries(taken=1, events=1, first=_first()), _SECRET)


@pytest.mark.parametrize("first", [None, _first("whsec_" + "A" * 32)], ids=["none", "of another"])
def test_one_that_does_not_makes_the_measurement_void(first: First | None) -> None:
    with pytest.raises(DifferentAnswerError):
        verify(Deliveries(taken=1, events=1, first=first), _SECRET)
