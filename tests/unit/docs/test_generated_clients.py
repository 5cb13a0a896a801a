"""What the clients repeat of the error catalogue is what the catalogue says."""

from pathlib import Path

from limi.kernel.errors import CATALOGUE
from scripts.generate_clients import FILES, renew
from tests.unit.docs.reading import ROOT

_TYPESCRIPT = "clients/typescript/core/src/errors.generated.ts"
_PYTHON = "clients/python/src/limi_client/_errors_generated.py"


def test_the_generated_files_are_current() -> None:
    assert renew(ROOT, check=True) == [], "run .venv/bin/python -m scripts.generate_clients"


def test_both_clients_know_every_code() -> None:
    for path in (_TYPESCRIPT, _PYTHON):
        text = FILES[path]()
        assert all(code in text for code in CATALOGUE), path


def test_the_page_carries_the_texts_only_of_what_no_server_sends() -> None:
    text = FILES[_TYPESCRIPT]()
    assert CATALOGUE["microphone_denied"].message in text
    assert CATALOGUE["rate_limit_exceeded"].message not in text


def test_checking_names_what_is_stale_and_writing_mends_it(tmp_path: Path) -> None:
    assert renew(tmp_path, check=True) == list(FILES)
    assert list(tmp_path.iterdir()) == []
    assert renew(tmp_path, check=False) == list(FILES)
    assert renew(tmp_path, check=True) == []
