"""What tests of all folders share: a PATH with nbgrader on it, and a small class."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest
from durations import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_sessionfinish,
    pytest_sessionstart,
    pytest_xdist_auto_num_workers,
)
from rich.console import Console
from strict_skips import pytest_make_collect_report, pytest_runtest_makereport
from support import shared
from support.cli import Call, command
from support.exchange_course import hub
from support.rich_class import rich_class, rich_course
from support.shared import make_once
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
    "pytest_xdist_auto_num_workers",
    "rich_class",
    "rich_course",
]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Say where what all processes share lies."""
    base = tmp_path_factory.getbasetemp()
    shared.FOLDER = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


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
def small_class() -> SmallClass:
    """`unrolled demo` over some of the made students, away from the project.

    It takes a minute, and is made once for all processes.
    """
    root = make_once("class", _make_class)
    report: DemoReport = pickle.loads((root / "report.pickle").read_bytes())
    return SmallClass(report, load_course(root / "build" / "demo"))


def _make_class(root: Path) -> None:
    """The class in `root`, and what was reported of it."""
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
    (root / "report.pickle").write_bytes(pickle.dumps(report))
