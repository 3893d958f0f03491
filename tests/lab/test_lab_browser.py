"""The widgets in a real JupyterLab, in a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

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
def lab(tmp_path_factory):
    """The address of a JupyterLab with one notebook in its folder."""
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(CODE)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "lesson.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="),
            *(f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"),
        ],
        env={**os.environ, "HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder)},
        stderr=(folder / "log").open("wb"),
    )
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address, server):
    """The address, once the server answers; a failure if it does not."""
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api").close()
            return address
        except OSError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.5)
    raise AssertionError("the server does not answer")


@pytest.fixture(scope="module")
def page(lab):
    """The notebook's page, with its cell run."""
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.set_default_timeout(90_000)
        page.goto(f"{lab}/lab/tree/lesson.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_selector("text=| Idle")
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_selector(".widget-image[src]")
        yield page
        browser.close()


def test_pictures_have_alternative_text(page):
    """Does a screen reader find the words of both figures?"""
    shown = page.locator(".jp-OutputArea-output img[alt]").first
    assert shown.get_attribute("alt") == 'Empty & "quiet" axes'
    assert page.locator(".widget-vbox p").all_inner_texts() == ["A line"]


def test_a_slider_is_moved_with_the_keyboard(page):
    """Does an arrow key move the slider and redraw the picture?"""
    image = page.locator(".widget-image")
    before = image.get_attribute("src")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    changed = sync_api.expect(image)
    changed.not_to_have_attribute("src", before)
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "1.28"


def test_an_error_stands_under_the_controls(page):
    """Does a draw function that fails say so instead of the picture?"""
    page.locator(".widget-dropdown").get_by_label("cell").select_option("lstm")
    note = page.locator(".widget-vbox [role=alert]")
    sync_api.expect(note).to_contain_text("cell = lstm: ZeroDivisionError")
    assert not page.locator(".widget-image").is_visible()
