import json
import re

from limi.kernel import error_texts
from limi.kernel.errors import CATALOGUE


def test_every_shared_example_is_used_by_an_entry() -> None:
    used = {entry.example for entry in CATALOGUE.values()}
    assert {getattr(error_texts, name) for name in error_texts.__all__} <= used


def test_the_bodies_in_the_examples_are_json() -> None:
    for example in (error_texts.MINT, error_texts.MINT_WITH_KEY, error_texts.IDEMPOTENT_MINT):
        found = re.search(r"-d '([^']*)'", example)
        assert found
        assert isinstance(json.loads(found[1]), dict)


def test_no_example_holds_a_key() -> None:
    for name in error_texts.__all__:
        assert not re.search(r"(sk-|ek_|limi_)[A-Za-z0-9]{6}", getattr(error_texts, name))
