"""The parts list of the audit log."""

from pathlib import Path

from limi.adapters.configuration import load_settings
from limi.audit import make_privacy, make_signer, make_upkeep
from limi.features.journal import InMemoryJournalStore
from limi.kernel.secret import Secret
from limi.testing import ManualClock

ROOT = Secret("ab" * 32)


def test_the_signing_key_is_the_roots_child() -> None:
    clock = ManualClock()
    assert make_signer(ROOT, clock=clock).key_id == make_signer(ROOT, clock=clock).key_id
    assert make_signer(Secret("cd" * 32), clock=clock).key_id != make_signer(ROOT, clock=clock).key_id


def test_addresses_are_kept_as_the_environment_says() -> None:
    caller = "ip:203.0.113.9"
    assert make_privacy(load_settings({}), ROOT).caller(caller) == caller
    bare = load_settings({"LIMI_AUDIT_IP": "none"})
    assert make_privacy(bare, ROOT).caller(caller) == "ip:withheld"
    hashed = load_settings({"LIMI_ENV": "production"})
    assert make_privacy(hashed, ROOT).caller(caller).startswith("ip:hmac-")


async def test_nothing_runs_beside_the_journal_unless_the_settings_say_so() -> None:
    upkeep = make_upkeep(load_settings({}), root=ROOT, store=InMemoryJournalStore(), clock=ManualClock())
    assert (upkeep.file, upkeep.file_task, upkeep.retention_task) == (None, None, None)
    await upkeep.start()
    await upkeep.stop()


async def test_a_file_and_a_retention_run_and_stop(tmp_path: Path) -> None:
    settings = load_settings({"LIMI_AUDIT_FILE": str(tmp_path / "audit.jsonl"), "LIMI_AUDIT_RETENTION_DAYS": "30"})
    upkeep = make_upkeep(settings, root=ROOT, store=InMemoryJournalStore(), clock=ManualClock())
    await upkeep.start()
    await upkeep.stop()
    assert (tmp_path / "audit.jsonl").exists() or (tmp_path / "audit.jsonl.cursor").exists()
    assert upkeep.retention_task is not None
    assert not upkeep.retention_task.failing
