"""A written answer is never silently 0, wherever it stands in the notebook."""

from __future__ import annotations

import base64
import copy
import io
import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from support.author_course import ROOT, make_course
from support.gradebook_dump import dump
from support.judges import grade_here
from support.stock_autograde import NAME, stock

from unrolled.assignment.cells import read_cells, read_sources
from unrolled.assignment.load import load_material
from unrolled.author.build import build_assignments
from unrolled.author.verify.cases import make_solved_notebook
from unrolled.course.model import Course, load_course
from unrolled.grade.results import GradeReport
from unrolled.grade.submission.rebuild import rebuild_submission

Cells = list[dict[str, Any]]
WORDS = "Because a sum of two equals is twice one of them."
CODE = "def double(x):\n    return 2 * x"
LESSON = '''\
# %% [markdown]
# # A lesson
#
# Doubling, with $2x$.

# %%
import numpy as np


# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double_values" points=40
assert double(2) == 4

# %% [markdown]
# ### Question 1 (20 points)
#
# Why is it right?

# %% [markdown] answer="why" points=20
# Because.
#
# **Marking scheme**
# - 20 points: a reason

# %% show=true
print(double(21))

# %% [markdown]
# ## 2. What it is good for
#
# A section that asks for nothing.

# %% check="double_zero" points=20
assert double(0) == 0

# %% [markdown]
# ### Question 2 (20 points)
#
# What is it good for?

# %% [markdown] answer="what" points=20
# Everything.
#
# **Marking scheme**
# - 20 points: a reason

# %% [markdown]
# ## Summary
#
# That was it.
'''


