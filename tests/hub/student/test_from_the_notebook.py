"""What students see inside JupyterLab: the way out, the hub's notice, their list."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.exchange_course import COURSE, NAME, Hub, make_hub
from support.jupyter import CHROMIUM, MISSING
from support.lab_hands import menu
from support.student_server import Browser, student_server

from unrolled.hub.notice import Notice, clear_notice, write_notice
from unrolled.hub.setup.jupyter_config import (
    LAB_EXTENSION,
    LAB_EXTENSION_FILES,
    STUDENTS_LAB,
)

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
expect = sync_api.expect
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
]
NOTICE = "The hub stops in less than 40 seconds. Save your work now."
LAB = "/user/ada/lab"


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Browser]]:
    """A student's JupyterLab, set up as `unrolled hub` does it."""
    with pytest.MonkeyPatch.context() as patched:
        hub = make_hub(tmp_path_factory.mktemp("lab"), patched)
    with student_server(hub, "ada", "jupyterlab") as server:
        config = hub.home("ada") / ".jupyter" / "labconfig"
        config.mkdir()
        (config / "default_setting_overrides.json").write_text(json.dumps(STUDENTS_LAB))
        extensions = hub.home("ada") / ".data" / "labextensions"
        shutil.copytree(LAB_EXTENSION_FILES, extensions / LAB_EXTENSION)
        server.get("/user/ada/course?token=open")
        server.post("/user/ada/course/start", assignment=NAME)
        yield hub, server


@pytest.fixture
def page(student: tuple[Hub, Browser]) -> Iterator[Any]:
    """An empty page of a browser."""
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = chromium.new_page(timezone_id="Asia/Tokyo")
        page.set_default_timeout(90_000)
        yield page
        chromium.close()


def test_a_button_in_the_notebook(student: tuple[Hub, Browser], page: Any) -> None:
    """Does a button with words lead to the course page of whoever clicks?"""
    _, server = student
    notebook = f"{COURSE}/{NAME}/forward_pass.ipynb"
    page.goto(f"{server.address}{LAB}/tree/{notebook}?token=open")
    button = page.locator(".jp-NotebookPanel-toolbar").get_by_text(
        "Submit / course page"
    )
    button.wait_for()
    page.locator("dialog").wait_for()  # this notebook names no kernel
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    with page.expect_popup() as popup:
        button.click()
    assert popup.value.url.endswith("/hub/user-redirect/course")


def test_a_notice_of_the_hub(student: tuple[Hub, Browser], page: Any) -> None:
    """Is who sits in JupyterLab told that the hub stops, until it does not?"""
    hub, server = student
    page.goto(f"{server.address}{LAB}?token=open&reset")
    page.locator(".jp-Launcher").wait_for()
    assert page.get_by_text(NOTICE).count() == 0
    folder = hub.exchange / COURSE
    write_notice(folder, Notice(NOTICE, datetime.now(UTC) + timedelta(seconds=90)))
    expect(page.get_by_text(NOTICE)).to_be_visible(timeout=20_000)
    clear_notice(folder)
    expect(page.get_by_text(NOTICE)).to_have_count(0, timeout=20_000)
    write_notice(folder, Notice(NOTICE, datetime.now(UTC) + timedelta(seconds=7)))
    expect(page.get_by_text(NOTICE)).to_be_visible(timeout=20_000)
    expect(page.get_by_text(NOTICE)).to_have_count(0, timeout=20_000)


def test_a_stranger_is_told_nothing(student: tuple[Hub, Browser]) -> None:
    """Is the notice for those who have signed in?"""
    _, server = student
    status, where = server.where("/user/ada/unrolled/notice")
    assert status in (302, 403) and "notice" in (where or "notice")


def test_the_list_of_assignments(student: tuple[Hub, Browser], page: Any) -> None:
    """Does nbgrader's list tell when something was handed in on the class's clock?"""
    _, server = student
    server.post("/user/ada/course/submit", assignment=NAME)
    page.goto(f"{server.address}{LAB}?token=open&reset")
    menu(page, "Nbgrader", "Assignment List")
    row = page.locator("#submitted_assignments_list .item_name", has_text=" 20")
    told = row.first.inner_text()
    assert re.search(r"\w{3} \d+ \w{3} 20\d\d, \d\d:\d\d C[SD]T", told), told
