"""The frame of the few pages the backend writes itself."""

from hypothesis import given
from hypothesis import strategies as st

from limi.http import html

_ATTACK = '<script>alert("x")</script>&amp;'


def test_a_page_is_whole_and_carries_no_script() -> None:
    page = html.page("A title", "<h1>Hello</h1>").decode()
    assert page.startswith("<!doctype html><html lang=")
    assert "<title>A title</title>" in page
    assert "<h1>Hello</h1>" in page
    assert page.endswith("</html>\n")
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


@given(st.text(max_size=40))
def test_text_never_becomes_markup(text: str) -> None:
    for part in (html.code(text), html.prose(text), html.link(text, text), html.page(text).decode()):
        assert "<script" not in part.lower()


def test_each_page_leads_to_the_others() -> None:
    page = html.page("A title").decode()
    for path in ("/", "/docs", "/errors"):
        assert f'<a href="{path}">' in page


def test_what_stands_in_backquotes_is_code() -> None:
    assert html.prose("Run `a < b` & wait, ` or not") == "Run <code>a &lt; b</code> &amp; wait, ` or not"


def test_a_link_cannot_leave_its_attribute() -> None:
    assert html.link('" onclick="x', "text") == '<a href="&quot; onclick=&quot;x">text</a>'


def test_code_and_titles_are_escaped() -> None:
    assert "<script>" not in html.code(_ATTACK)
    assert "<script>" not in html.page(_ATTACK).decode()


def test_code_that_is_too_long_for_the_screen_is_scrolled_by_keyboard() -> None:
    assert html.code("limi doctor") == '<pre tabindex="0"><code>limi doctor</code></pre>'


def test_a_table_has_a_row_each() -> None:
    assert html.table(("a", "b"), ("c", "d")) == (
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
    )
