"""A day of a term on a hub that `unrolled hub` has started, in a real browser.

The tests of this file go on where the one before has ended: a student, assistants,
then the instructor. UNROLLED_SCREENSHOTS=docs/images/hub renews the guides' pictures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lab_hands as lab
import pytest
from day_support import (
    ROOT,
    Browser,
    Hub,
    chromium,
    quiet_lab,
    running_hub,
    wait_until,
    why_not,
)

from unrolled.author.cooking import cook
from unrolled.author.recipes import load_students
from unrolled.course import load_course
from unrolled.grade.material import load_material, load_reference

NAME, NOTEBOOK = "02_forward_pass", "forward_pass.ipynb"
PATH = f"unrolled/{NAME}/{NOTEBOOK}"
LABELS = {
    "collect": "Collect",
    "grade": "Grade",
    "feedback": "Make feedback",
    "release": "Release feedback",
}
SCREENSHOTS = os.environ.get("UNROLLED_SCREENSHOTS")
MISSING = why_not()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"no hub here: {MISSING}"),
]
expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A hub with one assignment, which the grader has released."""
    with running_hub() as hub:
        released = hub.as_grader("nbgrader", "release_assignment", NAME)
        assert released.returncode == 0, released.stderr
        yield hub


@pytest.fixture(scope="module")
def browser(hub: Hub) -> Iterator[Browser]:
    """A Chromium for everybody."""
    with chromium() as found:
        yield Browser(found, hub)


def picture(page: Any, name: str) -> None:
    """Keep a picture for the guides."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def test_a_student_fetches_works_validates_and_hands_in(
    hub: Hub, browser: Browser
) -> None:
    """Does a student get all the way by clicking and typing?"""
    server, work = f"{hub.address}/user/ada", hub.home("ada") / PATH
    quiet_lab(hub, "ada")
    with browser.person("ada") as page:
        picture(page, "student-course")
        lab.open_lab(page, server)
        lab.menu(page, "Nbgrader", "Assignment List")
        page.locator("#released_assignments_list button", has_text="Fetch").click()
        wait_until(work.exists)
        picture(page, "student-fetched")
        lab.open_lab(page, server, PATH)
        lab.wait_for_kernel(page)
        assert "failed" in lab.validate(page)
        release = hub.plan.course_root / "release" / NAME / NOTEBOOK
        solution = hub.plan.course_root / "solutions" / NAME / NOTEBOOK
        lab.solve(page, release, solution)
        lab.save(page, work, "np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)")
        lab.menu(page, "Run", "Run All Cells")
        lab.move_a_slider(page)
        picture(page, "student-notebook")
        assert "passes all the tests" in lab.validate(page)
        page.goto(f"{server}/course")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Handed in").first).to_be_visible()
        picture(page, "student-handed-in")


def test_others_hand_in_wrong_and_broken_work(hub: Hub, browser: Browser) -> None:
    """Can anybody hand in anything, with two clicks?"""
    for name, kind in (("emmy", "several_misconceptions"), ("sophie", "not_a_notebook")):
        with browser.person(name) as page:
            page.get_by_role("button", name="Start").click()
            page.wait_for_url("**/lab/**")
            put(hub, name, handed_in(hub, kind))
            page.goto(f"{hub.address}/user/{name}/course")
            page.get_by_role("button", name="Submit").click()
            expect(page.get_by_text("Handed in").first).to_be_visible()


def handed_in(hub: Hub, kind: str) -> bytes:
    """What a made student of tests/submissions/ hands in."""
    material = load_material(load_course(ROOT), NAME)
    students = {s.name: s for s in load_students(ROOT / "tests" / "submissions")}
    recipe = students[kind].recipes[NAME]
    return cook(recipe, material, load_reference(material))


def put(hub: Hub, name: str, content: bytes) -> None:
    """Put a file in the place of a student's notebook, as their own."""
    place = hub.home(name) / PATH
    wait_until(place.exists)
    place.write_bytes(content)


def test_an_assistant_collects_and_grades_a_class(hub: Hub, browser: Browser) -> None:
    """Does one click each collect and grade everybody, the broken one explained?"""
    with browser.person("ta") as page:
        page.goto(f"{hub.address}/services/{hub.plan.grading}/")
        press(page, "collect")
        row = page.locator(f"#row-{NAME}")
        expect(row).to_contain_text("3 to grade", timeout=120_000)
        press(page, "grade")
        expect(row).to_contain_text("sophie", timeout=240_000)
        picture(page, "assistant-graded")
        assert scores(hub) == {"ada": 84.0, "emmy": 59.0}


def press(page: Any, verb: str) -> None:
    """Press a button of the grading page, and wait until its work is done."""
    page.locator(f"#{verb}-{NAME}").click()
    done = page.locator(f"#row-{NAME} .job:not(.running)", has_text=LABELS[verb])
    expect(done).to_contain_text("done", timeout=240_000)


def scores(hub: Hub) -> dict[str, float]:
    """Students' scores in the gradebook."""
    code = (
        "from nbgrader.api import Gradebook; import json;"
        "g = Gradebook('sqlite:///gradebook.db', 'unrolled');"
        f"print(json.dumps({{s.student.id: s.score for s in g.assignment_submissions('{NAME}')}}))"
    )
    said = hub.as_grader("python", "-c", code)
    found: dict[str, float] = json.loads(said.stdout)
    return found


def test_another_assistant_grades_with_formgrader_and_marks_by_hand(
    hub: Hub, browser: Browser
) -> None:
    """Do formgrader's button, its marks, comments and links work in a tab of its own?"""
    with browser.person("tara") as page:
        formgrader = f"{hub.address}/services/{hub.plan.formgrader}/formgrader"
        page.goto(f"{formgrader}/manage_submissions/{NAME}")
        row = page.locator("tbody tr", has_text="emmy")
        row.locator(".autograde a").click()
        done = page.locator(".modal.in", has_text="Success")
        done.wait_for(timeout=240_000)
        picture(page, "assistant-formgrader")
        assert scores(hub)["emmy"] == 59.0
        page.goto(f"{formgrader}/gradebook/{NAME}/forward_pass")
        page.locator("tbody tr", has_text="emmy").locator("a").first.click()
        mark, comment = page.locator("input.score"), page.locator("textarea.comment")
        mark.first.wait_for()
        page.wait_for_timeout(1500)


