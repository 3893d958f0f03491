"""Grading with judges in this process, for tests that are not about judges' processes.

Judges of their own cost five seconds of processor time for two submissions; here the
warm process of the tests serves all of them. The way is the same in everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from unrolled.course.model import Course
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.results import GradeReport
from unrolled.grade.run import grade
from unrolled.grade.scheduling.job import GradingJob, JobResult, grade_job


@dataclass
class Here:
    """Judges without a process of their own; `asked` are the jobs that came.

    `before` is called when the first job has come, and nothing is written yet.
    """

    before: Callable[[], None] = lambda: None
    asked: list[GradingJob] = field(default_factory=list)

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def run(self, jobs: Iterable[GradingJob]) -> Iterator[JobResult]:
        """One after the other."""
        self.asked += list(jobs)
        done = [grade_job(job, select_trusted_worker()) for job in self.asked]
        self.before()
        yield from done


def grade_here(
    course: Course, assignment: str, students: Sequence[str] = (), **options: Any
) -> GradeReport:
    """`grade`, with its options, where the judge's process is not what is tested."""
    return grade(course, assignment, students, judges=Here(), **options)
