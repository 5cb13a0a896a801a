"""Programs that the documents show do what the documents say."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from limi.testing import running_backend
from tests.unit.docs.reading import DOCUMENTS, ROOT, Block, blocks, name_of

_QUICK_START = ROOT / "docs" / "QUICK_START.md"
_GUIDE = ROOT / "docs" / "IMPLEMENTATION_GUIDE.md"


def _only(document: Path) -> Block:
    (block,) = blocks(document, "python")
    return block


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_python_block_compiles(document: Path) -> None:
    for block in blocks(document, "python"):
        compile(block.text, name_of(document), "exec")


async def test_the_text_turn_of_the_quick_start_prints_the_answer(tmp_path: Path) -> None:
    async with running_backend() as backend:
        program = tmp_path / "turn.py"
        text = _only(_QUICK_START).text
        assert "http://localhost:3001" in text
        program.write_text(text.replace("http://localhost:3001", backend.url), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=PIPE, stderr=PIPE)
        try:
            said, complaint = await asyncio.wait_for(process.communicate(), timeout=60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, complaint.decode()
    assert "1, 2, 3." in said.decode()


async def test_the_test_of_the_implementation_guide_passes() -> None:
    names: dict[str, Any] = {}
    exec(compile(_only(_GUIDE).text, "guide", "exec"), names)  # noqa: S102 - our own document
    await names["test_something"]()
