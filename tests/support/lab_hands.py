"""What a person does in JupyterLab, by mouse and keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.hub_day import cells, wait_until
from support.jupyter import move_a_slider as move_a_slider

MARKS = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
expect = pytest.importorskip(
    "playwright.sync_api", reason="pip install playwright"
).expect


def open_lab(page: Any, server: str, path: str = "") -> None:
    """Open JupyterLab, with a file if one is given."""
    page.goto(f"{server}/lab{'/tree/' if path else ''}{path}?reset")
    page.wait_for_selector("#jp-main-dock-panel")


def wait_for_kernel(page: Any) -> None:
    """Until the notebook is there and its kernel idle."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_selector("text=| Idle")


def menu(page: Any, name: str, entry: str) -> None:
    """Choose an entry of a menu."""
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.locator(".lm-Menu").get_by_text(entry, exact=True).click()


def write_cell(page: Any, number: int, text: str) -> None:
    """Put the cursor into a cell and write over what is there."""
    editor = page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".cm-content")
    editor.scroll_into_view_if_needed()
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def save(page: Any, file: Path, wanted: str) -> None:
    """Save with the keyboard, and wait until the file has it."""
    page.keyboard.press("Control+s")
    wait_until(lambda: wanted in "\n".join(c["source"] for c in cells(file)))


def solve(page: Any, release: Path, solution: Path) -> None:
    """Type the answers into every cell that asks for one."""
    answers = {c["id"]: MARKS.sub("", c["source"]) for c in cells(solution)}
    for number, cell in enumerate(cells(release)):
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution") and cell["cell_type"] == "code":
            write_cell(page, number, answers[cell["id"]])
        elif marks.get("solution"):
            place = page.locator(".jp-Notebook .jp-Cell").nth(number)
            place.scroll_into_view_if_needed()
            place.locator(".jp-RenderedMarkdown").dblclick()
            write_cell(page, number, "The same weights at each step, so fewer of them.")


def validate(page: Any) -> str:
    """Press Validate; what its dialog says."""
    page.locator(
        ".jp-Toolbar .validate-button, button:has-text('Validate')"
    ).first.click()
    dialog = page.locator(".jp-Dialog")
    body = dialog.locator(".jp-Dialog-body, .jp-Dialog-content").first
    expect(body).to_contain_text("alid", timeout=120_000)
    page.wait_for_function(
        "() => !document.querySelector('.jp-Dialog').innerText.includes('Validating')",
        timeout=180_000,
    )
    said = str(dialog.inner_text())
    dialog.locator("button").last.click()
    return said


def write_file(page: Any, text: str) -> None:
    """Write over the file that is open in the editor."""
    page.locator(".jp-FileEditor .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def terminal(page: Any, server: str) -> None:
    """Open a terminal."""
    open_lab(page, server)
    page.locator(".jp-LauncherCard", has_text="Terminal").click()
    page.locator(".jp-Terminal .xterm-screen").wait_for()
    page.wait_for_timeout(1_500)


def type_line(page: Any, line: str) -> None:
    """Type a line into the terminal and press Enter."""
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type(line)
    page.keyboard.press("Enter")
