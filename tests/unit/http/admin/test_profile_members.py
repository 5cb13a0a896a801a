"""A profile in JSON."""

import msgspec
import pytest

from limi.http.admin.profile_members import ProfileMembers, members_of, profile_of
from limi.kernel.settings import Leash, Profile

FULL = Profile(
    model="gpt-realtime",
    turn_detection={"type": "server_vad", "silence_duration_ms": 500},
    ttl_seconds=60,
    variables={"name": "you"},
    leash=Leash(max_seconds=60),
)


@pytest.mark.parametrize("profile", [Profile(), FULL])
def test_what_is_sent_comes_back_as_it_was(profile: Profile) -> None:
    sent = msgspec.json.encode(members_of(profile))
    assert profile_of(msgspec.json.decode(sent, type=ProfileMembers)) == profile


def test_members_are_in_camel_case_and_what_is_upstreams_is_not() -> None:
    sent = msgspec.json.decode(msgspec.json.encode(members_of(FULL)))
    assert (sent["ttlSeconds"], sent["leash"]["maxSeconds"]) == (60, 60)
    assert sent["turnDetection"] == {"type": "server_vad", "silence_duration_ms": 500}


def test_what_is_left_out_has_its_default() -> None:
    assert profile_of(msgspec.json.decode(b"{}", type=ProfileMembers)) == Profile()


def test_there_is_a_member_for_each_of_a_profile() -> None:
    assert ProfileMembers.__struct_fields__ == Profile.__struct_fields__


@pytest.mark.parametrize("body", [b'{"ttl_seconds": 60}', b'{"leash": {"max_seconds": 60}}', b'{"ttlSeconds": 9}'])
def test_another_spelling_and_another_value_are_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=ProfileMembers)
