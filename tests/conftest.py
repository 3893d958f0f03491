"""What tests of all folders share: a PATH with nbgrader on it, and a small class."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from unrolled.course import Course, load_course
from unrolled.demo import COPIED, demo
from unrolled.report.demo import DemoReport

# nbgrader looks for alembic on PATH; tests may run without an activated venv.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("KERAS_BACKEND", "torch")

ROOT = Path(__file__).parents[1]
STUDENTS = (
    *("blank", "edited_test", "not_a_notebook", "perfect", "several_misconceptions"),
    *("two_days_late", "waits_for_marks", "wrong_step_right_rest"),
)


@dataclass(frozen=True)
class SmallClass:
    """A demo class that was graded: its report and its course folder."""

    report: DemoReport
    course: Course


@pytest.fixture(scope="session")
def small_class(tmp_path_factory: pytest.TempPathFactory) -> SmallClass:
    """`unrolled demo` over some of the made students, away from the project."""
    root = tmp_path_factory.mktemp("class")
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
        report = demo(load_course(root), Console(file=said))
    return SmallClass(report, load_course(root / "build" / "demo"))
