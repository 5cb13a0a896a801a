"""What is tried is handed down as JSON, without any key."""

from conformance.target import TARGET_VARIABLE, Target


def test_a_target_is_read_as_it_was_dumped() -> None:
    target = Target(url="http://127.0.0.1:1/v1", tls_url="https://127.0.0.1:2/v1", python="/bin/python", model="m")
    assert Target.from_environment({TARGET_VARIABLE: target.dump()}) == target


def test_javascript_finds_the_names_that_it_reads() -> None:
    dumped = Target(url="http://127.0.0.1:1/v1", tls_url="t", python="p").dump()
    assert '"tlsUrl": "t"' in dumped
