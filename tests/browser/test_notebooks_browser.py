"""Both lessons in a real JupyterLab: their figures show, their sliders move."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.jupyter import (
    browser_window,
    jupyterlab,
    move_a_slider,
    needs_browser,
    new_page,
    open_notebook,
    run_all,
)

from unrolled.course.model import load_course

pytestmark = needs_browser
expect = pytest.importorskip(
    "playwright.sync_api", reason="pip install playwright"
).expect

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)
LAST_CELL = 'print("the " + "end")'
SCREENSHOTS = os.environ.get("UNROLLED_SCREENSHOTS")  # a folder to keep them in


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on copies of the solved and the released notebooks."""
    folder = tmp_path_factory.mktemp("lessons")
    for kind in ("solutions", "release"):
        for path in sorted((ROOT / kind).glob("*/*.ipynb")):
            copy = folder / kind / path.name
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copy)
            _end(copy)
        for data in (ROOT / kind).glob("*/data"):
            shutil.copytree(data, folder / kind / "data", dirs_exist_ok=True)
    with jupyterlab(folder) as address:
        yield address


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all notebooks."""
    with browser_window(tmp_path_factory.mktemp("profile")) as window:
        yield window


def _end(path: Path) -> None:
    """Add a cell that says when all has run, at the top of what a test waits for."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {"cell_type": "code", "id": "the-end", "metadata": {}, "outputs": []}
    notebook["cells"].append({**cell, "execution_count": None, "source": LAST_CELL})
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(params=[a.notebook for a in COURSE.assignments.values()])
def name(request: pytest.FixtureRequest) -> str:
    """The notebook of an assignment."""
    return str(request.param)


def figures(name: str) -> int:
    """How many cells of the notebook show a figure."""
    cells = json.loads(_path(name).read_text(encoding="utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    return sum("show(" in text or "explore(" in text for text in code)


def _path(name: str) -> Path:
    return next((ROOT / "solutions").glob(f"*/{name}.ipynb"))


def test_the_solved_notebook_shows_all_figures_and_live_widgets(
    address: str, window: Any, name: str
) -> None:
    """Do all cells run, all figures show, and an arrow key redraw a picture?"""
    with new_page(window, height=1_400) as page:
        open_notebook(page, address, f"solutions/{name}.ipynb")
        run_all(page)
        end = page.locator(".jp-OutputArea-output", has_text="the end")
        end.wait_for(timeout=180_000)
        pictures = page.locator(".jp-OutputArea-output img[src]")
        expect(pictures.nth(figures(name) - 1)).to_be_visible(timeout=90_000)
        assert page.locator(".jp-OutputArea-output.jp-mod-error").count() == 0
        assert page.locator("text=Error displaying widget").count() == 0
        move_a_slider(page)
        _keep(page, f"{name}_solved")


def test_the_released_notebook_names_what_is_not_written(
    address: str, window: Any, name: str
) -> None:
    """Does an untouched exercise say which one it is, and do given figures show?"""
    with new_page(window, height=3_000) as page:
        open_notebook(page, address, f"release/{name}.ipynb")
        run_all(page)
        error = page.locator(".jp-OutputArea-output", has_text="not written yet").first
        error.wait_for(timeout=180_000)
        if _shows_before_the_first_stub(name):
            pictures = page.locator(".jp-OutputArea-output img[src]")
            expect(pictures.first).to_be_visible(timeout=90_000)
        _keep(page, f"{name}_released")


def _shows_before_the_first_stub(name: str) -> bool:
    """Whether a given figure stands before the first exercise: a run stops there."""
    cells = json.loads(_path(name).read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            return False
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and ("show(" in text or "explore(" in text):
            return True
    return False


def _keep(page: Any, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"))
