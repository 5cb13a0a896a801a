from hypothesis import given
from hypothesis import strategies as st

from limi.features.webhooks.model import EndpointId
from limi.features.webhooks.shares import Shares

A, B = EndpointId("a"), EndpointId("b")


def failed(shares: Shares, endpoint: EndpointId) -> None:
    shares.begin(endpoint)
    shares.end(endpoint, well=False, seconds=0.1)


def test_what_is_under_way_is_counted() -> None:
    shares = Shares(total=10, per_endpoint=4)
    for _ in range(3):
        shares.begin(A)
    shares.begin(B)
    assert shares.free == 6
    assert shares.busy() == {A: 3, B: 1}
    shares.end(A, well=True, seconds=0.1)
    shares.forget(B)
    assert shares.free == 8
    assert shares.busy() == {A: 2}


def test_an_endpoint_that_is_well_has_its_whole_share() -> None:
    shares = Shares(total=10, per_endpoint=2)
    shares.begin(A)
    assert not shares.is_full(A)
    assert not shares.crowded
    shares.begin(A)
    assert shares.is_full(A)
    assert shares.crowded


def test_one_that_failed_gets_one_at_a_time_until_it_is_well() -> None:
    shares = Shares(total=10, per_endpoint=4)
    failed(shares, A)
    assert shares.busy() == {A: 3}
    shares.begin(A)
    assert shares.is_full(A)
    assert shares.busy() == {A: 4}
    shares.end(A, well=True, seconds=0.1)
    assert shares.busy() == {}


def test_one_that_is_slow_is_treated_like_one_that_failed() -> None:
    shares = Shares(total=10, per_endpoint=4)
    shares.begin(A)
    shares.end(A, well=True, seconds=20.0)
    assert shares.busy() == {A: 3}


def test_those_that_failed_get_half_of_all_together_and_each_its_turn() -> None:
    shares = Shares(total=8, per_endpoint=3)
    names = [EndpointId(f"e{number}") for number in range(10)]
    for name in names:
        failed(shares, name)
    turns: set[EndpointId] = set()
    for _ in range(3):
        allowed = {name for name, busy in shares.busy().items() if busy < 3}
        assert len(allowed) == 4
        turns |= allowed
    assert turns == set(names)


def test_what_hangs_leaves_half_to_others() -> None:
    shares = Shares(total=4, per_endpoint=3)
    names = [EndpointId(f"e{number}") for number in range(4)]
    for name in names:
        failed(shares, name)
    for name in names[:2]:
        shares.begin(name)
    assert all(busy == 3 for busy in shares.busy().values())
    assert shares.free == 2


def test_suspects_are_bounded() -> None:
    shares = Shares(total=4, per_endpoint=3)
    for number in range(1200):
        failed(shares, EndpointId(f"e{number}"))
    assert len(shares.busy()) == 1000


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans())))
def test_nothing_is_counted_below_nothing(steps: list[tuple[str, bool, bool]]) -> None:
    shares = Shares(total=100, per_endpoint=3)
    under_way: list[EndpointId] = []
    for name, ends, well in steps:
        endpoint = EndpointId(name)
        if ends and endpoint in under_way:
            under_way.remove(endpoint)
            shares.end(endpoint, well=well, seconds=0.1)
        else:
            under_way.append(endpoint)
            shares.begin(endpoint)
    assert shares.free == 100 - len(under_way)
