"""What students' failed work answers on the same inputs, to see who answers alike.

Hidden inputs differ from student to student. Here the unexplained ones are judged once
more with one seed for the whole class, in the same sandbox, and what the checks say is
kept in ``build/class_report/``. No score comes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from unrolled.assignment import load_material
from unrolled.assignment.seeds import derive_seed
from unrolled.class_report.read_class import read_class
from unrolled.course import Course
from unrolled.course.secret import load_course_secret
from unrolled.errors import UserError
from unrolled.files import write_file
from unrolled.grade.run import JobRunner
from unrolled.grade.scheduling import JudgePool
from unrolled.grade.scheduling.prepare import JobPreparer, PreparedJob

THE_CLASS = ""  # in the place of a student's name, which is never empty


def read_behaviours(course: Course, assignment: str) -> dict[str, dict[str, str]]:
    """What was kept: by student and grade id, what the check says; empty if nothing."""
    return {s: dict(entry["says"]) for s, entry in _read(course, assignment).items()}


def compare_unexplained(
    course: Course,
    assignment: str,
    jobs: int,
    *,
    allow_weak: bool = False,
    step: Callable[[int, int, str], None] = lambda done, total, talk: None,
) -> int:
    """Compare all students with a failure that no misconception explains.

    `jobs` run at once. Raises UserError if this machine cannot run student code safely.
    """
    klass = read_class(course, assignment)
    exercises = {c.grade_id: c.exercise for c in klass.material.source_cells}
    students = [
        student
        for student, work in klass.works.items()
        if any(
            c.passed is False
            and not c.misconception
            and exercises.get(c.grade_id) not in work.not_begun
            for c in work.result.cells
        )
    ]
    with JudgePool(jobs, allow_weak=allow_weak) as judges:
        return compare_behaviours(course, assignment, students, judges, step=step)


def compare_behaviours(
    course: Course,
    assignment: str,
    students: Sequence[str],
    judges: JobRunner,
    *,
    step: Callable[[int, int, str], None] = lambda done, total, talk: None,
) -> int:
    """Judge these students' submissions on one seed and keep what the checks say.

    What has not changed since it was kept is not judged again. Returns how many were
    judged. `step` is told how many are done, of how many, and who was last.
    """
    kept = _read(course, assignment)
    prepared = dict(_prepare(course, assignment, students))
    kept = {s: e for s, e in kept.items() if s in prepared}
    todo = [
        one.job
        for student, one in prepared.items()
        if kept.get(student, {}).get("key") != one.key
    ]
    for done, result in enumerate(judges.run(todo) if todo else (), 1):
        cells = result.details().get("verdict", {}).get("cells", [])
        kept[result.student] = {
            "key": prepared[result.student].key,
            "says": {c["grade_id"]: c["message"] for c in cells if not c["passed"]},
        }
        step(done, len(todo), result.student)
    path = _get_path(course, assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps(kept))
    return len(todo)


def _prepare(
    course: Course, assignment: str, students: Sequence[str]
) -> Iterator[tuple[str, PreparedJob]]:
    preparer = JobPreparer(course, assignment, load_material(course, assignment))
    seed = derive_seed(load_course_secret(course), assignment, THE_CLASS)
    for student in students:
        with suppress(UserError, OSError):  # it cannot be read any more: not compared
            one = preparer.prepare(student)
            yield student, replace(one, job=replace(one.job, seed=seed))


def _read(course: Course, assignment: str) -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        kept = json.loads(_get_path(course, assignment).read_text(encoding="utf-8"))
        return {s: e for s, e in kept.items() if isinstance(e["says"], dict)}
    return {}


def _get_path(course: Course, assignment: str) -> Path:
    return course.build / "class_report" / f"{assignment}.json"
