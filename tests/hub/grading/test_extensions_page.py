"""More time on the hub: who may give it, what does it change, can everybody use it?"""

from __future__ import annotations

import csv
import html
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.axe import needs_axe, violations
from support.grading_service import PREFIX, FakeHub, fake_hub, grading_service, sign_in
from support.jupyter import CHROMIUM, MISSING
from support.rich_class import NAME, make_rich_class
from support.student_server import Browser

from unrolled.course.model import Course
from unrolled.deadlines import list_extensions

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
SHOTS = os.environ.get("UNROLLED_LOOKS")
PAGE = f"{PREFIX}extensions/{NAME}"
HOSTILE = "<script>alert(1)</script>"


@dataclass
class Place:
    """A graded class, and its grading page."""

    course: Course
    hub: FakeHub
    stranger: Browser

    def enter(self, who: str) -> Browser:
        """A browser of somebody who has signed in, with the token of the page."""
        return sign_in(self.hub, self.stranger, who)

    def penalty(self, student: str) -> float:
        """What nbgrader takes off the student's score."""
        with Gradebook(self.course.db_url, self.course.id) as gradebook:
            found = gradebook.find_submission(NAME, student)
            return float(found.late_submission_penalty or 0.0)

    def lines(self) -> list[dict[str, str]]:
        """The course's list of extensions."""
        if not self.course.extensions.exists():
            return []
        with self.course.extensions.open(encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    course = make_rich_class(tmp_path_factory.mktemp("extensions") / "course")
    with fake_hub() as hub, grading_service(course.root, hub) as (browser, _):
        yield Place(course, hub, browser)


@pytest.fixture
def place(served: Place) -> Iterator[Place]:
    """The class without an extension, before and after."""
    yield served
    instructor = served.enter("instructor")
    there = [e.student for e in list_extensions(served.course, [NAME])]
    if there:
        instructor.post(PAGE, students=",".join(there), change="remove")
    served.course.extensions.unlink(missing_ok=True)
    instructor.get(PAGE)  # what was said is read


def test_more_time_is_seen_before_it_is_given_and_taken_back(place: Place) -> None:
    """Does a look write nothing, and does the penalty follow both ways?"""
    instructor = place.enter("instructor")
    assert f'href="{PAGE}"' in instructor.get(PREFIX)[1]
    assert (place.penalty("bob"), place.penalty("zoë")) == (3.04, 9)
    status, page, _ = instructor.get(f"{PAGE}?students=bob,+zo%C3%AB&until=%2B1d")
    assert status == 200 and "Give this?" in page
    page = " ".join(page.split())
    assert "penalty of <strong>bob</strong>, Tiny: none instead of 3.04" in page
    assert "penalty of <strong>zoë</strong>, Tiny: 4.5 instead of 9" in page
    assert (place.penalty("bob"), place.lines()) == (3.04, [])
    wish = {"students": "bob, zoë", "until": "+1d", "why": "was ill"}
    status, page, where = instructor.post(PAGE, **wish)
    assert (status, where) == (200, place.stranger.address + PAGE)
    assert "Late penalties have changed" in page and "was ill" in page
    assert (place.penalty("bob"), place.penalty("zoë")) == (0, 4.5)
    assert [(e["student"], e["by"]) for e in place.lines()] == [
        ("bob", "instructor"),
        ("zoë", "instructor"),
    ]
    _, page, _ = instructor.get(f"{PAGE}?students=bob&change=remove")
    assert "Take it back?" in page and "3.04 instead of none" in page
    instructor.post(PAGE, students="bob", change="remove")
    assert (place.penalty("bob"), place.penalty("zoë")) == (3.04, 4.5)


def test_a_button_pressed_twice(place: Place) -> None:
    """Does it give once and take back once, without an error, also at the same time?"""
    instructor = place.enter("instructor")
    for wish, lines in (({"until": "+1d"}, 1), ({"change": "remove"}, 2)):
        said: list[str] = []

        def press(wish: dict[str, str] = wish, said: list[str] = said) -> None:
            said.append(instructor.post(PAGE, students="bob", **wish)[1])

        both = [threading.Thread(target=press) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join(60)
        assert len(said) == 2 and not any("Nothing has changed" in s for s in said)
        assert len(place.lines()) == lines


def test_only_instructors(place: Place) -> None:
    """Are an assistant and a student refused, to look and to change?"""
    for who in ("ta", "ada"):
        browser = place.enter(who)
        assert f'href="{PAGE}"' not in browser.get(PREFIX)[1]
        for query in ("", "?students=bob&until=%2B1d"):
            assert browser.get(PAGE + query)[0] == 403
        assert browser.post(PAGE, students="bob", until="+1d")[0] == 403
        assert browser.post(PAGE, students="bob", change="remove")[0] == 403
    _, page, _ = place.enter("ta").get(PAGE)
    assert "for the instructors of this course" in page
    assert place.lines() == []


def test_forged_forms_and_odd_names(place: Place) -> None:
    """Is a form without the page's token refused, and no assignment made up?"""
    instructor = place.enter("instructor")
    forged = instructor.post_without_token(PAGE, students="bob", until="+1d")
    assert forged[0] == 403 and place.lines() == []
    assert instructor.get(f"{PREFIX}extensions/09_none")[0] == 404
    assert instructor.post(f"{PREFIX}extensions/09_none", students="bob")[0] == 404


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"students": "bobb", "until": "+1d"}, "Did you mean bob?"),
        ({"students": "bob", "until": "soon"}, "is no time"),
        ({"students": "bob", "until": "2020-01-01"}, "not after"),
        ({"students": "bob", "until": ""}, "until when"),
        ({"students": " , ", "until": "+1d"}, "ame a student"),
        ({"students": "bob", "until": "+1d", "why": "x" * 201}, "at most 200"),
    ],
)
def test_what_cannot_be_given_is_said(
    place: Place, wish: dict[str, str], word: str
) -> None:
    """In words, at the look and at the change, and nothing is written?"""
    instructor = place.enter("instructor")
    query = "&".join(f"{k}={v.replace('+', '%2B')}" for k, v in wish.items())
    pages = [
        instructor.get(f"{PAGE}?{query.replace(' ', '%20')}")[1],
        instructor.post(PAGE, **wish)[1],
    ]
    assert all(word in html.unescape(page) for page in pages)
    assert "Nothing has changed" in pages[1]
    assert place.lines() == []


