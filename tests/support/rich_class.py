"""A class with all that makes grades hard: copied by tests, built and graded once.

Two exercises that hang together with two checks each, points with halves, a name
with an accent, and a due date on the day before the clocks change.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.author_course import COURSE, make_course
from support.judges import grade_here
from support.shared import make_once

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course

NAME = "01_tiny"
LESSON = '''\
# %% [markdown]
# # A lesson

# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double_small" points=12.5
assert double(2) == 4
### BEGIN HIDDEN TESTS
number = int(rng.integers(2, 9))
assert double(number) == oracle.double(number)
### END HIDDEN TESTS

# %% check="double_large" points=17.5
assert double(100) == 200
### BEGIN HIDDEN TESTS
number = int(rng.integers(100, 999))
assert double(number) == oracle.double(number)
### END HIDDEN TESTS

# %% exercise="quadruple"
def quadruple(x):
    """Four times x."""
    ### BEGIN SOLUTION
    return double(double(x))
    ### END SOLUTION


# %% check="quadruple_small" points=10.5
assert quadruple(2) == 8

# %% check="quadruple_large" points=19.5
assert quadruple(100) == 400
### BEGIN HIDDEN TESTS
number = int(rng.integers(100, 999))
assert quadruple(number) == 2 * oracle.double(number)
### END HIDDEN TESTS

# %% [markdown] answer="why" points=40
# Because.
#
# **Marking scheme**
# - 40 points: a reason
'''
DUE = "due = 2027-03-13 12:00:00"  # America/Chicago; summer time begins next morning
LATE = "late = { per_day = 7.5, max = 20, grace_minutes = 15 }"
RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "quadruple": "def quadruple(x):\n    return double(double(x))",
    "why": "Because I say so.",
}
HALF = {**RIGHT, "quadruple": "def quadruple(x):\n    return 4 * x if x < 9 else 0"}
IN_TIME = "2027-03-13 11:00:00 CST"
IN_GRACE = "2027-03-13 12:10:00 CST"
ONE_DAY = "2027-03-14 11:50:00 CDT"
TWO_DAYS = "2027-03-14 12:30:00 CDT"  # 23 and a half hours later
CLASS = {
    "ada": (RIGHT, IN_TIME),
    "bob": (HALF, ONE_DAY),
    "cyd": (RIGHT, IN_GRACE),
    "zoë": (RIGHT, TWO_DAYS),
}


def hand_in(course: Course, student: str, cells: dict[str, str], stamp: str) -> Path:
    """Put a submission where nbgrader collects it; `cells` by grade id."""
    notebook = json.loads((course.release / NAME / "tiny.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        cell["source"] = cells.get(name, cell["source"])
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timestamp.txt").write_text(stamp)
    path = folder / "tiny.ipynb"
    path.write_text(json.dumps(notebook))
    return path


def make_rich_class(folder: Path) -> Course:
    """The class, built and graded; nobody has marked the answers."""
    course = make_course(folder, LESSON)
    text = COURSE.replace("due = 2027-02-05 23:59:00", DUE)
    text = text.replace("late = { per_day = 10, max = 50, grace_minutes = 15 }", LATE)
    (folder / "course.toml").write_text(text)
    course = load_course(folder)
    course.secret_file.touch(mode=0o600)
    course.secret_file.write_text("3" * 64)
    build_assignments(course, [NAME])
    for student, (cells, stamp) in CLASS.items():
        hand_in(course, student, cells, stamp)
    grade_here(course, NAME)
    return course


def change_grade(course: Course, student: str, cell: str, **values: Any) -> None:
    """Set columns of a grade, as formgrader does."""
    with Gradebook(course.db_url, course.id) as gradebook:
        found = gradebook.find_grade(cell, "tiny", NAME, student)
        for key, value in values.items():
            setattr(found, key, value)
        gradebook.db.commit()


def extend(course: Course, student: str, days: int) -> None:
    """Give a student more days, or none."""
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.grant_extension(NAME, student, days=days)


@pytest.fixture(scope="session")
def rich_class() -> Course:
    """Four students, graded: in time, in the grace time, one day and two days late."""
    return load_course(make_once("rich", make_rich_class))


@pytest.fixture
def rich_course(rich_class: Course, tmp_path: Path) -> Course:
    """A copy of the class for the test's own changes."""
    return load_course(shutil.copytree(rich_class.root, tmp_path / "course"))
