"""The class report on the hub: who gets it, and can everybody use it?"""

from __future__ import annotations

import os
from collections.abc import Iterator
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

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
]
SHOTS = os.environ.get("UNROLLED_LOOKS")
PAGES = (f"report/{NAME}", "report")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Four graded students, and one who has handed in nothing."""
    made = make_rich_class(tmp_path_factory.mktemp("report") / "course")
    with Gradebook(made.db_url, made.id) as gradebook:
        gradebook.add_student("eve", first_name="Eve", last_name="Adams")
    return made


@pytest.fixture(scope="module")
def service(course: Course) -> Iterator[tuple[FakeHub, Browser]]:
    with fake_hub() as hub, grading_service(course.root, hub) as (browser, _):
        yield hub, browser


def enter(service: tuple[FakeHub, Browser], who: str) -> Browser:
    return sign_in(*service, who)


def test_graders_get_it(service: tuple[FakeHub, Browser]) -> None:
    """With names, without them, and as a table?"""
    ta = enter(service, "ta")
    _, page, _ = ta.get(PREFIX)
    assert f'href="{PREFIX}report"' in page
    status, page, _ = ta.get(f"{PREFIX}report/{NAME}")
    assert status == 200 and "Tiny: class report" in page and "zoë" in page
    assert f'href="{PREFIX}report"' in page and "Eve Adams" in page
    _, hidden, _ = ta.get(f"{PREFIX}report/{NAME}?names=hidden")
    assert "zoë" not in hidden and "Eve Adams" not in hidden
    assert "Student 1" in hidden and "Show names" in hidden
    _, table, _ = ta.get(f"{PREFIX}report/{NAME}.csv?names=hidden")
    assert table.startswith("student,name,state") and "zoë" not in table
    status, term, _ = ta.get(f"{PREFIX}report")
    assert status == 200 and f'href="{PREFIX}report/{NAME}"' in term
    assert ta.get(f"{PREFIX}report/09_none")[0] == 404


def test_students_do_not(service: tuple[FakeHub, Browser]) -> None:
    """Neither page nor table?"""
    student = enter(service, "ada")
    for address in (*PAGES, f"report/{NAME}.csv", "report?names=hidden"):
        assert student.get(PREFIX + address)[0] == 403


def test_a_gradebook_that_fails_is_said_on_the_grading_page(
    service: tuple[FakeHub, Browser], course: Course
) -> None:
    """In words, once the report is asked for?"""
    notebook = course.source_notebook(NAME)
    text = notebook.read_text("utf-8")
    notebook.unlink()
    try:
        _, page, where = enter(service, "ta").get(f"{PREFIX}report/{NAME}")
    finally:
        notebook.write_text(text, "utf-8")
    assert where.endswith(PREFIX) and "run `unrolled build` first" in page


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

    @needs_axe
    @pytest.mark.parametrize("width", [1280, 390])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("which", PAGES)
    def test_everybody_can_use_it(
        self,
        chromium: Any,
        service: tuple[FakeHub, Browser],
        which: str,
        scheme: str,
        width: int,
    ) -> None:
        """With every mistake opened: is no rule of accessibility broken, and nothing
        wider than the screen?"""
        hub, browser = service
        hub.who = "ta"
        size = {"width": width, "height": 900}
        page = chromium.new_page(viewport=size, color_scheme=scheme)
        page.goto(browser.address + PREFIX + which)
        for summary in page.locator("details:not([open]) > summary").all():
            summary.click()
        if SHOTS:
            name = f"{which.replace('/', '-')}-{width}-{scheme}.png"
            page.screenshot(path=Path(SHOTS) / name, full_page=True)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()

    def test_a_table_is_sorted_and_searched(
        self, chromium: Any, service: tuple[FakeHub, Browser]
    ) -> None:
        """Does the page's policy let its own script run, and does that what it says?"""
        hub, browser = service
        hub.who = "ta"
        page = chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{browser.address}{PREFIX}report/{NAME}")
        rows = page.locator("#student-table tbody tr")
        names = rows.locator("th").all_inner_texts()
        assert len(names) == 5
        head = page.get_by_role("button", name="Score", exact=True)
        head.press("Enter")
        scores = rows.locator("td:nth-child(3)").all_inner_texts()
        assert [s.split("\n")[0] for s in scores] == ["", "40.5", "60", "60", "60"]
        head.press("Enter")
        assert rows.first.locator("td:nth-child(3)").inner_text().startswith("60")
        box = page.get_by_label("Show only")
        box.fill("EVE not handed")
        assert rows.locator("visible=true").count() == 1
        assert page.locator("#shown").inner_text() == "1 of 5"
        box.fill("")
        assert rows.locator("visible=true").count() == 5
        assert said == []
        page.close()
