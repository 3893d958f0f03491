"""Can everybody use the hub's own pages: on a phone, in the dark, with a reader?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.axe import needs_axe, violations
from support.class_on_a_hub import CONFIG, grade
from support.exchange_course import COURSE, NAME, make_hub
from support.grading_service import PREFIX, fake_hub, grading_service
from support.jupyter import CHROMIUM, MISSING
from support.student_server import student_server

from unrolled.hub.notice import Notice, write_notice

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
]
KINDS = [(w, s) for w in (1280, 800, 390) for s in ("light", "dark")]
SHOTS = os.environ.get("UNROLLED_LOOKS")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def grading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The grading page as an instructor sees it: new, refused, waiting, failed."""
    with pytest.MonkeyPatch.context() as patched:
        course = make_hub(tmp_path_factory.mktemp("looks"), patched)
        course.hand_in("ada", late=-60)
        bad = course.hand_in("emmy")
        (bad / "link").symlink_to("/etc/passwd")
        patched.setattr(
            "unrolled.hub.exchange.collect.CheckedCollect._check_owner", _anybody
        )
        course.run("Collect", update=True)
        grade(course, "ada", waits=True)
        course.hand_in("sophie")
    text = CONFIG.format(exchange=str(course.exchange))
    (course.course / "nbgrader_config.py").write_text(text)
    with fake_hub() as hub, grading_service(course.course, hub) as (me, _):
        hub.who = "instructor"
        yield me.address + PREFIX


def _anybody(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A student's page, with something to read, while the hub is about to stop."""
    with pytest.MonkeyPatch.context() as patched:
        hub = make_hub(tmp_path_factory.mktemp("student"), patched)
    until = datetime.now(UTC) + timedelta(hours=1)
    notice = Notice("The hub stops in less than 40 seconds. Save your work.", until)
    write_notice(hub.exchange / COURSE, notice)
    with student_server(hub, "ada") as browser:
        page = "/user/ada/course"
        browser.get(f"{page}?token=open")
        for verb in ("start", "submit", "fresh"):
            browser.post(f"{page}/{verb}", assignment=NAME)
        yield f"{browser.address}{page}?token=open"


def look(chromium: Any, url: str, width: int, scheme: str, name: str) -> list[str]:
    """What is wrong with a page: rules that it breaks, controls out of reach."""
    size = {"width": width, "height": 900}
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    for summary in page.locator("details:not([open]) > summary").all():
        summary.click()
    page.mouse.move(0, 0)
    if SHOTS:
        shot = Path(SHOTS) / f"{name}-{width}-{scheme}.png"
        page.screenshot(path=shot, full_page=True)
    found = violations(page)
    for control in page.locator("button, a.button, summary").all():
        box = control.bounding_box()
        if box and (box["x"] < 0 or box["x"] + box["width"] > width):
            found.append(f"out of reach: {control.inner_text()}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, ground.strip("rgb()").split(","))) > 3 * 128
    assert light == (scheme == "light")
    context.close()
    return found


@needs_axe
@pytest.mark.parametrize(("width", "scheme"), KINDS)
def test_grading(chromium: Any, grading: str, width: int, scheme: str) -> None:
    """Is nothing of the grading page out of reach, or out of sight?"""
    assert look(chromium, grading, width, scheme, "grading") == []


@needs_axe
@pytest.mark.parametrize(("width", "scheme"), KINDS)
def test_student(chromium: Any, student: str, width: int, scheme: str) -> None:
    """And of the page on which students land?"""
    assert look(chromium, student, width, scheme, "student") == []


@needs_axe
def test_refused(chromium: Any, grading: str) -> None:
    """And of the page that says no?"""
    assert look(chromium, f"{grading}nowhere", 390, "dark", "refused") == []


def test_it_warns(chromium: Any, student: str, grading: str) -> None:
    """Are those who work told that the hub stops, and is the next step to mark?"""
    page = chromium.new_page()
    page.goto(student)
    assert "The hub stops" in page.get_by_role("alert").inner_text()
    page.goto(grading)
    first = page.locator(f"#row-{NAME} .first")
    assert first.all_text_contents() == ["Collect The Forward Pass"]
