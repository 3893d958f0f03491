"""A hub that `unrolled hub` has started, and people who sign in to it in a browser."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from unrolled.course.model import load_course
from unrolled.hub.accounts import has_account
from unrolled.hub.plan import HubPlan, load_plan, make_plan

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
CLASS = tuple(f"s{number:02d}" for number in range(1, 31))
PEOPLE = ("ada", "emmy", "sophie", "ta", "tara", "instructor", "grace", *CLASS)
COURSE = """
[course]
id = "unrolled"
title = "Recurrent Neural Networks, Unrolled"
timezone = "America/Chicago"

[assignments.02_forward_pass]
title = "The Forward Pass"
release = 2027-01-25 09:00:00
due = 2027-02-05 23:59:00
late = { per_day = 10, max = 50, grace_minutes = 15 }

[hub]
assistants = ["ta", "tara"]
"""
LANDING = re.compile(r"/user/[^/]+/course|/services/unrolled-grading/")
QUIET = {  # all cells in the page, not only those in view
    "notebook-extension/tracker.jupyterlab-settings": '{"windowingMode": "none"}',
    "apputils-extension/notification.jupyterlab-settings": '{"fetchNews": "false"}',
}


def why_not() -> str:
    """What is missing for a hub on this machine; "" if nothing is."""
    if os.geteuid() != 0:
        return "a hub needs root: run the tests as root"
    tools = {
        "node": "nodejs",
        "npm": "npm",
        "useradd": "passwd",
        "runuser": "util-linux",
    }
    missing = [package for tool, package in tools.items() if not shutil.which(tool)]
    missing += [] if CHROMIUM else ["chromium"]
    if missing:
        return f"apt-get install {' '.join(missing)}"
    there = [n for n in (*PEOPLE, "grader-unrolled") if has_account(n)]
    if there:
        return f"the accounts {', '.join(there)} are somebody's: remove them"
    return ""


NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache")
START = """
import sys
sys.path.insert(0, {place!r})
sys.argv[0] = "unrolled"
from unrolled.__main__ import main
main()
"""


@dataclass
class Hub:
    """A course, its hub, and the process that runs it.

    It is started from `clone`, a copy of the project: a hub closes the folder that it
    is started from to other accounts, and other tests run from this one as such.
    """

    root: Path
    clone: Path
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0.0

    @property
    def plan(self) -> HubPlan:
        """Where everything lies."""
        return load_plan(make_plan(load_course(self.root)).folder)

    @property
    def address(self) -> str:
        """Where browsers go."""
        return self.plan.address

    @property
    def password(self) -> str:
        """The one of everybody."""
        return (self.plan.state / "password").read_text().strip()

    def command(self) -> list[str]:
        """`unrolled hub`, from the copy of the project."""
        code = START.format(place=str(self.clone / "src"))
        return [sys.executable, "-c", code, "--course", str(self.root), "hub"]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`unrolled hub ...` to its end."""
        return subprocess.run(
            [*self.command(), *words], capture_output=True, text=True, timeout=600
        )

    def start(self) -> None:
        """Start the hub and wait until it says that it is ready."""
        began = time.monotonic()
        said = self.root / "said.txt"
        with said.open("wb") as file:
            self.process = subprocess.Popen(
                self.command(), stdout=file, stderr=subprocess.STDOUT
            )
        while "the hub is ready" not in said.read_text():
            assert self.process.poll() is None, said.read_text()
            assert time.monotonic() - began < 600, said.read_text()
            time.sleep(0.2)
        self.seconds = time.monotonic() - began

    def stop(self) -> None:
        """Ctrl-C, as a person would."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(120) == 0
        self.seconds = time.monotonic() - began

    def as_grader(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the staff's environment, in the course folder."""
        return run_as(self.plan, self.plan.grader, self.plan.course_root, *words)

    def home(self, name: str) -> Path:
        """Somebody's home."""
        return self.plan.homes / name


