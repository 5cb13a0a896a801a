"""The text for language models that lies in the package."""

from limi.http.llms import read_llms


def test_the_text_is_markdown_of_its_format() -> None:
    """A title, a summary as a quotation, then sections with lists of links (https://llmstxt.org)."""
    title, _, summary, *rest = read_llms().decode("utf-8").splitlines()
    assert title == "# Limi"
    assert summary.startswith("> A self-hosted Python backend")
    assert "## Rules" in rest
    assert any(line.startswith("- [The API](/docs)") for line in rest)
