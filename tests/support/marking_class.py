"""A class whose written answers wait for marks: three questions, as many as wanted.

One student is graded; the others' notebooks are made of that one's, so that a class of
120 takes a second and not minutes.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from support.author_course import make_course
from support.judges import grade_here
from support.shared import make_once

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.gradebook import begin_write
from unrolled.gradebook.tables import open_assignment_rows

NAME = "01_tiny"
QUESTIONS = ("why", "where", "when")
LESSON = '''\
# %% [markdown]
# # A lesson

# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double_values" points=87
assert double(2) == 4
### BEGIN HIDDEN TESTS
number = int(rng.integers(100))
assert double(number) == oracle.double(number)
### END HIDDEN TESTS

# %% [markdown]
# ## Why? (5 points)

# %% [markdown] answer="why" points=5
# Because $x + x = 2x$.
#
# **Marking scheme**
# - 2 points: 1 for the sum; 1 for its being
#   twice as much
# - 3 points (proof): a `proof`

# %% [markdown]
# ## Where?

# %% [markdown] answer="where" points=4
# Here.
#
# **Marking scheme**
# - 4 points: a place

# %% [markdown]
# ## When?

# %% [markdown] answer="when" points=4
# Now.
#
# **Marking scheme**
# - 4 points: a time
'''
FIRST = "student000"


def make_student(number: int) -> str:
    """The account of a student of the class."""
    return f"student{number:03}"


def make_marking_class(folder: Path) -> Course:
    """The course, with its first student graded."""
    course = make_course(folder, LESSON)
    course.secret_file.touch(mode=0o600)
    course.secret_file.write_text("3" * 64)
    build_assignments(course, [NAME])
    hand_in(course, FIRST, {name: f"{name}, says {FIRST}" for name in QUESTIONS})
    grade_here(course, NAME)
    return course


def hand_in(course: Course, student: str, answers: dict[str, str]) -> None:
    """Hand in, `answers` by question; one that is not named stays empty."""
    notebook = json.loads((course.release / NAME / "tiny.ipynb").read_text("utf-8"))
    texts = {"double": "def double(x):\n    return 2 * x", **answers}
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        cell["source"] = texts.get(name, cell["source"])
    folder = course.submitted_folder(student, NAME)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timestamp.txt").write_text("2027-02-01 11:00:00 CST")
    (folder / "tiny.ipynb").write_text(json.dumps(notebook))


def copy_class(folder: Path, lines: str = "") -> Course:
    """A copy for a test's own changes; `lines` go to the end of course.toml."""
    shutil.copytree(make_once("marking", make_marking_class), folder)
    with (folder / "course.toml").open("a") as file:
        file.write(lines)
    return load_course(folder)


def add_students(course: Course, answers: dict[str, dict[str, str]]) -> None:
    """More students who are graded, each with answers by question."""
    origin = course.autograded_notebook(FIRST, NAME)
    notebook = json.loads(origin.read_text("utf-8"))
    with open_assignment_rows(course, NAME) as table:
        first = table.find(FIRST)
        assert first is not None
        table.connection.rollback()
        begin_write(table.connection, 30.0)
        for student, texts in answers.items():
            for cell in notebook["cells"]:
                name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
                cell["source"] = texts.get(name, cell["source"])
            path = course.autograded_notebook(student, NAME)
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(notebook), "utf-8")
            rows = table.make(student)
            scores = {name: grade.auto for name, grade in first.grades.items()}
            table.fill(rows.part, scores=scores, comments={}, changed=())
        table.connection.commit()


def add_class(course: Course, count: int) -> list[str]:
    """A class of so many, no two answers equal; all their accounts."""
    students = [make_student(n) for n in range(count)]
    add_students(
        course,
        {s: {q: f"{q}, says {s}" for q in QUESTIONS} for s in students[1:]},
    )
    return students
