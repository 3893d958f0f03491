"""What stays of a text when it is shown: links, pictures, and nothing that acts."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from unrolled.feedback.markup.mathml import comment2html, render
from unrolled.feedback.markup.sanitize import is_web_address, sanitize
from unrolled.feedback.page.notebook import level_headings

PNG = {
    "a b.png": {"image/png": "iVBORw0K\nGgo="},
    "x.svg": {"image/svg+xml": "PHN2Zy8+"},
}


def first(html: str, name: str) -> Any:
    """The first element of a name."""
    return BeautifulSoup(html, "html.parser").find(name)


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("https://example.org/a?b=1#c", True),
        ("HTTP://example.org", True),
        ("mailto:ada@example.org", True),
        ("javascript:x", False),
        ("java\nscript:x", False),
        ("//example.org", False),
        ("https:example.org", False),
        ("https://[", False),
        ("/services/rnn/formgrader", False),
        ("evil.html", False),
        ("#why", False),
        ("data:text/html,x", False),
        ("ftp://example.org", False),
        ("", False),
    ],
)
def test_links_lead_to_the_web_and_to_mail(address: str, stays: bool) -> None:
    """Does a link keep its address only if it says in full where it leads?"""
    assert is_web_address(address) == stays
    link = first(sanitize(f'<a href="{address}">x</a>', {}), "a")
    assert link.get("href") == (address if stays else None)
    assert "noopener" in link["rel"]


def test_a_picture_is_an_attached_one() -> None:
    """Do PNG and JPEG of the cell become data, and others their words, or a link?"""
    image = first(render("![A plot](attachment:a%20b.png)", PNG), "img")
    assert image["src"] == "data:image/png;base64,iVBORw0KGgo=" and image["alt"]
    for name in ("x.svg", "missing.png", "../a b.png"):
        image = first(render(f"![A plot](<attachment:{name}>)", PNG), "img")
        assert "src" not in image.attrs and image["alt"] == "A plot"
    away = render("![A plot](https://example.org/a.png)", PNG)
    assert first(away, "img") is None
    assert first(away, "a").text == "Picture: A plot"
    sized = '<img src="attachment:a b.png" width="300" height="9999999" style="x">'
    image = first(render(sized, PNG), "img")
    assert image["width"] == "300" and set(image.attrs) == {"src", "width"}


def test_given_texts_may_show_a_picture_beside_the_page() -> None:
    """Do an author's relative pictures stay, and nobody else's, and nothing further?"""
    text = "![x](images/net-1.png)"
    assert first(render(text, given=True), "img")["src"] == "images/net-1.png"
    assert "src" not in first(render(text), "img").attrs
    for place in ("../a.png", "/a.png", "//b/a.png", "a.svg", "a.html", "b:a.png"):
        assert "src" not in first(render(f"![x]({place})", given=True), "img").attrs


def test_tags_that_go_are_shown_as_they_were_typed() -> None:
    """Does a marker read what was written, and is a comment held to the same?"""
    assert "<p>a List&lt;int&gt; b</p>" in render("a List<int> b")
    assert "&lt;script&gt;x&lt;/script&gt;" in render("<script>x</script>")
    assert "<b>x</b>" in comment2html("<b onclick=y id=why>x</b>")


def test_a_word_in_an_attribute_is_never_a_formula() -> None:
    """Is a formula put in only where an element may stand?"""
    html = render('<b title="$x$">y</b> <abbr title="$x$">z</abbr> $x$')
    assert html.count("<math") == 1 and first(html, "math").parent.name == "p"


def test_headings_go_down_by_steps() -> None:
    """Is the outline of a page whole, whatever a text skips?"""
    html = "<h1>a</h1><h4>b</h4><h6>c</h6><h2>d</h2><p>&lt;h1&gt;</p>"
    assert level_headings(html, 2) == (
        "<h3>a</h3><h4>b</h4><h5>c</h5><h4>d</h4><p>&lt;h1&gt;</p>"
    )
