"""A graded class here, the same class in the stand-in, and a push between them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.author_course import make_course
from support.canvas_stand_in import StandIn
from support.canvas_stand_in_server import Server
from support.cli import own_course
from support.shared import make_once

from unrolled.author.build import build_assignments
from unrolled.canvas.api.course import connect
from unrolled.canvas.api.push import PushOptions, PushReport, plan_push, push_grades
from unrolled.canvas.api.token import Token
from unrolled.course.canvas import CanvasSettings
from unrolled.course.model import Course, load_course

NAME = "01_tiny"
STUDENTS = 3
SECOND = "02_more"
TOKEN = "7~NeverEverShowThisToken0123456789"
MORE = """
[assignments.02_more]
title = "More"
points = 50
"""


def _build_class(root: Path, second: bool) -> None:
    """A built course of one or two assignments, nobody in it."""
    course = make_course(root)
    if second:
        (root / "lessons" / SECOND).mkdir()
        for name in ("tiny.py", "oracle.py"):
            to = "more.py" if name == "tiny.py" else name
            text = (root / "lessons" / NAME / name).read_text()
            (root / "lessons" / SECOND / to).write_text(text)
        toml = root / "course.toml"
        toml.write_text(toml.read_text() + MORE)
        course = load_course(root)
    build_assignments(course, list(course.assignments))


def make_class(root: Path, students: int, second: bool = True) -> Course:
    """A course with graded students s1, s2, ...: n points of 60 and 40 by hand."""
    origin = make_once(f"push-{second}", partial(_build_class, second=second))
    course = load_course(shutil.copytree(origin, root, dirs_exist_ok=True))
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.db.commit = gradebook.db.flush  # one transaction for all
        for number in range(1, students + 1):
            gradebook.add_student(
                f"s{number}", last_name=f"N{number}", lms_user_id=str(number)
            )
        for name in course.assignments:
            _grade(gradebook, name, students)
        del gradebook.db.commit
        gradebook.db.commit()
    for number in range(1, students + 1):
        for name in course.assignments:
            page = course.feedback / f"s{number}" / name
            page.mkdir(parents=True)
            (page / f"{course.assignments[name].notebook}.html").write_text(
                f"<html>feedback for s{number} on {name}</html>"
            )
    return course


def own_class(
    made: Path, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> Course:
    """A copy of a class that knows where Canvas is, and has a token; one stands in it.

    The terminal is 200 columns wide.
    """
    course = own_course(made, folder, monkeypatch)
    with (course.root / "course.toml").open("a", encoding="utf-8") as toml:
        toml.write(f'\n[canvas]\nurl = "{url}"\ncourse = 77\n')
    monkeypatch.setenv("CANVAS_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "200")
    return load_course(course.root)


def _grade(gradebook: Gradebook, name: str, students: int) -> None:
    for number in range(1, students + 1):
        submission = gradebook.add_submission(name, f"s{number}")
        (notebook,) = submission.notebooks
        for grade in notebook.grades:
            if grade.name == "why":
                grade.manual_score = 40
            else:
                grade.auto_score = number % 61
            grade.needs_manual_grade = False


def points(number: int, assignment: str) -> float:
    """What student n has, in points of Canvas."""
    share = (number % 61 + 40) / 100
    return round(share * (50 if assignment == SECOND else 100), 2)


def stand_in(students: int) -> StandIn:
    """The same class in Canvas: assignments 501 and 502, no grade yet."""
    canvas = StandIn(token=TOKEN)
    for number in range(1, students + 1):
        canvas.add_user(
            number, f"N{number}, S", login_id=f"s{number}", sis_user_id=f"S{number}"
        )
    canvas.add_assignment(501, "Tiny")
    canvas.add_assignment(502, "More", points_possible=50.0)
    return canvas


@dataclass(frozen=True)
class Pusher:
    """Pushes of one class to one server, without waiting."""

    course: Course
    server: Server

    def run(
        self,
        names: Sequence[str] = (),
        wish: PushOptions = PushOptions(comment="Well done.", feedback=True),  # noqa: B008
    ) -> PushReport:
        """One push, from the first request to the last."""
        place = CanvasSettings(self.server.url, self.server.canvas.number)
        remote = connect(place, Token(TOKEN), self.server.canvas.bucket.wait)
        plan = plan_push(
            self.course, remote, list(names or self.course.assignments), wish
        )
        return push_grades(self.course, remote, plan)


def forget(course: Course) -> None:
    """Lose the journal."""
    for path in (course.root / "canvas-records").glob("sent.jsonl"):
        path.unlink()


def cells(students: int, course: Course) -> Iterator[tuple[str, int, int, str]]:
    """(key of the state, student, assignment number, assignment)."""
    for number in range(1, students + 1):
        for canvas_id, name in zip((501, 502), course.assignments, strict=False):
            yield f"{canvas_id}/{number}", number, canvas_id, name


def is_whole(canvas: StandIn, course: Course, students: int = STUDENTS) -> bool:
    """Every grade right; one comment with one page for each; nothing else."""
    state = canvas.state()
    expected = set()
    for key, number, _, name in cells(students, course):
        expected.add(key)
        score, excused, comments = state[key]
        page = f"<html>feedback for s{number} on {name}</html>".encode()
        assert score == points(number, name) and not excused
        assert len(comments) == 1, comments
        text, files = comments[0]
        assert files == [page] and text.startswith("Well done.\n")
    return state.keys() == expected