def run_as(
    plan: HubPlan, account: str, folder: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """A command as somebody, with their environment's programs."""
    env = plan.staff_env if account == plan.grader else plan.students_env
    home = plan.homes / account
    return subprocess.run(
        ["runuser", "-u", account, "--", *words],
        cwd=folder,
        env={
            **os.environ,
            "HOME": str(home),
            "USER": account,
            "PATH": f"{env / 'bin'}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=600,
    )


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub on free ports for a course of one assignment; all gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="hub-day-", dir="/var/tmp"))
    place.chmod(0o755)
    root = place / "course"
    root.mkdir()
    for name in ("lessons", "source", "release", "solutions"):
        (root / name).mkdir()
        shutil.copytree(
            ROOT / name / "02_forward_pass", root / name / "02_forward_pass"
        )
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    folder = os.environ.get("UNROLLED_HUB_FOLDER", str(place / "hub"))
    students = json.dumps(["ada", "emmy", "sophie", *CLASS])
    more = f'students = {students}\nport = {_ports()}\nfolder = "{folder}"\n'
    (root / "course.toml").write_text(COURSE + more)
    shutil.copytree(ROOT, place / "clone", ignore=NOT_COPIED)
    hub = Hub(root, place / "clone")
    try:
        hub.start()
        yield hub
    finally:
        if hub.process is not None and hub.process.poll() is None:
            hub.stop()
        hub.run("down", "--purge", "--yes")
        shutil.rmtree(place, ignore_errors=True)


def _ports() -> int:
    """The first of six free ports in a row."""
    import socket

    for first in range(18000, 19000, 10):
        try:
            for port in range(first, first + 6):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no six free ports in a row")


@dataclass
class Browser:
    """A Chromium in which several people sign in, each with cookies of their own."""

    chromium: Any
    hub: Hub

    @contextlib.contextmanager
    def person(self, name: str, height: int = 900) -> Iterator[Any]:
        """A page of somebody who has signed in."""
        context = self.chromium.new_context(
            viewport={"width": 1280, "height": height}, timezone_id="America/Chicago"
        )
        page = context.new_page()
        page.set_default_timeout(90_000)
        sync_api = pytest.importorskip(
            "playwright.sync_api", reason="pip install playwright"
        )
        sync_api.expect.set_options(timeout=60_000)  # its own are 5 s
        self.sign_in(page, name)
        page.wait_for_url(LANDING)
        page.wait_for_load_state()
        try:
            yield page
        except BaseException:
            _keep_failure(page)
            raise
        finally:
            context.close()

    def sign_in(self, page: Any, name: str) -> None:
        """Fill in the form of the sign-in page."""
        page.goto(f"{self.hub.address}/hub/login")
        page.fill("#username_input", name)
        page.fill("#password_input", self.hub.password)
        page.click("#login_submit")


def _keep_failure(page: Any) -> None:
    folder = os.environ.get("UNROLLED_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / "failed.png")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright"
    )
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


def quiet_lab(hub: Hub, name: str) -> None:
    """Settings of somebody's JupyterLab that a test needs."""
    entry = pwd.getpwnam(name)
    place = hub.home(name) / ".jupyter" / "lab" / "user-settings" / "@jupyterlab"
    for file, text in QUIET.items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(text)
    for path in (hub.home(name) / ".jupyter").rglob("*"):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    os.chown(hub.home(name) / ".jupyter", entry.pw_uid, entry.pw_gid)


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook, their sources as one text each.

    While Jupyter saves it, the file is empty for a moment.
    """
    wait_until(lambda: path.read_text(encoding="utf-8").rstrip().endswith("}"))
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in found:
        cell["source"] = "".join(cell["source"])
    return found


def wait_until(holds: Any, seconds: float = 90.0) -> None:
    """Ask again and again until something holds; a failure if it never does."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.3)