def find(cells: Cells, name: str) -> int:
    """The place of the cell with a grade id."""
    return next(
        i
        for i, c in enumerate(cells)
        if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def own(source: str, kind: str = "markdown", **more: Any) -> dict[str, Any]:
    """A cell as somebody adds it: no names, no metadata."""
    made = {"cell_type": kind, "id": f"new-{len(source)}", "metadata": {}, **more}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made | {"source": source}


def forget(cells: Cells) -> None:
    """All names gone, as after Colab or Kaggle."""
    for number, cell in enumerate(cells):
        cell["metadata"], cell["id"] = {}, f"colab{number}"


def pasted(cells: Cells) -> None:
    cells[find(cells, "why")] = own(WORDS)


def typed_below(cells: Cells) -> None:
    cells.insert(find(cells, "why") + 1, own(WORDS))


def typed_above(cells: Cells) -> None:
    cells.insert(find(cells, "why"), own(WORDS))


def in_several_cells(cells: Cells) -> None:
    below = find(cells, "why") + 1
    cells[below:below] = [own("Because a sum of two equals"), own("is twice one.")]


def typed_as_code(cells: Cells) -> None:
    cells.insert(find(cells, "why") + 1, own(WORDS, "code"))


def typed_as_raw(cells: Cells) -> None:
    cells.insert(find(cells, "why") + 1, own(WORDS, "raw"))


def a_program(cells: Cells) -> None:
    cells.insert(find(cells, "why") + 1, own("print(double(1) + 1)", "code"))


def below_the_figure(cells: Cells) -> None:
    cells.insert(find(cells, "why") + 2, own(WORDS))


def into_the_question(cells: Cells) -> None:
    cells[find(cells, "why") - 1]["source"] += f"\n\n{WORDS}"


def merged_with_the_question(cells: Cells) -> None:
    place = find(cells, "why")
    cells[place - 1]["source"] += f"\n\n{WORDS}"
    del cells[place]


def nameless(cells: Cells) -> None:
    cells[find(cells, "why")]["source"] = WORDS
    forget(cells)


def nameless_and_pasted(cells: Cells) -> None:
    cells.insert(find(cells, "why") + 1, own(WORDS))
    forget(cells)


def nameless_with_other_blanks(cells: Cells) -> None:
    cells[find(cells, "why")]["source"] = WORDS
    forget(cells)
    for cell in cells:
        cell["source"] = "".join(f"{x}  \r\n" for x in cell["source"].split("\n"))


def under_its_title_at_the_end(cells: Cells) -> None:
    cells.append(own(f"Answer to question 1\n\n{WORDS}"))


def right_above_the_question(cells: Cells) -> None:
    cells.insert(find(cells, "why") - 1, own(WORDS))


def above_everything(cells: Cells) -> None:
    cells.insert(0, own(WORDS))


def as_code_at_the_end(cells: Cells) -> None:
    cells.append(own(WORDS, "code"))


def as_a_comment_at_the_end(cells: Cells) -> None:
    cells.append(own(f"# {WORDS}", "code"))


def as_a_string_above_everything(cells: Cells) -> None:
    cells.insert(0, own(f"answer = '{WORDS}'", "code"))


def in_the_other_answer(cells: Cells) -> None:
    cells[find(cells, "what")]["source"] = f"Q1: {WORDS}\n\nQ2: for pairs."


def in_a_list_in_the_other_answer(cells: Cells) -> None:
    cells[find(cells, "what")]["source"] = f"1. {WORDS}\n2. For pairs."


def a_copy_of_the_question(cells: Cells) -> None:
    place = find(cells, "why")
    cells[place - 1 : place + 1] = [own(f"### Question 1 (20 points)\n\n{WORDS}")]


def instead_of_both(cells: Cells) -> None:
    place = find(cells, "why")
    cells[place - 1 : place + 1] = [own(WORDS)]


def picture() -> dict[str, Any]:
    """An attachment as Jupyter names every one that is pasted."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    return {"image.png": {"image/png": base64.b64encode(buffer.getvalue()).decode()}}


def a_photograph(cells: Cells) -> None:
    """Two pasted pictures have the same name in Jupyter."""
    place = find(cells, "why") + 1
    for _ in range(2):
        said = "![twice](attachment:image.png)"
        cells.insert(place, own(said, attachments=picture()))


def only_the_picture(cells: Cells) -> None:
    cells[find(cells, "why")]["attachments"] = picture()


MOVED: dict[str, Callable[[Cells], None]] = {
    made.__name__: made
    for made in (
        *(pasted, typed_below, typed_above, in_several_cells, typed_as_code),
        *(typed_as_raw, a_program, below_the_figure, into_the_question),
        *(merged_with_the_question, nameless, nameless_and_pasted),
        *(nameless_with_other_blanks, under_its_title_at_the_end),
        *(a_copy_of_the_question, instead_of_both, a_photograph, only_the_picture),
        *(right_above_the_question, above_everything, as_code_at_the_end),
        *(as_a_comment_at_the_end, as_a_string_above_everything),
        *(in_the_other_answer, in_a_list_in_the_other_answer),
    )
}
# What the student's own code says stays there, too; one answer may hold both.
TWICE = {"a_program", "as_a_comment_at_the_end", "as_a_string_above_everything"}
SHARED = {"in_the_other_answer", "in_a_list_in_the_other_answer"}


def untouched(cells: Cells) -> None:
    """Nothing is written, and nothing lost."""


def untouched_and_nameless(cells: Cells) -> None:
    forget(cells)


def deleted(cells: Cells) -> None:
    del cells[find(cells, "why")]


def a_note_in_another_section(cells: Cells) -> None:
    cells.insert(find(cells, "double_zero"), own("I did not understand this."))


def programs_at_the_edges(cells: Cells) -> None:
    cells.insert(0, own("import math", "code"))
    cells.append(own("# this is my try of it\nprint(double(3))", "code"))


EMPTY: dict[str, Callable[[Cells], None]] = {
    made.__name__: made
    for made in (
        *(untouched, untouched_and_nameless, deleted),
        *(a_note_in_another_section, programs_at_the_edges),
    )
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Course]:
    """Everybody's work graded by `unrolled grade`, and by stock nbgrader."""
    course = make_course(tmp_path_factory.mktemp("answers") / "course", LESSON)
    build_assignments(course, [NAME])
    course.secret_file.touch(mode=0o600)
    course.secret_file.write_text("0" * 64)
    for student, change in {**MOVED, **EMPTY}.items():
        hand_in(course, student, change)
    other = load_course(shutil.copytree(course.root, course.root.parent / "stock"))
    assert grade_here(course, NAME).ungraded == ()
    done = stock(other, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    return course, other


def hand_in(course: Course, student: str, change: Callable[[Cells], None]) -> None:
    """A solved notebook whose second answer is written, and whose first is moved."""
    notebook = json.loads((course.release / NAME / "tiny.ipynb").read_text())
    cells = copy.deepcopy(notebook["cells"])
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    cells[find(cells, "double")]["source"] = CODE
    cells[find(cells, "what")]["source"] = "For everything that comes in pairs."
    change(cells)
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True)
    document = json.dumps({**notebook, "cells": cells})
    (folder / "tiny.ipynb").write_text(document)


def grades(course: Course, student: str, name: str) -> tuple[Any, ...]:
    """Automatic score and whether a mark is waited for, from the gradebook's rows."""
    part = (
        f"part:submission:assignment:{NAME}/{student}/notebook:assignment:{NAME}/tiny"
    )
    rows = [row for row in dump(course)["grade"] if part in row]
    (row,) = (r for r in rows if str(r[2]).endswith(f"/tiny/{name}"))
    return row[3], row[-1]


def autograded(course: Course, student: str) -> Cells:
    """The cells that the marker sees."""
    path = course.autograded / student / NAME / "tiny.ipynb"
    cells: Cells = json.loads(path.read_text())["cells"]
    return cells


@pytest.mark.parametrize("student", MOVED)
def test_an_answer_beside_its_cell_waits_for_a_mark(
    graded: tuple[Course, Course], student: str
) -> None:
    """Is it asked for in both gradebooks, and does its text stand in the cell?"""
    for course in graded:
        assert grades(course, student, "why") == (None, True)
        cells = autograded(course, student)
        text = "".join(cells[find(cells, "why")]["source"])
        told = {"a_photograph": "attachment:image.png", "a_program": "double(1) + 1"}
        told |= {"only_the_picture": "attachment:", "in_several_cells": "is twice one"}
        assert told.get(student, WORDS) in text
        everything = "".join("".join(c["source"]) for c in cells)
        assert student in TWICE | SHARED or everything.count(WORDS) <= 1
        what = "".join(cells[find(cells, "what")]["source"])
        assert "pairs" in what and (WORDS in what) == (student in SHARED)


@pytest.mark.parametrize("student", EMPTY)
def test_only_where_nothing_was_written_is_it_0(
    graded: tuple[Course, Course], student: str
) -> None:
    """Does an answer that nobody gave cost a marker no time?"""
    for course in graded:
        assert grades(course, student, "why") == (0, False)


def test_both_ways_leave_the_same_gradebook(graded: tuple[Course, Course]) -> None:
    """Are all rows of `unrolled grade` those of `nbgrader autograde`?"""
    ours, theirs = graded
    assert dump(ours) == dump(theirs)


@pytest.mark.parametrize("student", [*MOVED, *EMPTY])
def test_nothing_else_is_lost_on_the_way(
    graded: tuple[Course, Course], student: str
) -> None:
    """Do code and the other answer count, also where all names are gone?"""
    for course in graded:
        assert grades(course, student, "double_values") == (40, False)
        assert grades(course, student, "double_zero") == (20, False)
        assert grades(course, student, "what") == (None, True)


def test_all_pasted_pictures_are_shown(graded: tuple[Course, Course]) -> None:
    """Do two pictures of one name both come with the answer?"""
    cells = autograded(graded[0], "a_photograph")
    answer = cells[find(cells, "why")]
    assert len(answer["attachments"]) == 2
    text = "".join(answer["source"])
    assert all(f"(attachment:{name})" in text for name in answer["attachments"])


def test_the_marker_is_told(graded: tuple[Course, Course]) -> None:
    """Does the result say that the answer was moved, in one line?"""
    report: GradeReport = grade_here(graded[0], NAME, ["pasted", "nameless"])
    told = {s.student: s.repairs for s in report.submissions}
    assert [r for r in told["pasted"] if "why" in r and "waits for a mark" in r]
    assert len(told["nameless"]) <= 2


LESSONS = sorted(p.parent.name for p in (ROOT / "release").glob("*/*.ipynb"))


@pytest.mark.parametrize("change", ["nameless", "pasted", "typed_below"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_every_answer_of_every_lesson_is_found(lesson: str, change: str) -> None:
    """Does each text come to its own question in the notebooks of this course?"""
    material = load_material(load_course(ROOT), lesson)
    notebook = copy.deepcopy(make_solved_notebook(material, {}))
    cells, names = [], []
    for released, cell in zip(material.release_cells, notebook["cells"], strict=True):
        text = f"What I think of {released.grade_id}."
        if released.role == "answer" and change == "nameless":
            cell["source"] = text
        cells.append(cell)
        if released.role == "answer":
            names.append(released.grade_id)
            if change == "pasted":
                cells.pop()
            if change != "nameless":
                cells.append(own(text))
    if change == "nameless":
        forget(cells)
    rebuilt = rebuild_submission(material, {**notebook, "cells": cells})
    there = {c.grade_id: c.source for c in read_cells(rebuilt.notebook)}
    assert names and all(there[n] == f"What I think of {n}." for n in names)
    assert len(rebuilt.notebook["cells"]) == len(material.release["cells"])
    for name in read_sources(material.source_cells, "exercise"):
        assert "NotImplementedError" not in there[name]
