"""A JupyterLab on loopback and a Chromium that looks at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
MISSING = "no chromium on this machine: apt-get install chromium"
SETTINGS = {  # all cells in the page, not only those in view; no question about news
    "notebook-extension/tracker.jupyterlab-settings": '{"windowingMode": "none"}',
    "apputils-extension/notification.jupyterlab-settings": '{"fetchNews": "false"}',
}
needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
]


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab whose files are those of `folder`."""
    settings = folder / ".jupyter" / "lab" / "user-settings" / "@jupyterlab"
    for name, content in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(content)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    words += ["--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    words += [f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"]
    home = {"HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder / ".jupyter")}
    with (folder / ".log").open("wb") as log:
        server = subprocess.Popen(words, env={**os.environ, **home}, stderr=log)
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> str:
    """The address, once the server answers; a failure if it does not."""
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=10).close()
            return address
        except OSError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.5)
    raise AssertionError("the server does not answer")


@contextlib.contextmanager
def browser_window(profile: Path) -> Iterator[Any]:
    """A headless Chromium that keeps in a folder what it has loaded and compiled.

    Its pages open JupyterLab in half of the time that an empty browser takes.
    """
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright"
    )
    quiet = ("--disable-background-networking", "--disable-component-update")
    with sync_api.sync_playwright() as play:
        window = play.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", *quiet],
        )
        window.set_default_timeout(90_000)
        yield window
        window.close()


@contextlib.contextmanager
def new_page(window: Any, width: int = 1280, height: int = 1000) -> Iterator[Any]:
    """A page of a browser, of some size, as long as it is needed."""
    page = window.new_page()
    page.set_viewport_size({"width": width, "height": height})
    yield page
    page.close()


@contextlib.contextmanager
def browser_page(width: int = 1280, height: int = 1000) -> Iterator[Any]:
    """An empty page of a browser of its own."""
    with (
        tempfile.TemporaryDirectory() as profile,
        browser_window(Path(profile)) as window,
        new_page(window, width, height) as page,
    ):
        yield page


def open_notebook(page: Any, address: str, path: str) -> None:
    """Open a notebook and wait until its kernel is idle."""
    page.goto(f"{address}/lab/tree/{path}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_selector("text=| Idle")


def run_all(page: Any) -> None:
    """Choose Run All Cells from the menu."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def move_a_slider(page: Any) -> None:
    """Press an arrow key on the first slider and see its picture change."""
    widget = page.locator(".widget-vbox", has=page.get_by_role("slider")).first
    image = widget.locator(".widget-image").first
    image.scroll_into_view_if_needed()
    before = image.get_attribute("src")
    widget.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowLeft")
    expect = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright"
    ).expect
    expect(image).not_to_have_attribute("src", before, timeout=90_000)
    expect(image).to_be_visible()
