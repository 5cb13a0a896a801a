"""What the sandbox can be asked about Limi, and what it answers."""

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.errors import CATALOGUE
from limi.sandbox.answering.known_answers import KnownAnswers
from limi.sandbox_answers import sandbox_answers


def _ask(question: str, **environ: str) -> str:
    return KnownAnswers(sandbox_answers(load_settings(environ))).find(question) or ""


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_error_is_explained_with_what_to_do(code: str) -> None:
    entry = CATALOGUE[code]
    for question in (f"What does {code} mean?", f"what is the error {code.replace('_', ' ')}"):
        answer = _ask(question)
        assert entry.message in answer
        assert (entry.action or "") in answer


def test_a_status_names_every_error_that_has_it() -> None:
    answer = _ask("What is error 429?")
    assert "rate limit exceeded: Too many requests in the last 60 seconds" in answer
    assert "openai rate limited: OpenAI API rate limit exceeded" in answer


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("What is Limi?", "short-lived keys"),
        ("How can I mint a key?", "/api/client-secret"),
        ("Where are the docs?", "/docs"),
        ("Where does my audio go?", "stays on this machine"),
        ("How do I use a real model?", "OPENAI_API_KEY"),
        ("How long can a session last?", "60 minutes"),
        ("Which model do you use?", "gpt-realtime-2.1-mini"),
        ("How long does a key live?", "600 seconds"),
    ],
)
def test_facts_can_be_asked_for(question: str, part: str) -> None:
    assert part in _ask(question)


def test_the_limits_are_those_in_force_now() -> None:
    assert "7 keys a minute, and open 50 connections" in _ask("What are the limits?", LIMI_TOKENS_PER_MINUTE="7")
    by_kind = _ask(
        "Which limits are in force?", LIMI_LIMITS_BY_CLIENT_KIND="true", LIMI_LIMITS_GLOBAL_PER_MINUTE="999"
    )
    assert "10 from a phone, 20 from a desktop and 5 else" in by_kind
    assert "All callers together may mint 999." in by_kind


def test_a_sandbox_alone_says_nothing_about_limits_it_does_not_have() -> None:
    answers = KnownAnswers(sandbox_answers())
    assert answers.find("What are the limits?") is None
    assert answers.find("What is error 401?") is not None
