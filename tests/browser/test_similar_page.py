"""The page of pairs in a browser: can all read it, on a telephone, in the dark?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.axe import needs_axe, violations
from support.jupyter import browser_window, needs_browser

from unrolled.files import write_file
from unrolled.similar import SimilarReport, render_pairs_page
from unrolled.similar.model import (
    Author,
    Excerpt,
    LeftOut,
    Pair,
    SharedMistake,
    SharedPart,
)

pytestmark = needs_browser
LONG = "a_name_that_is_rather_long_for_the_screen_of_a_telephone = " + "x + " * 40 + "1"
CODE = f"def double(x):\n    <b>\n    {LONG}\n    return x"


def make_report() -> SimilarReport:
    """A pair that stands out, and somebody who was left out."""
    ada, bob = (Author(student=s, name=f"{s.title()} Lovelace") for s in ("ada", "bob"))
    part = SharedPart(
        name="double",
        kind="code",
        likeness=0.9,
        as_alike=1,
        points=7.1,
        first=Excerpt(text=CODE, marked=(1, 3)),
        second=Excerpt(text=CODE, marked=(4,)),
    )
    mistake = SharedMistake(
        exercise="double", says=("double_small: got 3",), students=2, points=9.0
    )
    pair = Pair(
        first=ada,
        second=bob,
        score=16.1,
        stands_out=True,
        parts=(part,),
        mistakes=(mistake,),
    )
    return SimilarReport(
        assignment="01_tiny",
        title="Tiny",
        course="A course",
        made="today",
        compared=120,
        earlier=3,
        graded=120,
        total=7500,
        threshold=12.0,
        pairs=(pair,),
        left_out=(LeftOut(author=ada, reason="tiny.ipynb is not there"),),
    )


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("similar") / "page.html"
    write_file(path, render_pairs_page(make_report()))
    return path.as_uri()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A browser."""
    with browser_window(tmp_path_factory.mktemp("profile")) as found:
        yield found


@needs_axe
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_all_can_read_it(page_url: str, window: Any, width: int, colours: str) -> None:
    """Nothing for axe-core to find, and nothing to scroll sideways?"""
    page = window.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=colours)
    page.goto(page_url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    page.close()


def test_both_sides_beside_each_other(page_url: str, window: Any) -> None:
    """With the shared lines marked, on a screen that is wide enough?"""
    page = window.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(page_url)
    first, second = page.locator(".side figure").all()
    left, right = first.bounding_box(), second.bounding_box()
    assert left["y"] == right["y"] and left["x"] < right["x"]
    assert first.locator("mark").all_inner_texts()[0] == "def double(x):"
    assert second.locator("mark").all_inner_texts() == ["    return x"]
    assert "only these two have it" in page.locator("main").inner_text()
    page.close()
