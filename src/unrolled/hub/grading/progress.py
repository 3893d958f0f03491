"""Count how far a class is: in the exchange, the course folder and the gradebook."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path

from nbgrader.utils import notebook_hash

from unrolled.course import Course
from unrolled.gradebook.read import read_progress_rows
from unrolled.hub.exchange.collect_report import (
    CollectReport,
    read_collected_time,
    read_report,
)
from unrolled.hub.exchange.read_submission import SubmissionRefusedError, parse_entry


@dataclass(frozen=True, kw_only=True)
class ClassProgress:
    """Numbers of students, and whether the assignment is released to them.

    `fresh`: handed in since the last collection; `to_grade`: collected, and not graded
    as collected; `waiting`: for marks by hand; `pages`: with a feedback page that shows
    the present grading; `out`: whose present page is released.
    """

    released: bool = False
    handed_in: int = 0
    fresh: int = 0
    collected: int = 0
    graded: int = 0
    to_grade: int = 0
    waiting: int = 0
    pages: int = 0
    out: int = 0


def count_progress(course: Course, exchange: Path) -> dict[str, ClassProgress]:
    """The progress of each assignment; `exchange`: the course's folder there."""
    rows = read_progress_rows(course)
    graded = {(r.assignment, r.student): (r.timestamp, r.waits) for r in rows}
    inbound = _list_inbound(exchange / "inbound", course.timezone)
    progress = {}
    for name in course.assignments:
        mine = {s: g for (a, s), g in graded.items() if a == name}
        counts = _count_assignment(course, name, inbound.get(name, {}), mine)
        pages = dict(_list_pages(course, name))
        progress[name] = replace(
            counts,
            released=(exchange / "outbound" / name).is_dir(),
            pages=len(pages),
            out=sum(_is_released(p, exchange / "feedback") for p in pages.values()),
        )
    return progress


# Names and times of folders in the inbound folder.
Entries = list[tuple[str, datetime]]
# When the submission was handed in that is graded, and whether it waits for marks.
Grade = tuple[datetime | None, bool]


def _count_assignment(
    course: Course,
    name: str,
    inbound: Mapping[str, Entries],
    graded: Mapping[str, Grade],
) -> ClassProgress:
    """What students have handed in, and how far it is graded."""
    zone = course.timezone
    collected = {
        student: read_collected_time(folder, zone)
        for student, folder in _list_students(course.submitted, name)
    }
    report = read_report(course.root, name)
    current = {
        student
        for student, time in collected.items()
        if student in graded and graded[student][0] in (time, None)
    }
    return ClassProgress(
        handed_in=len(inbound),
        fresh=sum(_is_fresh(e, collected.get(s), report) for s, e in inbound.items()),
        collected=len(collected),
        graded=len(graded),
        to_grade=len(collected.keys() - current),
        waiting=sum(waits for _, waits in graded.values()),
    )


def _list_inbound(folder: Path, zone: tzinfo) -> dict[str, dict[str, Entries]]:
    """The entries by assignment and student, as their names say."""
    inbound: dict[str, dict[str, Entries]] = {}
    names: list[str] = []
    with suppress(OSError):
        names = os.listdir(folder)  # noqa: PTH208 (names alone, of many)
    for name in names:
        with suppress(SubmissionRefusedError):
            entry = parse_entry(name, zone)
            students = inbound.setdefault(entry.assignment, {})
            students.setdefault(entry.student, []).append((name, entry.claimed))
    return inbound


def _is_fresh(
    entries: Entries, collected: datetime | None, report: CollectReport | None
) -> bool:
    """Whether something came in that no collection has looked at."""
    # What was refused, or got another time, would otherwise look new for ever.
    remarks = [*report.refused, *report.notes] if report else []
    seen = {remark.entry for remark in remarks}
    times = [time for name, time in entries if name not in seen]
    return any(collected is None or time > collected for time in times)


def _list_students(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in folder.glob(f"*/{name}"):
        if path.is_dir():
            yield path.parent.name, path


def _list_pages(course: Course, name: str) -> Iterator[tuple[str, Path]]:
    """The feedback page of each student that shows the grading of now."""
    for student, _ in _list_students(course.feedback, name):
        page = course.feedback_page(student, name)
        graded = course.autograded_notebook(student, name)
        # A page older than the grading shows marks that have changed since.
        if _get_mtime(page) and _get_mtime(page) >= _get_mtime(graded):
            yield student, page


def _is_released(page: Path, released: Path) -> bool:
    # nbgrader names the released page after the submission's secret.
    try:
        secret = (page.parent / "submission_secret.txt").read_text(encoding="utf-8")
        name = notebook_hash(secret=secret, notebook_id=page.stem)
    except (OSError, ValueError, AssertionError):
        return False
    return _get_mtime(released / f"{name}.html") >= _get_mtime(page)


def _get_mtime(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
