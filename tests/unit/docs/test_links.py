"""Every link of every document leads somewhere, and every file that a document names is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.unit.docs.reading import DOCUMENTS, ROOT, anchors, code, links, name_of

_FILE = re.compile(r"^(?:src|docs|tests|scripts|examples|benchmarks)/[\w./-]+$")
_MODULE = re.compile(r"^limi(?:\.\w+)+$")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_relative_link_resolves(document: Path) -> None:
    for link in links(document):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link} names no heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_file_and_module_named_in_code_exists(document: Path) -> None:
    for name in code(document):
        if _FILE.match(name):
            assert (ROOT / name).exists(), f"there is no {name}"
        if _MODULE.match(name):
            module, _, member = name.rpartition(".")
            assert _is_module(name) or hasattr(import_module(module), member), f"there is no {name}"


def test_the_index_lists_every_document_and_decision() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index) if "://" not in link}
    wanted = {path for path in DOCUMENTS if (ROOT / "docs") in path.parents} - {index}
    assert wanted <= listed


def _is_module(name: str) -> bool:
    path = ROOT / "src" / Path(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()
