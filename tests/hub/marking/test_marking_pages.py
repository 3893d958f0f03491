"""Marking on the hub: who may, is what they click in the gradebook, can all use it?"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.axe import needs_axe, violations
from support.grading_service import PREFIX, FakeHub, fake_hub, grading_service, sign_in
from support.hostile_answers import ATTACHMENTS, answers
from support.judges import grade_here
from support.jupyter import CHROMIUM, MISSING
from support.marking_class import (
    FIRST,
    NAME,
    add_class,
    add_students,
    copy_class,
    hand_in,
    make_student,
)
from support.payloads import WRITTEN, check_nothing_runs, watched
from support.student_server import Browser

from unrolled.course.model import Course

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
]
SHOTS = os.environ.get("UNROLLED_LOOKS")
ASSISTANTS = ("ann", "bob", "cyd", "dan")
MARK = f"{PREFIX}mark/{NAME}"
WHY = f"{MARK}/why"
CLASS = 24


@dataclass
class Service:
    """The service of a class, and the hub that signs people in."""

    course: Course
    hub: FakeHub
    browser: Browser

    def enter(self, who: str) -> Browser:
        """A browser of somebody's own, signed in."""
        return sign_in(self.hub, self.browser, who)

    def grade(self, student: str, question: str = "why") -> tuple[float | None, str]:
        """Mark and comment as nbgrader reads them."""
        with Gradebook(self.course.db_url, self.course.id) as gradebook:
            grade = gradebook.find_grade(question, "tiny", NAME, student)
            comment = gradebook.find_comment(question, "tiny", NAME, student)
            return grade.manual_score, comment.manual_comment or ""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Three students, two of whom have answered `why` alike."""
    course = copy_class(tmp_path / "course")
    for number in (1, 2):
        answers = {"why": "Equal.", "where": f"x{number}", "when": f"y{number}"}
        add_students(course, {make_student(number): answers})
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.update_or_create_student(
            make_student(1), first_name="Ada", last_name="<Byron>"
        )
    graders = (*ASSISTANTS, "ta", "instructor")
    with fake_hub(graders) as hub, grading_service(course.root, hub) as (browser, _):
        yield Service(course, hub, browser)


def find_hidden(page: str, name: str) -> str:
    """What a form of the page has in a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found[1])


def list_fields(page: str, name: str) -> list[str]:
    fields = re.findall(rf'<input[^>]* name="{name}" value="([^"]*)"', page)
    return [unescape(value) for value in fields]


def test_students_may_not(service: Service) -> None:
    """Neither look nor write?"""
    student = service.enter("ada")
    key = "0" * 16
    for address in (MARK, WHY, f"{WHY}/{key}"):
        assert student.get(address)[0] == 403
        assert student.post(address, action="next")[0] in (403, 405)
    assert service.grade(FIRST)[0] is None


class TestWhoMayMark:
    """Whoever may open the grading page."""

    def test_not_without_the_token_of_the_page(self, service: Service) -> None:
        """A form of another page, sent by a marker's browser?"""
        ann = service.enter("ann")
        _, _, where = ann.post(WHY, action="next")
        for address in (WHY, where.removeprefix(ann.address)):
            assert ann.post_without_token(address, action="next")[0] == 403

    def test_assistants_and_instructors_may(self, service: Service) -> None:
        """From the grading page to an answer?"""
        for who in ("ann", "instructor"):
            marker = service.enter(who)
            assert f'href="{MARK}"' in marker.get(PREFIX)[1]
            status, page, _ = marker.get(MARK)
            assert status == 200 and "0 of 3" in page and "Why?" in page
            status, page, where = marker.post(WHY, action="next")
            assert status == 200 and re.fullmatch(rf".*{WHY}/[0-9a-f]{{16}}", where)
            assert "Model answer" in page and "the sum" in page

    @pytest.mark.parametrize(
        "address",
        [f"{PREFIX}mark/09_none", f"{MARK}/double", f"{MARK}/none", f"{MARK}/why/x"],
    )
    def test_what_is_not_there(self, service: Service, address: str) -> None:
        """404, in words?"""
        status, page, _ = service.enter("ann").get(address)
        assert (status == 404 and "There is no such" in page) or "has no such" in page


