"""Feedback and formgrader without a network: the pages are whole, formulas drawn."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from support.author_course import LESSON, make_course
from support.cli import NAME, hand_in
from support.formgrader import formgrader
from support.judges import grade_here
from support.jupyter import browser_page, needs_browser

from unrolled.author.build import build_assignments
from unrolled.course.model import Course
from unrolled.feedback.generate import generate_feedback

pytestmark = needs_browser
FORMULAS = r"""# Doubling, with $2x$, and `$x$` for \$5.
#
# $$h_t = \tanh\left(x_t W_{xh} + \frac{\partial L}{\partial h_t}\right)$$"""
OUTSIDE = re.compile(r"""(?:src|href)=["'](?:https?:)?//|import .* from 'http""")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A lesson with formulas; ada's work is graded, and her feedback written."""
    lesson = LESSON.replace("# Doubling, with $2x$.", FORMULAS)
    made = make_course(tmp_path_factory.mktemp("offline") / "course", lesson)
    build_assignments(made, [NAME])
    hand_in(made, "ada")
    path = made.submitted / "ada" / NAME / "tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (found,) = (c for c in notebook.cells if named(c) == "why")
    found.source = r"It is $x \le 2x$, <b>bold</b>, $\text{<img src=x onerror=hack()>}$"
    nbformat.write(notebook, path)
    assert grade_here(made, NAME).ungraded == ()
    generate_feedback(made, NAME)
    return made


def named(cell: Any) -> str:
    """The grade id of a cell."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def refuse_outside(page: Any) -> list[str]:
    """Cut the network off; the addresses that were asked for all the same."""
    asked: list[str] = []

    def decide(route: Any) -> None:
        url = route.request.url
        if url.startswith(("http://127.0.0.1:", "file:", "data:")):
            route.continue_()
        else:
            asked.append(url)
            route.abort()

    page.route("**/*", decide)
    return asked


def check_drawn(page: Any) -> None:
    """Formulas are drawn as formulas; code, money and attacks are text."""
    assert page.locator("math").count() >= 4
    high = page.locator("math[display=block]").first.bounding_box()
    flat = page.locator("math[display=inline]").first.bounding_box()
    assert high["height"] > 1.5 * flat["height"] > 0
    assert page.locator("code", has_text="$x$").count() == 1
    text = page.locator("body").inner_text()
    assert "\\frac" not in text and "for $5." in text
    assert "<img src=x onerror=hack()>" in text.replace("\xa0", " ")
    assert page.locator("img[src=x]").count() == 0


def test_a_feedback_page_needs_no_network(course: Course) -> None:
    """Does the page ask for nothing, and are its formulas drawn?"""
    path = course.feedback / "ada" / NAME / "tiny.html"
    assert not OUTSIDE.search(path.read_text(encoding="utf-8"))
    assert "<script" not in path.read_text(encoding="utf-8")
    with browser_page() as page:
        asked = refuse_outside(page)
        page.goto(path.as_uri())
        page.wait_for_load_state("networkidle")
        page.locator("details").evaluate_all("all => all.map(d => d.open = true)")
        check_drawn(page)
        keep(page, "feedback")
        assert asked == []


def test_formgrader_needs_no_network(course: Course) -> None:
    """Are the pages that a marker walks through whole, the submission's included?"""
    with Gradebook(course.db_url, course.id) as gradebook:
        part = gradebook.find_submission_notebook("tiny", NAME, "ada").id
    with formgrader(course) as address, browser_page() as page:
        asked = refuse_outside(page)
        for place in ("manage_assignments", "gradebook", f"gradebook/{NAME}/tiny"):
            page.goto(f"{address}/formgrader/{place}")
            page.wait_for_load_state("networkidle")
        page.goto(f"{address}/formgrader/submissions/{part}/?index=0")
        page.wait_for_load_state("networkidle")
        check_drawn(page)
        page.locator("#why").fill("30")
        page.locator("#why").press("Tab")
        page.wait_for_selector(".score-saved >> visible=true")
        keep(page, "formgrader")
        assert asked == []
    with Gradebook(course.db_url, course.id) as gradebook:
        assert gradebook.find_grade("why", "tiny", NAME, "ada").manual_score == 30


def keep(page: Any, name: str) -> None:
    """Keep a picture for somebody who wants to look, if asked to."""
    folder = os.environ.get("UNROLLED_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
