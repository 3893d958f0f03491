"""What tests of all folders share: a PATH with nbgrader on it, and a small class."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from durations import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_sessionfinish,
    pytest_sessionstart,
)
from rich.console import Console
from strict_skips import pytest_make_collect_report, pytest_runtest_makereport
from support.cli import Call, command
from support.exchange_course import hub
from support.rich_class import rich_class, rich_course
from support.small_class import STUDENTS, SmallClass

from unrolled.course.model import load_course
from unrolled.samples.demo import COPIED, run_demo
from unrolled.samples.demo_report import DemoReport

# nbgrader looks for alembic on PATH; tests may run without an activated venv.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("KERAS_BACKEND", "torch")

__all__ = [  # hooks, and fixtures that stand beside what they make
    "hub",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "rich_class",
    "rich_course",
]
ROOT = Path(__file__).parents[1]


@pytest.fixture
def unrolled(capfd: pytest.CaptureFixture[str]) -> Call:
    """The command, run here."""
    return partial(command, capfd)


@pytest.fixture
def call(unrolled: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command in a terminal of 200 columns."""
    monkeypatch.setenv("COLUMNS", "200")
    return unrolled


@pytest.fixture(scope="session")
def small_class(tmp_path_factory: pytest.TempPathFactory) -> SmallClass:
    """`unrolled demo` over some of the made students, away from the project.

    It takes a minute: the processes of pytest-xdist make it once, for all of them.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "class"
    made, lock = root / "report.pickle", root.with_name("class.lock")
    until = time.monotonic() + 1200
    while not made.exists():
        assert time.monotonic() < until, "another process did not make the class"
        with contextlib.suppress(FileExistsError):
            lock.mkdir()
            try:
                if not made.exists():
                    _make_class(root, made)
            finally:
                lock.rmdir()
        time.sleep(0.1)
    report: DemoReport = pickle.loads(made.read_bytes())
    return SmallClass(report, load_course(root / "build" / "demo"))


def _make_class(root: Path, made: Path) -> None:
    """The class in `root`; `made` tells that it is complete."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name in COPIED:
        origin = ROOT / name
        copy = shutil.copytree if origin.is_dir() else shutil.copyfile
        copy(origin, root / name)
    recipes = root / "tests" / "submissions"
    recipes.mkdir(parents=True)
    for name in STUDENTS:
        shutil.copyfile(
            ROOT / "tests/submissions" / f"{name}.toml", recipes / f"{name}.toml"
        )
    with (root / "said.txt").open("w") as said:
        report = run_demo(load_course(root), Console(file=said))
    made.with_suffix(".new").write_bytes(pickle.dumps(report))
    made.with_suffix(".new").rename(made)