def find_answer(browser: Browser, student: str) -> str:
    """The address of a student's answer, from the list."""
    rows = browser.get(WHY)[1].split("<tr>")
    row = next(row for row in rows if student in row and f'href="{WHY}/' in row)
    found = re.search(rf'href="({WHY}/[0-9a-f]{{16}})"', row)
    assert found
    return found[1]


def claim(browser: Browser, question: str = WHY) -> tuple[str, str]:
    """The next answer: its page and address; ("", "") if nothing is left."""
    _, page, where = browser.post(question, action="next")
    place = where.removeprefix(browser.address)
    return (page, place) if place != question else ("", "")


class TestAMark:
    """Given on the page."""

    def test_is_in_the_gradebook(self, service: Service) -> None:
        """Equal answers at once, comment and all, and then comes the next?"""
        ann = service.enter("ann")
        place = find_answer(ann, "Ada")
        page = ann.get(place)[1]
        assert "Ada &lt;Byron&gt;" in page and make_student(2) in page
        _, page, where = ann.send(
            place,
            ("action", "next"),
            ("seen", find_hidden(page, "seen")),
            *(("item", n) for n in ("1", "3")),
            ("adjust", "-0,5"),
            ("comment", "Well <told>."),
        )
        assert where.startswith(ann.address + WHY + "/") and not where.endswith(place)
        for number in (1, 2):
            assert service.grade(make_student(number)) == (3.5, "Well <told>.")
        assert "Well &lt;told&gt;." in page  # to be used again

    def test_too_late_keeps_what_was_typed(self, service: Service) -> None:
        """By another's mark in between: is nothing written, and nothing lost?"""
        ann, bob = service.enter("ann"), service.enter("bob")
        page, place = claim(ann)
        seen = find_hidden(page, "seen")
        ann.post(place, action="save", seen=seen, item="1")
        told = {"action": "next", "seen": seen, "item": "3", "comment": "Mine!"}
        status, page, _ = bob.post(place, **told)
        assert status == 409 and "meanwhile, by ann" in page
        assert ">Mine!</textarea>" in page
        assert re.search(r'name="item" value="3"[^>]* checked', page)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("adjust", "many"),
            ("adjust", "nan"),
            ("item", "x"),
            ("comment", 10001 * "x"),
        ],
    )
    def test_of_nonsense(self, service: Service, name: str, value: str) -> None:
        """Refused in words, and nothing written?"""
        ann = service.enter("ann")
        page, place = claim(ann)
        values = {"seen": find_hidden(page, "seen"), name: value}
        status, page, _ = ann.post(place, action="save", **values)
        assert status == 400 and 'role="alert"' in page
        assert service.grade(FIRST)[0] is None
        assert ann.post(place, action="none")[0] == 400

    def test_is_taken_away(self, service: Service) -> None:
        """Does the answer wait again?"""
        ann = service.enter("ann")
        page, place = claim(ann)
        _, page, _ = ann.post(
            place, action="save", seen=find_hidden(page, "seen"), item="1"
        )
        assert "Saved." in page and "Marked by ann" in page
        _, page, _ = ann.post(place, action="clear", seen=find_hidden(page, "seen"))
        assert "Marked by" not in page
        assert "0 of 3 marked" in ann.get(WHY)[1]


def test_nothing_is_left(service: Service) -> None:
    """With the others holding it all: is that said?"""
    assert claim(service.enter("ann"))[0] and claim(service.enter("bob"))[0]
    _, page, where = service.enter("cyd").post(WHY, action="next")
    assert "Nothing is left" in page and where.endswith(WHY)
    assert "Being marked: ann (" in page and "bob (" in page


def test_skipping_leads_to_another(service: Service) -> None:
    """And back again, since there are two?"""
    ann = service.enter("ann")
    _, first = claim(ann)
    after = first.rsplit("/", 1)[1]
    _, _, where = ann.post(WHY, action="next", after=after)
    assert where != ann.address + first
    _, _, where = ann.post(WHY, action="next", after=where.rsplit("/", 1)[1])
    assert where == ann.address + first


