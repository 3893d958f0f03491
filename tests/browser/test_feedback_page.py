"""A feedback page in a browser: what it says first, and whether all can read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.author_course import LESSON, make_course
from support.axe import needs_axe, violations
from support.cli import NAME, hand_in
from support.judges import grade_here
from support.jupyter import browser_window, needs_browser
from support.payloads import UNFOLD, add_hostile_answers, write_answer

from unrolled.author.build import build_assignments
from unrolled.course.model import Course
from unrolled.feedback.generate import generate_feedback
from unrolled.hub.student.page import LINK_MARKER, add_back_link

pytestmark = needs_browser
WIDE = r"$$h_t = \tanh(x_t W_{xh} + h_{t-1} W_{hh} + b_h) + a + b + c + d + e + f + g$$"
ANSWER = f"""# An answer

#### Four levels down: `code_that_is_rather_long_for_the_screen_of_a_telephone`

{WIDE}

| | b | $h_t$ | a $\\tanh(x_t W_{{xh}} + h_{{t-1}} W_{{hh}} + b_h) + a + b + c + d$ |
|---|---|---|---|
| 1 | [](https://example.org) | 3 | 4 |

#
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded course: ada is late and has a name, bob is wrong, eve attacks."""
    lesson = LESSON.replace("print(double(21))", "print(double(21), 'a' * 200)")
    made = make_course(tmp_path_factory.mktemp("feedback") / "course", lesson)
    build_assignments(made, [NAME])
    with Gradebook(made.db_url, made.id) as gradebook:
        gradebook.add_student("ada", first_name="Ada", last_name="<i>Lovelace</i>")
    for student in ("ada", "bob", "eve"):
        hand_in(made, student)
        write_answer(made.submitted / student / NAME / "tiny.ipynb", ANSWER)
    place = made.submitted / "ada" / NAME
    (place / "timestamp.txt").write_text("2027-02-07 12:00:00 UTC")
    bob = made.submitted / "bob" / NAME / "tiny.ipynb"
    bob.write_text(bob.read_text().replace("return 2 * x", "print('x'); return x"))
    add_hostile_answers(made.submitted / "eve" / NAME / "tiny.ipynb")
    assert grade_here(made, NAME).ungraded == ()
    with Gradebook(made.db_url, made.id) as gradebook:
        marked = gradebook.find_grade("why", "tiny", NAME, "bob")
        marked.manual_score, marked.needs_manual_grade = 30, False
        gradebook.find_comment("why", "tiny", NAME, "bob").manual_comment = "Good, $x$."
        gradebook.db.commit()
    generate_feedback(made, NAME)
    return made


def path_of(course: Course, student: str) -> Path:
    """A student's feedback page."""
    return course.feedback / student / NAME / "tiny.html"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A browser."""
    with browser_window(tmp_path_factory.mktemp("profile")) as found:
        yield found


def facts(page: Any) -> dict[str, str]:
    """What stands at the head of the page."""
    names = page.locator(".facts dt").all_inner_texts()
    return dict(zip(names, page.locator(".facts dd").all_inner_texts(), strict=True))


def test_the_head_says_whose_when_and_how_much(course: Course, window: Any) -> None:
    """Are score, name, date and late penalty there, in the course's zone?"""
    page = window.new_page()
    page.goto(path_of(course, "ada").as_uri())
    assert page.locator("h1").inner_text() == "Tiny"
    assert page.locator(".score").inner_text() == "48 of 100 points"
    assert facts(page) == {
        "Student": "Ada <i>Lovelace</i> (ada)",
        "Course": "Tiny",
        "Handed in": "Sun 7 Feb 2027, 06:00 CST",
        "Due": "Fri 5 Feb 2027, 23:59 CST",
        "Late penalty": "12 points, of 60",
        "Not final": "1 answer not marked yet",
    }
    assert "waits for a mark, of 40" in page.locator("#answers + *").inner_text()
    page.goto(path_of(course, "bob").as_uri())
    assert page.locator(".score").inner_text() == "30 of 100 points"
    assert facts(page) == {
        "Student": "bob",
        "Course": "Tiny",
        "Due": "Fri 5 Feb 2027, 23:59 CST",
    }
    assert "Good," in page.locator("#comment-why").inner_text()
    assert "60 points" in page.locator(".mistake .title .cost").inner_text()
    page.close()


@needs_axe
@pytest.mark.parametrize("student", ["ada", "bob", "eve"])
def test_everybody_can_read_it(course: Course, window: Any, student: str) -> None:
    """Is no rule of axe-core broken, by light, in the dark, and on a telephone?"""
    path = path_of(course, student)
    served = path.with_name("served.html")
    served.write_text(add_back_link(path.read_text("utf-8"), "/user/ada/course"))
    page = window.new_page()
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(served.as_uri())
            assert violations(page) == [], (scheme, width)
            page.evaluate(UNFOLD)
            assert violations(page) == [], (scheme, width, "unfolded")
            assert page.evaluate("document.documentElement.scrollWidth") == width
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(seen) == 2
    page.close()


def test_there_is_one_place_for_the_way_back(course: Course) -> None:
    """Does the link come first, and can no answer have its place?"""
    page = path_of(course, "eve").read_text("utf-8")
    assert page.count(LINK_MARKER) == 1
    linked = add_back_link(page, "/user/eve/course")
    assert linked.index('href="/user/eve/course"') < linked.index("<h1>")


def test_it_carries_its_policy(course: Course) -> None:
    """Is the page told to run nothing and to ask for nothing, wherever it is opened?"""
    page = path_of(course, "eve").read_text("utf-8")
    head = page.partition("</head>")[0]
    assert head.index("Content-Security-Policy") < head.index("<title>")
    assert "default-src 'none'" in head and "script-src" not in head
    assert "<script" not in page
