import msgspec
import pytest

from limi.kernel import facts
from limi.kernel.facts import EventName, Fact, Origin, Outcome

ORIGIN = Origin(request_id="req-1", caller="ip:203.0.113.9")


@pytest.mark.parametrize(
    ("kind", "event", "outcome"),
    [
        (facts.MintRequested, "token.requested", Outcome.REQUESTED),
        (facts.KeyMinted, "token.generated", Outcome.SUCCEEDED),
        (facts.MintFailed, "token.failed", Outcome.FAILED),
        (facts.KeyReplayed, "token.replayed", Outcome.SUCCEEDED),
        (facts.MintUnresolved, "token.unresolved", Outcome.UNKNOWN),
    ],
)
def test_each_fact_has_its_public_name_and_outcome(kind: type[Fact], event: str, outcome: Outcome) -> None:
    fact = kind(id="0" * 32, at=1.0, origin=ORIGIN)
    assert (fact.event, fact.outcome) == (event, outcome)


def test_every_event_belongs_to_one_fact() -> None:
    kinds = Fact.__subclasses__()
    assert sorted(kind.event for kind in kinds) == sorted(EventName)


def test_a_fact_cannot_be_changed() -> None:
    fact = facts.KeyMinted(id="0" * 32, at=1.0, origin=ORIGIN)
    with pytest.raises(AttributeError):
        fact.model = "gpt-realtime"  # type: ignore[misc] # it is what must fail


def test_no_fact_has_a_place_for_a_key() -> None:
    kinds: list[type[msgspec.Struct]] = [*Fact.__subclasses__(), Origin]
    names = {field.name for kind in kinds for field in msgspec.structs.fields(kind)}
    assert "session_id" in names
    assert not {name for name in names if "key" in name or "secret" in name or "instructions" in name}