def test_names_are_hidden(service: Service) -> None:
    """On all pages from now on, and shown again when asked for?"""
    ann = service.enter("ann")
    assert "Ada" in ann.get(WHY)[1]
    assert "Ada" not in ann.get(f"{WHY}?names=hidden")[1]
    places = re.findall(rf'href="({WHY}/[0-9a-f]+)"', ann.get(WHY)[1])
    pages = [ann.get(place)[1] for place in (WHY, *places)]
    assert len(pages) == 3
    for page in pages:
        assert "Ada" not in page and make_student(2) not in page
    assert "2 students, equal answers" in pages[0]
    assert "Ada" in ann.get(f"{WHY}?names=shown")[1]


def test_the_rubric_is_changed(service: Service) -> None:
    """Seen before it is written, and then all marks are the new ones?"""
    ann = service.enter("ann")
    for _ in range(2):
        page, place = claim(ann)
        ann.post(place, action="save", seen=find_hidden(page, "seen"), item="1")
    page = ann.get(WHY)[1]
    rows = list(zip(*(list_fields(page, n) for n in FIELDS), strict=True))
    rows[0] = (rows[0][0], "0,5", "half <a> sum", "Half.")
    rows[1] = (rows[1][0], "", "", "")
    rows[3] = ("", "2", "new", "")
    version = ("version", find_hidden(page, "version"))
    fields = [(n, v) for row in rows for n, v in zip(FIELDS, row, strict=True)]
    _, preview, _ = ann.send(WHY, ("action", "preview"), version, *fields)
    assert "3 marks would change" in preview and "half &lt;a&gt; sum" in preview
    assert service.grade(FIRST) == (1.0, "")
    again = [(n, v) for n in FIELDS for v in list_fields(preview, n)]
    _, page, _ = ann.send(WHY, ("action", "apply"), version, *again)
    assert "with it 3 marks" in page and list_fields(page, "id")[:3] == ["1", "3", "4"]
    for number in range(3):
        assert service.grade(make_student(number)) == (0.5, "- Half.")
    status, page, _ = ann.send(WHY, ("action", "apply"), version, *again)
    assert status == 409 and "Somebody else has changed the rubric" in page


FIELDS = ("id", "points", "text", "says")


def test_four_assistants_mark_a_class(tmp_path: Path) -> None:
    """At once, over HTTP: is each answer marked once, and none forgotten?"""
    course = copy_class(tmp_path / "course")
    students = add_class(course, CLASS)
    with (
        fake_hub(ASSISTANTS) as hub,
        grading_service(course.root, hub) as (browser, _),
        ThreadPoolExecutor(len(ASSISTANTS)) as people,
    ):
        service = Service(course, hub, browser)
        browsers = {who: service.enter(who) for who in ASSISTANTS}
        jobs = [people.submit(mark_all, who, b) for who, b in browsers.items()]
        written = [place for job in jobs for place in job.result(300)]
    assert len(written) == len(set(written)) == CLASS
    by = {student: service.grade(student) for student in students}
    assert {points for points, _ in by.values()} == {1.0}
    assert {comment for _, comment in by.values()} <= set(ASSISTANTS)


def mark_all(who: str, browser: Browser) -> list[str]:
    """Mark until nothing is left; what was written."""
    done = []
    page, place = claim(browser)
    while page:
        values = {"seen": find_hidden(page, "seen"), "item": "1", "comment": who}
        status, page, where = browser.post(place, action="next", **values)
        assert status == 200
        done.append(place)
        place = where.removeprefix(browser.address)
        page = page if place != WHY else ""
    return done


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright"
    )
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield found
        found.close()


