"""What operators are answered."""

import msgspec
import pytest

from limi.features.api_keys.model import ApiKey, KeyID
from limi.features.journal.model import JournalEntry
from limi.features.profiles.model import ProfileVersion
from limi.features.tenants.model import Tenant
from limi.http.admin.answers import (
    AuditEntryAnswer,
    KeyAnswer,
    ProfileAnswer,
    ProfileSummary,
    TenantAnswer,
)
from limi.kernel.principal import Scope
from limi.kernel.settings import Profile

_KEY = ApiKey(
    id=KeyID("aaaaaaaa"),
    name="web",
    scopes=frozenset({Scope.STATS, Scope.MINT}),
    models=frozenset({"b", "a"}),
    created_at=0.0,
    created_by="key:admin",
    expires_at=100.0,
)


@pytest.mark.parametrize(("now", "status"), [(99.0, "active"), (100.0, "expired")])
def test_a_key_has_its_status_at_the_moment(now: float, status: str) -> None:
    answer = msgspec.to_builtins(KeyAnswer.of(_KEY, now=now))
    assert answer["status"] == status
    assert (answer["prefix"], answer["createdAt"]) == ("limi_sk_aaaaaaaa", "1970-01-01T00:00:00.000Z")
    assert (answer["scopes"], answer["models"], answer["profiles"]) == (["mint", "stats"], ["a", "b"], None)


def test_every_member_of_a_key_is_told() -> None:
    told = set(KeyAnswer.__struct_fields__)
    assert told - set(ApiKey.__dataclass_fields__) == {"prefix", "status"}
    assert set(ApiKey.__dataclass_fields__) <= told


def test_every_member_of_a_tenant_is_told() -> None:
    assert set(TenantAnswer.__struct_fields__) == set(Tenant.__dataclass_fields__)
    tenant = Tenant(id="acme", name="Acme", created_at=0.0, updated_at=1.0)
    assert TenantAnswer.of(tenant).updated_at == "1970-01-01T00:00:01.000Z"


def test_an_entry_is_told_without_the_proof() -> None:
    entry = JournalEntry(
        seq=7, id="a", at=0.5, event="key.created", outcome="succeeded", request_id="r", caller="c", n=1, hash=b"h"
    )
    answer = msgspec.to_builtins(AuditEntryAnswer.of(entry))
    assert (answer["seq"], answer["time"], answer["subject"]) == (7, "1970-01-01T00:00:00.500000Z", None)
    assert set(JournalEntry.__struct_fields__) - set(AuditEntryAnswer.__struct_fields__) == {
        "at",
        "writer",
        "n",
        "hash",
    }


def test_a_version_that_is_a_deletion_has_no_profile() -> None:
    version = ProfileVersion(name="a", tenant=None, version=2, profile=None, created_at=0.0, created_by="system")
    assert (ProfileAnswer.of(version).profile, ProfileSummary.of(version).deleted) == (None, True)


def test_a_profile_in_a_list_is_told_in_short() -> None:
    version = ProfileVersion(
        name="a", tenant="acme", version=1, profile=Profile(), created_at=0.0, created_by="system"
    )
    assert "profile" not in msgspec.to_builtins(ProfileSummary.of(version))
    assert not ProfileAnswer.of(version).deleted
