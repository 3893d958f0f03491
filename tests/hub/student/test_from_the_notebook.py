"""Is there a visible way from a notebook to where it is handed in?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.exchange_course import COURSE, NAME, make_hub
from support.jupyter import CHROMIUM, MISSING
from support.student_server import student_server

from unrolled.hub.setup.jupyter_config import STUDENTS_LAB

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_a_button_in_the_notebook(tmp_path: Path) -> None:
    """Does a button with words lead to the course page of whoever clicks?"""
    with pytest.MonkeyPatch.context() as patched:
        hub = make_hub(tmp_path, patched)
    with (
        student_server(hub, "ada", "jupyterlab") as server,
        sync_api.sync_playwright() as playwright,
    ):
        config = hub.home("ada") / ".jupyter" / "labconfig"
        config.mkdir()
        (config / "default_setting_overrides.json").write_text(json.dumps(STUDENTS_LAB))
        server.get("/user/ada/course?token=open")
        server.post("/user/ada/course/start", assignment=NAME)
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = chromium.new_page()
        page.set_default_timeout(90_000)
        notebook = f"{COURSE}/{NAME}/forward_pass.ipynb"
        page.goto(f"{server.address}/user/ada/lab/tree/{notebook}?token=open")
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
        chromium.close()
