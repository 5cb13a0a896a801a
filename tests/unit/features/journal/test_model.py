from limi.features.journal import JournalState


def test_a_writer_is_healthy_while_nothing_has_failed_since_its_last_success() -> None:
    state = JournalState(failing_since=None, queued=1, kept=0, dropped=0, commits=1, committed=1)
    assert state.healthy
    assert not JournalState(failing_since=1.0, queued=0, kept=0, dropped=0, commits=0, committed=0).healthy
