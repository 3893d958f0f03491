"""Four assistants mark at once: nothing twice, nothing lost, in both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from support.gradebook_dump import dump
from support.marking_class import NAME, QUESTIONS, add_class, copy_class
from support.postgresql import Server, needs_postgresql, server

from unrolled.course.model import Course, load_course
from unrolled.gradebook import open_gradebook
from unrolled.gradebook.postgresql import move_gradebook
from unrolled.marking import (
    AnswerBook,
    Mark,
    Marker,
    MarkingRefusedError,
    find_question,
)

STUDENTS = 120
ASSISTANTS = ("ann", "bob", "cyd", "dan")
PATIENCE = 300.0


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A server."""
    with server() as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def course(request: pytest.FixtureRequest, tmp_path: Path) -> Course:
    """A class of 120 in either database, with 360 answers that wait."""
    made = copy_class(tmp_path / "course")
    add_class(made, STUDENTS)
    return move(made, request) if request.param == "postgresql" else made


def move(course: Course, request: pytest.FixtureRequest) -> Course:
    found: Server = request.getfixturevalue("postgresql")
    name = f"marking_{course.root.parent.name}"[-50:]
    with (course.root / "course.toml").open("a") as file:
        file.write(f'\n[grading]\ndatabase = "{found.create(name)}"\n')
    made = load_course(course.root)
    move_gradebook(made)
    return made


def open_marker(course: Course, question: str, who: str) -> Marker:
    return Marker(
        course=course,
        assignment=NAME,
        question=find_question(course, NAME, question),
        book=AnswerBook(course, NAME),
        who=who,
    )


class Day:
    """Assistants at work; the rubric of the first question changes in the middle."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.written: Counter[tuple[str, str]] = Counter()
        self.refused = 0
        self.middle = threading.Event()
        self.lock = threading.Lock()

    def work(self, who: str) -> None:
        """Mark until nothing is left: whoever saw no more is done."""
        for question in QUESTIONS:
            marker = open_marker(self.course, question, who)
            while key := marker.claim_next():
                self.mark(marker, key)

    def mark(self, marker: Marker, key: str) -> None:
        state = marker.read()
        group = state.find(key)
        assert group is not None
        item = state.rubric.items[0].id
        mark = Mark(items=(item,), comment=f"by {marker.who}")
        try:
            group = marker.mark(key, mark, seen=group.state)
        except MarkingRefusedError:
            with self.lock:
                self.refused += 1
            return
        with self.lock:
            for member in group.members:
                self.written[marker.question.name, member.student] += 1
            if sum(self.written.values()) > STUDENTS // 2:
                self.middle.set()

    def change_rubric(self) -> None:
        """The first item of the first question is worth half a point from now on."""
        assert self.middle.wait(PATIENCE)
        marker = open_marker(self.course, QUESTIONS[0], "prof")
        rubric = marker.read().rubric
        first = replace(rubric.items[0], points=0.5, says="Half.")
        marker.apply_rubric(replace(rubric, items=(first, *rubric.items[1:])))


def test_nothing_twice_and_nothing_lost(course: Course) -> None:
    """360 answers, and a rubric that changes while they are marked: is each marked
    once, and does each mark have the points and the words of the changed item?"""
    day = Day(course)
    with ThreadPoolExecutor(len(ASSISTANTS) + 1) as people:
        jobs = [people.submit(day.work, who) for who in ASSISTANTS]
        jobs.append(people.submit(day.change_rubric))
        for job in jobs:
            job.result(PATIENCE)
    assert len(day.written) == 3 * STUDENTS and set(day.written.values()) == {1}
    assert day.refused == 0
    with open_gradebook(course) as gradebook:
        found = {
            (name, submission.student.id): (
                gradebook.find_grade(name, "tiny", NAME, submission.student.id),
                gradebook.find_comment(name, "tiny", NAME, submission.student.id),
            )
            for submission in gradebook.assignment_submissions(NAME)
            for name in QUESTIONS
        }
        assert len(found) == 3 * STUDENTS
        for (name, _), (grade, comment) in found.items():
            assert not grade.needs_manual_grade
            assert grade.manual_score == (0.5 if name == QUESTIONS[0] else 4.0)
            assert ("- Half." in comment.manual_comment) == (name == QUESTIONS[0])
    read = open_marker(course, QUESTIONS[0], "prof").read()
    assert (read.marked, read.total) == (STUDENTS, STUDENTS)
    assert {m.record.by for m in read.members if m.record} <= set(ASSISTANTS)


@needs_postgresql
def test_marks_move_to_postgresql(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Rubric, what marks are made of, and nbgrader's rows: all of it there?"""
    made = copy_class(tmp_path / "course")
    add_class(made, 3)
    marker = open_marker(made, "why", "ann")
    key = marker.claim_next()
    assert key is not None
    group = marker.read().find(key)
    assert group is not None
    marker.mark(key, Mark(items=(1,)), seen=group.state)
    marker.apply_rubric(marker.read().rubric)
    before, rows = marker.read(), dump(made)
    after = open_marker(moved := move(made, request), "why", "ann").read()
    assert after == replace(before, groups=after.groups) and dump(moved) == rows
    assert [g.record for g in after.groups] == [g.record for g in before.groups]
