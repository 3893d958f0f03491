"""The widgets in a real JupyterLab, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from support.jupyter import (
    browser_page,
    jupyterlab,
    needs_browser,
    open_notebook,
    run_all,
)

pytestmark = needs_browser
expect = pytest.importorskip(
    "playwright.sync_api", reason="pip install playwright"
).expect

CODE = """
from unrolled.lab import explore, show
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
show(fig, alt='Empty & "quiet" axes')
def draw(ax, temperature, cell):
    ax.plot([0, temperature if cell == "rnn" else 1 / 0])
cells = ["rnn", "lstm"]
explore(draw, alt="A line", size=(4, 3), temperature=(0.5, 2.0), cell=cells)
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page of a notebook, with its cell run."""
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(CODE)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "lesson.ipynb")
    with jupyterlab(folder) as address, browser_page() as page:
        open_notebook(page, address, "lesson.ipynb")
        run_all(page)
        page.wait_for_selector(".widget-image[src]")
        yield page


def test_pictures_have_alternative_text(page: Any) -> None:
    """Does a screen reader find the words of both figures?"""
    shown = page.locator(".jp-OutputArea-output img[alt]").first
    assert shown.get_attribute("alt") == 'Empty & "quiet" axes'
    assert page.locator(".widget-vbox p").all_inner_texts() == ["A line"]


def test_a_slider_is_moved_with_the_keyboard(page: Any) -> None:
    """Does an arrow key move the slider and redraw the picture?"""
    image = page.locator(".widget-image")
    before = image.get_attribute("src")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(image).not_to_have_attribute("src", before)
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "1.28"


def test_an_error_stands_under_the_controls(page: Any) -> None:
    """Does a draw function that fails say so instead of the picture?"""
    page.locator(".widget-dropdown").get_by_label("cell").select_option("lstm")
    note = page.locator(".widget-vbox [role=alert]")
    expect(note).to_contain_text("cell = lstm: ZeroDivisionError")
    assert not page.locator(".widget-image").is_visible()
