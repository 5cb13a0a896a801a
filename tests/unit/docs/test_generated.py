"""What documents repeat of the code is what the code says, and nothing of it is left out."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from limi.adapters.configuration import load_settings, setting_infos
from limi.features.client_secrets.models import ALIASES
from limi.kernel.errors import CATALOGUE
from limi.kernel.settings import Profile, Settings
from limi.protocol.models import REALTIME_MODELS
from scripts.generate_docs import PARTS, fill, renew
from tests.unit.docs.reading import DOCUMENTS, ROOT, anchors, blocks, name_of

_GENERATED = sorted({part.file for part in PARTS})


@pytest.mark.parametrize("file", _GENERATED)
def test_generated_parts_are_current(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert fill(file, text) == text, "run .venv/bin/python -m scripts.generate_docs"


def test_filling_replaces_what_stands_between_the_comments_only() -> None:
    before = "above\n<!-- generated: models -->\nold\n<!-- end of models -->\nbelow\n"
    after = fill("docs/MODELS_GUIDE.md", before)
    assert after.startswith("above\n<!-- generated: models -->\n| Model |")
    assert after.endswith("|\n<!-- end of models -->\nbelow\n")
    assert "old" not in after


def test_checking_names_what_is_stale_and_writing_mends_it(tmp_path: Path) -> None:
    for file in _GENERATED:
        (tmp_path / file).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / file).write_text((ROOT / file).read_text("utf-8"), encoding="utf-8")
    assert renew(tmp_path, check=True) == []
    guide = tmp_path / "docs" / "MODELS_GUIDE.md"
    guide.write_text(guide.read_text("utf-8").replace("| not announced |", "| tomorrow |"), encoding="utf-8")
    assert renew(tmp_path, check=True) == renew(tmp_path, check=False) == ["docs/MODELS_GUIDE.md"]
    assert guide.read_text("utf-8") == (ROOT / "docs" / "MODELS_GUIDE.md").read_text("utf-8")


def test_a_document_without_its_comments_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"docs/MODELS_GUIDE\.md lacks"):
        fill("docs/MODELS_GUIDE.md", "nothing to fill")


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")
    for info in setting_infos():
        assert f"| `{info.path}`<br>`{info.env}` |" in text
        assert info.description, f"{info.path} says nothing about itself"
    for member in Profile.__struct_fields__:
        assert f"| `{member}` |" in text


def test_every_error_code_is_documented() -> None:
    assert set(CATALOGUE) <= anchors(ROOT / "docs" / "REFERENCE_GUIDE.md")


def test_every_model_name_is_documented() -> None:
    text = (ROOT / "docs" / "MODELS_GUIDE.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in (*REALTIME_MODELS, *ALIASES))


def test_the_example_file_says_the_defaults(tmp_path: Path) -> None:
    """Removing every comment sign changes nothing, so each line shows the default it claims to show."""
    (example,) = (
        block.text for block in blocks(ROOT / "docs" / "CONFIGURATION.md", "toml") if "#port" in block.text
    )
    file = tmp_path / "limi.toml"
    file.write_text(re.sub(r"^#(?=\w+ = )", "", example, flags=re.MULTILINE), encoding="utf-8")
    assert len(tomllib.loads(file.read_text(encoding="utf-8"))["server"]) > 3
    assert _plain(load_settings({}, file=file)) == _plain(load_settings({}))


@pytest.mark.parametrize(
    "text", [pytest.param(b.text, id=name_of(b.document)) for d in DOCUMENTS for b in blocks(d, "toml")]
)
def test_every_toml_block_is_a_valid_configuration(tmp_path: Path, text: str) -> None:
    file = tmp_path / "limi.toml"
    file.write_text(text, encoding="utf-8")
    load_settings({}, file=file)


def _plain(settings: Settings) -> Any:
    return msgspec.to_builtins(settings)
