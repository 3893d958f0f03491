"""Hidden inputs are one student's own, and the same ones again in a regrade."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from support.author_course import LESSON, make_course
from support.judges import grade_here
from support.small_assignment import grade, submission

from unrolled.assignment.seeds import derive_cell_seed
from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course

NAME = "01_tiny"
# The hidden part tells the number that it drew, so that a test can read it.
TELLING = LESSON.replace("rng.integers(100)", "rng.integers(10**9)").replace(
    "oracle.double(number)\n", 'oracle.double(number), f"drawn: {number}"\n'
)
WRONG = "def double(x):\n    return 4 if x == 2 else 0"


def message(seed: int) -> str:
    """What the hidden part says of a wrong answer, under a seed."""
    learnt = "return np.array([2.0, 4.0])"  # passes the visible part
    spy = submission(double=learnt, quadruple="return 4 * x")
    return grade(spy, seed=seed).cells[0].message


def test_two_seeds_ask_different_questions_and_one_seed_the_same() -> None:
    """Do seeds 1 and 2 draw other inputs, and seed 1 the same ones again?"""
    first, again, other = message(1), message(1), message(2)
    assert first == again and first != other


def test_each_check_draws_numbers_of_its_own() -> None:
    """Would two checks of one notebook draw different numbers under one seed?"""
    assert derive_cell_seed(1, "double_values") != derive_cell_seed(
        1, "quadruple_values"
    )
    assert derive_cell_seed(1, "double_values") != derive_cell_seed(2, "double_values")


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course whose hidden check tells what it drew; two have handed in the same."""
    course = make_course(tmp_path_factory.mktemp("school"), TELLING)
    build_assignments(course, [NAME])
    (course.root / "course.secret").write_text("5" * 64)
    (course.root / "course.secret").chmod(0o600)
    for student in ("ada", "bob"):
        notebook = nbformat.read(course.release / NAME / "tiny.ipynb", as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
                cell.source = WRONG
        folder = course.submitted / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "tiny.ipynb")
    return course


def drawn(course: Course) -> dict[str, str]:
    """The number that each student's hidden check drew, from the graded notebooks."""
    found = {}
    for path in sorted(course.autograded.glob(f"*/{NAME}/tiny.ipynb")):
        numbers = set(re.findall(r"drawn: (\d+)", path.read_text(encoding="utf-8")))
        assert len(numbers) == 1, path
        found[path.parents[1].name] = numbers.pop()
    return found


def test_students_of_a_class_get_inputs_of_their_own(
    school: Course, tmp_path: Path
) -> None:
    """Are they different for two students, and the same by either way of grading?"""
    other = load_course(shutil.copytree(school.root, tmp_path / "stock"))
    grade_here(school, NAME)
    first = drawn(school)
    assert first.keys() == {"ada", "bob"} and first["ada"] != first["bob"]
    grade_here(school, NAME, force=True)
    assert drawn(school) == first
    nbgrader = str(Path(sys.executable).parent / "nbgrader")
    subprocess.run(
        [nbgrader, "autograde", NAME], cwd=other.root, check=True, timeout=240
    )
    assert drawn(other) == first
