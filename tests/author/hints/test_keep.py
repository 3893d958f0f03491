"""Is the table of hints made when something has changed, and only then?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.author_course import LESSON, make_course

from unrolled.assignment import HINTS_FILE
from unrolled.author.build import build_assignments
from unrolled.author.hints import outline
from unrolled.course import Course
from unrolled.lab.follow_through import outline as lab_outline

CHECKED = LESSON.replace(
    "assert double(2) == 4\n",
    """from unrolled.lab import check

x = np.array([0.317, -1.204, 2.718])
check.close("twice", check.call(double, x), 2 * x)
""",
)
CATALOGUE = """
from unrolled.assignment.catalogue import misconception


@misconception("double", fails="double_values", hint="Not the square.")
def squares(x):
    return x * x
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course whose lesson has a catalogue, built."""
    made = make_course(tmp_path, CHECKED)
    (made.lessons / "01_tiny" / "misconceptions.py").write_text(CATALOGUE)
    build_assignments(made, ["01_tiny"])
    return made


def read_table(course: Course, step: str = "release") -> bytes:
    """The table of hints in a folder of the course."""
    return (course.root / step / "01_tiny" / HINTS_FILE).read_bytes()


def test_students_and_instructors_get_the_same_table(course: Course) -> None:
    """Does it lie in source/, where nbgrader takes it from, and in release/?"""
    assert read_table(course) == read_table(course, "source")
    assert len(json.loads(read_table(course))["questions"]) == 1


def test_a_lesson_without_a_catalogue_has_no_table(tmp_path: Path) -> None:
    """Is no file added to a lesson that knows no mistakes?"""
    course = make_course(tmp_path, CHECKED)
    build_assignments(course, ["01_tiny"])
    assert not list(tmp_path.rglob(HINTS_FILE))


def test_a_table_that_fits_is_kept(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a second build play nothing, and find everything fresh?"""

    def fail(*_: object) -> None:
        raise AssertionError("the catalogue is played again")

    monkeypatch.setattr("unrolled.author.hints.make.play_catalogue", fail)
    lesson = course.lessons / "01_tiny" / "tiny.py"
    lesson.write_text(lesson.read_text().replace("# Doubling", "# To double"))
    (built,) = build_assignments(course, ["01_tiny"]).assignments
    assert not any(HINTS_FILE in path for path in built.stale)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("tiny.py", "2.718", "3.142"),
        ("misconceptions.py", "Not the square.", "It is not the square."),
    ],
)
def test_a_changed_lesson_gets_a_new_table(
    course: Course, file: str, old: str, new: str
) -> None:
    """Do other numbers in a check, and other words of a hint, make it anew?"""
    before = read_table(course)
    path = course.lessons / "01_tiny" / file
    path.write_text(path.read_text().replace(old, new))
    assert not build_assignments(course, ["01_tiny"], check=True).fresh
    build_assignments(course, ["01_tiny"])
    assert read_table(course) != before


def test_hidden_tests_are_no_part_of_it(course: Course) -> None:
    """Does another hidden test leave the table as it is?"""
    before = read_table(course)
    path = course.lessons / "01_tiny" / "tiny.py"
    path.write_text(path.read_text().replace("rng.integers(100)", "rng.integers(99)"))
    build_assignments(course, ["01_tiny"])
    assert read_table(course) == before


@pytest.mark.parametrize(
    "source", ["", "x = 1", "def f():  \n\n\n    return 1\t\n", "\r\nä\n \n", "\ud800"]
)
def test_author_and_lab_name_a_cell_alike(source: str) -> None:
    """Does the kernel find the cells that a build has put into the outline?"""
    assert outline.digest_cell(source) == lab_outline.digest_cell(source)


def test_a_build_of_what_is_there_loads_no_lab() -> None:
    """Does who builds a fresh lesson wait for no figures?"""
    words = "import sys, unrolled.author.build; print('unrolled.lab' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=600
    )
    assert done.stdout == "False\n", done.stderr
