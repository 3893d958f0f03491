"""One comment for a cluster of the class report: once each, and taken back again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.cli import Call
from support.gradebook_dump import dump
from support.judges import grade_here
from support.rich_class import (
    HALF,
    IN_TIME,
    NAME,
    RIGHT,
    hand_in,
    make_rich_class,
)
from support.shared import make_once

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.feedback.generate import generate_feedback

CATALOGUE = '''\
"""A mistake."""

from unrolled.assignment.catalogue import misconception


@misconception("quadruple", fails="quadruple_large", hint="Large numbers, too.")
def only_small(x):
    """Stops at nine."""
    return 4 * x if x < 9 else 0
'''
TEXT = "Look at *large* numbers."
WRONG = {**RIGHT, "double": "def double(x):\n    return 2 * x if x < 50 else 7"}


def make_cluster_class(folder: Path) -> Course:
    """`bob` and `dan` make the mistake of the catalogue, `eve` one of her own."""
    course = make_rich_class(folder)
    (course.lessons / NAME / "misconceptions.py").write_text(CATALOGUE)
    build_assignments(course, [NAME])
    hand_in(course, "dan", HALF, IN_TIME)
    hand_in(course, "eve", WRONG, IN_TIME)
    grade_here(course, NAME, force=True)
    return course


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The class; one stands in it."""
    made = make_once("cluster", make_cluster_class)
    course = load_course(shutil.copytree(made, tmp_path / "course"))
    monkeypatch.chdir(course.root)
    return course


def read_comments(course: Course, exercise: str = "quadruple") -> dict[str, str]:
    """What people have written, by student; nbgrader reads it."""
    with Gradebook(course.db_url, course.id) as gradebook:
        found = {
            s.student.id: gradebook.find_comment(exercise, "tiny", NAME, s.student.id)
            for s in gradebook.assignment_submissions(NAME)
        }
        return {s: c.manual_comment for s, c in found.items() if c.manual_comment}


def write_by_hand(course: Course, student: str, text: str) -> None:
    with Gradebook(course.db_url, course.id) as gradebook:
        comment = gradebook.find_comment("quadruple", "tiny", NAME, student)
        comment.manual_comment = text
        gradebook.db.commit()


@pytest.mark.parametrize("question", ["quadruple", "quadruple_large"])
def test_all_of_the_cluster_and_nobody_else(
    course: Course, call: Call, question: str
) -> None:
    """By exercise or by check: who makes the mistake, and no one twice?"""
    write_by_hand(course, "bob", "From me.\n\nAnd more.")
    told = call("comment", NAME, question, TEXT, "--cluster", "only_small")
    assert told.code == 0 and "2 students get the comment on quadruple" in told.out
    comments = read_comments(course)
    assert comments == {"bob": f"From me.\n\nAnd more.\n\n{TEXT}", "dan": TEXT}
    before = dump(course)
    told = call("comment", NAME, question, TEXT, "--cluster", "only_small")
    assert "0 students" in told.out and "2 have it already: bob, dan" in told.out
    assert dump(course) == before


def test_it_is_seen_before_it_is_written(course: Course, call: Call) -> None:
    """Does --dry-run name the same students, and write nothing?"""
    before, copies = dump(course), set((course.build / "backups").iterdir())
    options = ("--cluster", "only_small", "--dry-run", "--json")
    document = json.loads(call("comment", NAME, "quadruple", TEXT, *options).out)
    assert document["changed"] == ["bob", "dan"] and document["dry_run"]
    assert dump(course) == before
    assert set((course.build / "backups").iterdir()) == copies


def test_it_is_taken_back(course: Course, call: Call) -> None:
    """From everybody, and what somebody has written beside it stays?"""
    before = dump(course)
    write_by_hand(course, "bob", "From me.")
    call("comment", NAME, "quadruple", TEXT, "--cluster", "only_small")
    call("comment", NAME, "quadruple", TEXT, "--remove", "--dry-run")
    assert len(read_comments(course)) == 2
    told = call("comment", NAME, "quadruple", TEXT, "--remove")
    assert "2 students lose the comment" in told.out
    assert read_comments(course) == {"bob": "From me."}
    write_by_hand(course, "bob", "")
    told = call("comment", NAME, "quadruple", TEXT, "--remove")
    assert told.code == 2 and "nobody has this comment" in told.err
    rows = dump(course)
    assert {**rows, "comment": None} == {**before, "comment": None}


def test_of_those_whom_no_misconception_explains(course: Course, call: Call) -> None:
    """By one of them, as the report names the cluster?"""
    assert "@eve" in call("report", NAME).out
    told = call("comment", NAME, "double", TEXT, "--cluster", "@eve")
    assert told.code == 0 and read_comments(course, "double") == {"eve": TEXT}
    told = call("comment", NAME, "quadruple", TEXT, "--cluster", "@bob")
    assert told.code == 2  # his is explained


def test_it_stands_on_the_page_and_outlives_a_grading(
    course: Course, call: Call
) -> None:
    """As Markdown, with the mistake, after `grade --force`?"""
    call("comment", NAME, "quadruple", TEXT, "--cluster", "only_small")
    grade_here(course, NAME, ["bob"], force=True)
    assert read_comments(course)["bob"] == TEXT
    generate_feedback(course, NAME, ["bob", "ada"])
    page = course.feedback_page("bob", NAME).read_text("utf-8")
    assert "Look at <em>large</em> numbers." in page
    assert "large</em>" not in course.feedback_page("ada", NAME).read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("quadruple", TEXT, "--cluster", "none"), "There: only_small."),
        (("why", TEXT, "--cluster", "only_small"), "Exercises with clusters: quad"),
        (("quadruple", "  ", "--cluster", "only_small"), "the comment is empty"),
        (("quadruple", TEXT), "either --cluster"),
        (("quadruple", TEXT, "--cluster", "x", "--remove"), "either --cluster"),
        (("triple", TEXT, "--remove"), "no exercise triple: "),
    ],
)
def test_mistakes_are_told(
    course: Course, call: Call, words: tuple[str, ...], said: str
) -> None:
    """With what there is, and nothing written?"""
    before = dump(course)
    told = call("comment", NAME, *words)
    assert told.code == 2 and said in " ".join(told.err.split())
    assert dump(course) == before
