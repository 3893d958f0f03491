"""A regrade in both databases, and beside a marker and a grader at work."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.gradebook_dump import dump
from support.judges import Here
from support.postgresql import Server, needs_postgresql, server
from support.rich_class import NAME

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.gradebook import open_gradebook
from unrolled.gradebook.postgresql import move_gradebook
from unrolled.regrade import Rules, apply_regrade, plan_regrade, undo_regrade

FORK = multiprocessing.get_context("fork")
PATIENCE = 300.0
ROUNDS = 5


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A server."""
    with server() as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def course(
    request: pytest.FixtureRequest, rich_class: Course, tmp_path: Path
) -> Course:
    """The class in either database, with a test that nobody passes any more."""
    root = shutil.copytree(rich_class.root, tmp_path / "course")
    if request.param == "postgresql":
        found: Server = request.getfixturevalue("postgresql")
        name = f"regrade_{tmp_path.name}"[-50:]
        toml = root / "course.toml"
        line = f'\n[grading]\ndatabase = "{found.create(name)}"\n'
        toml.write_text(toml.read_text() + line)
        move_gradebook(load_course(root))
    course = load_course(root)
    (lesson,) = course.lessons.glob("*/tiny.py")
    lesson.write_text(
        lesson.read_text().replace("double(100) == 200", "double(1) == 3")
    )
    build_assignments(course, [NAME])
    return course


def regrade(course: Course, rules: Rules) -> None:
    plan = plan_regrade(course, NAME, rules, judges=Here())
    apply_regrade(course, plan, who="prof", why="", judges=Here())


@pytest.mark.parametrize(
    "rules", [Rules(), Rules(never_lower=True), Rules(give=("double_large",))], ids=str
)
def test_undone_it_never_was(course: Course, rules: Rules) -> None:
    """Is the gradebook the same, row by row, in either database?"""
    before = dump(course)
    regrade(course, rules)
    undo_regrade(course, NAME, 1, who="prof")
    assert dump(course) == before


def mark_again(course: Course, begun: Any, enough: Any) -> None:
    """A marker in formgrader, who marks and comments on every answer."""
    number = 0
    while not enough.is_set() or number < ROUNDS:
        with open_gradebook(course) as gradebook:
            for part in gradebook.notebook_submissions("tiny", NAME):
                for grade in part.grades:
                    if grade.name == "why":
                        grade.manual_score = float(number % 40)
                for comment in part.comments:
                    comment.manual_comment = f"round {number}"
            gradebook.db.commit()
        begun.set()
        number += 1


def test_beside_a_marker_no_mark_is_lost(course: Course) -> None:
    """Do marks and comments that come in between survive regrades and their undoing?"""
    begun, enough = FORK.Event(), FORK.Event()
    marker = FORK.Process(target=mark_again, args=(course, begun, enough))
    marker.start()
    try:
        assert begun.wait(PATIENCE)
        for number in range(1, 4):
            regrade(course, Rules())
            report = undo_regrade(course, NAME, number, who="prof")
            assert report.left == {} and report.marked == {}
    finally:
        enough.set()
        marker.join(PATIENCE)
        marker.kill()
    assert marker.exitcode == 0
    tables = dump(course)
    answers = [row for row in tables["grade"] if "why" in str(row)]
    assert len({row[3] for row in answers}) == 1  # all of the last round
    assert len(answers) == 4