def test_what_somebody_types_stays_text(place: Place) -> None:
    """Is a reason with a script in it shown as it was typed?"""
    instructor = place.enter("instructor")
    instructor.post(PAGE, students="bob", until="+1d", why=HOSTILE)
    for query in ("", f"?students=bob&until=%2B1d&why={HOSTILE}"):
        _, page, _ = instructor.get(PAGE + query)
        assert HOSTILE not in page and html.escape(HOSTILE) in page


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
@needs_axe
def test_everybody_can_use_it(place: Place) -> None:
    """By keyboard, narrow and wide, light and dark: are the dates given, no rule of
    accessibility broken, and nothing wider than the screen?"""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright"
    )
    place.hub.who = "instructor"
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = chromium.new_page()
        page.goto(place.stranger.address + PAGE)
        page.get_by_label("Students").fill("bob")
        page.get_by_label("Until").fill("+1d")
        page.get_by_label("Why").fill("was ill")
        page.get_by_label("Why").press("Enter")
        page.get_by_role("heading", name="Give this?").wait_for()
        look(page, "preview")
        page.get_by_role("button", name="Give more time").press("Enter")
        page.get_by_role("button", name="Take back what bob has").wait_for()
        assert place.penalty("bob") == 0
        look(page, "list")
        page.get_by_role("button", name="Take back what bob has").press("Enter")
        page.get_by_role("button", name="Take it back", exact=True).press("Enter")
        page.get_by_text("Nobody has an own deadline").wait_for()
        assert place.penalty("bob") == 3.04
        chromium.close()


def look(page: Any, name: str) -> None:
    """The page as it is, in four ways."""
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if SHOTS:
                shot = Path(SHOTS) / f"extensions-{name}-{width}-{scheme}.png"
                page.screenshot(path=shot, full_page=True)
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
