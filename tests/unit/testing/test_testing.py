import limi.testing


def test_the_public_names_are_these() -> None:
    assert limi.testing.__all__ == [
        "Backend",
        "CountingIds",
        "FakeUpstream",
        "InMemoryIdempotencyStore",
        "InMemoryJournalStore",
        "InMemoryWindowStore",
        "ManualClock",
        "Reply",
        "running_backend",
        "serving",
    ]
    assert all(hasattr(limi.testing, name) for name in limi.testing.__all__)
