"""Refusals in the audit log: each caller's first of a minute, then how many more there were."""

from limi.http.authentication import anonymous
from limi.http.refusal_audit import RefusalAudit
from limi.kernel.facts import AuthRefused, LimitReached
from limi.kernel.frontends import Frontend
from limi.kernel.principal import Principal, Scope
from limi.testing import ManualClock
from tests.unit.http.harness import RecordingJournal, make_context, make_scope, refusal_audit


async def _refuse(
    audit: RefusalAudit, code: str, ip: str = "203.0.113.7", times: int = 1, client: bytes | None = None
) -> None:
    headers = [(b"x-limi-client", client)] if client else []
    for _ in range(times):
        audit.note(code, make_scope("POST", "/", *headers, context=make_context()), anonymous(ip))


async def test_a_refused_credential_is_recorded_at_once() -> None:
    journal = RecordingJournal()
    await _refuse(refusal_audit(journal), "auth_required")
    (fact,) = journal.facts
    assert isinstance(fact, AuthRefused)
    assert (fact.code, fact.detail, fact.origin.caller) == ("auth_required", "1 refusal", "ip:203.0.113.7")
    assert fact.origin.request_id == make_context().request_id


async def test_a_flood_of_one_caller_is_two_rows_a_minute() -> None:
    journal, clock = RecordingJournal(), ManualClock()
    audit = refusal_audit(journal, clock=clock)
    await _refuse(audit, "auth_required", times=1000)
    clock.advance(59)
    audit.settle()
    assert len(journal.facts) == 1
    clock.advance(1)
    audit.settle()
    assert [fact.detail for fact in journal.facts] == [
        "1 refusal",
        "999 more in the minute that followed the first",
    ]
    await _refuse(audit, "auth_required")
    assert len(journal.facts) == 3


async def test_each_kind_of_application_is_counted_by_itself() -> None:
    """Many people can share an address, and usage tells their applications apart."""
    journal, clock = RecordingJournal(), ManualClock()
    audit = refusal_audit(journal, clock=clock)
    await _refuse(audit, "auth_required", times=3, client=b"react/1.0.0")
    await _refuse(audit, "auth_required", times=2, client=b"vue/1.0.0")
    await _refuse(audit, "auth_required", client=b"cobol/1")
    clock.advance(60)
    audit.settle()
    told = [(fact.origin.frontend, (fact.detail or "").partition(" ")[0]) for fact in journal.facts]
    assert told == [
        (Frontend.REACT, "1"),
        (Frontend.VUE, "1"),
        (Frontend.UNKNOWN, "1"),
        (Frontend.REACT, "2"),
        (Frontend.VUE, "1"),
    ]


async def test_a_single_refusal_has_no_second_row() -> None:
    journal, clock = RecordingJournal(), ManualClock()
    audit = refusal_audit(journal, clock=clock)
    await _refuse(audit, "forbidden")
    clock.advance(61)
    audit.settle()
    assert len(journal.facts) == 1


async def test_a_flood_from_many_addresses_is_bounded_too() -> None:
    journal, clock = RecordingJournal(), ManualClock()
    audit = refusal_audit(journal, clock=clock)
    for number in range(5000):
        await _refuse(audit, "auth_required", ip=f"10.0.{number // 250}.{number % 250}")
    assert len(journal.facts) == 301
    assert journal.facts[300].origin.frontend is Frontend.UNKNOWN
    clock.advance(60)
    audit.settle()
    assert [(fact.origin.caller, fact.origin.ip, fact.detail) for fact in journal.facts[300:]] == [
        ("many", None, "1 refusal"),
        ("many", None, "4699 more in the minute that followed the first"),
    ]


async def test_a_limit_that_is_reached_names_its_caller_and_tenant() -> None:
    journal = RecordingJournal()
    caller = Principal(caller="key:k1", scopes=frozenset({Scope.MINT}), tenant="acme")
    refusal_audit(journal).note("rate_limit_exceeded", make_scope(context=make_context()), caller)
    (fact,) = journal.facts
    assert isinstance(fact, LimitReached)
    assert (fact.origin.caller, fact.origin.tenant) == ("key:k1", "acme")


async def test_limits_and_credentials_are_counted_apart_and_nothing_else_is() -> None:
    journal = RecordingJournal()
    audit = refusal_audit(journal)
    for code in ("auth_required", "rate_limit_exceeded", "not_found", "internal_error", "audit_unavailable"):
        await _refuse(audit, code)
    assert [fact.event for fact in journal.facts] == ["auth.refused", "limit.reached"]


async def test_what_was_counted_is_recorded_at_the_stop() -> None:
    journal = RecordingJournal()
    audit = refusal_audit(journal)
    await audit.start()
    await _refuse(audit, "tenant_suspended", times=3)
    await audit.stop()
    await audit.stop()
    assert [fact.detail for fact in journal.facts] == ["1 refusal", "2 more in the minute that followed the first"]