class TestInABrowser:
    """What needs one."""

    pytestmark = needs_browser

    def test_with_the_keyboard_alone(self, chromium: Any, service: Service) -> None:
        """Choose, comment, save, skip, and choose no more when keys are off?"""
        service.hub.who = "ann"
        page = chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(service.browser.address + WHY)
        page.get_by_role("button", name="Mark the next answer").press("Enter")
        first = page.url
        page.keyboard.press("k")
        page.wait_for_url(lambda url: url != first)
        second = page.url
        page.keyboard.press("1")
        page.keyboard.press("3")
        page.keyboard.press("1")
        assert page.locator("#total").inner_text() == "3 of 5 points"
        page.keyboard.press("c")
        page.keyboard.type("So 1 and s.")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(first)
        page.locator("#with-keys").uncheck()
        page.keyboard.press("1")
        assert page.locator("input[name=item]:checked").count() == 0
        page.locator("#again summary").click()
        page.get_by_role("button", name="So 1 and s.").click()
        page.locator("#with-keys").check()
        page.locator("h1").click()
        page.keyboard.press("s")
        page.wait_for_url(service.browser.address + WHY)
        marks = {service.grade(make_student(n)) for n in range(3)}
        assert marks == {(3.0, "So 1 and s."), (0.0, "So 1 and s.")}
        assert second != first and said == []
        page.close()

    @needs_axe
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_everybody_can_use_it(
        self, chromium: Any, service: Service, scheme: str, width: int
    ) -> None:
        """Questions, question, answer, and what a changed rubric does: is no rule of
        accessibility broken, and nothing wider than the screen?"""
        service.hub.who = "ann"
        size = {"width": width, "height": 900}
        page = chromium.new_page(viewport=size, color_scheme=scheme)
        page.goto(service.browser.address + MARK)
        self.look(page, "questions", width, scheme)
        page.get_by_role("button", name="Mark why").click()
        page.locator("input[name=item]").first.check()
        page.locator("#comment").fill("A good reason, with *all* of it.")
        self.look(page, "answer", width, scheme)
        page.get_by_role("button", name="Save", exact=True).click()
        self.look(page, "answer-marked", width, scheme)
        page.get_by_role("link", name="Rubric and all answers").click()
        page.get_by_label("Points of item 1").fill("2")
        self.look(page, "question", width, scheme)
        page.get_by_role("button", name="See what a change does").click()
        self.look(page, "rubric", width, scheme)
        page.close()

    def look(self, page: Any, what: str, width: int, scheme: str) -> None:
        """One page: a picture, the rules, the width."""
        page.wait_for_load_state("networkidle")
        if SHOTS:
            name = f"mark-{what}-{width}-{scheme}.png"
            page.screenshot(path=Path(SHOTS) / name, full_page=True)
        assert violations(page) == [], what
        assert page.evaluate("document.documentElement.scrollWidth") <= width, what


def hand_in_hostile(course: Course) -> None:
    """The attacks as a written answer, with cells of the student's own behind it."""
    others = {"where": "Here.", "when": "Then."}  # an empty one would take cells over
    hand_in(course, FIRST, {"why": WRITTEN, **others})
    path = course.submitted_notebook(FIRST, NAME)
    notebook = json.loads(path.read_text("utf-8"))
    cells = notebook["cells"]
    place = next(i for i, c in enumerate(cells) if c["source"] == WRITTEN)
    cells[place]["attachments"] = ATTACHMENTS
    own = [
        {"cell_type": "markdown", "id": f"own{n}", "metadata": {}, "source": text}
        for n, text in enumerate(answers())
    ]
    notebook["cells"] = [*cells[: place + 1], *own, *cells[place + 1 :]]
    path.write_text(json.dumps(notebook), "utf-8")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_no_answer_runs(chromium: Any, service: Service) -> None:
    """A hundred answers that attack their marker: does none run or ask anything?"""
    hand_in_hostile(service.course)
    grade_here(service.course, NAME, [FIRST])
    service.hub.who = "ann"
    page = chromium.new_page()
    with watched(page) as seen:
        page.goto(service.browser.address + WHY)
        page.get_by_role("row", name=FIRST).get_by_role("link").click()
        page.locator(".written").first.wait_for()
        check_nothing_runs(page, seen)
    page.close()
