"""`unrolled grade`: all submissions of an assignment, many at once.

Judges work in processes of their own; results are kept, and one writer puts them
into nbgrader's gradebook. One bad submission never stops the others, and a run
that was killed goes on where it stopped.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from unrolled.assignment import Material, load_material, read_sources
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.results import GradeReport, SubmissionResult
from unrolled.grade.scheduling import JudgePool
from unrolled.grade.scheduling.cache import ResultCache
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.prepare import JobPreparer, PreparedJob
from unrolled.grade.stored_results import build_result
from unrolled.grade.warm import find_warm_judges
from unrolled.grade.writer import GradebookWriter
from unrolled.gradebook import backup_gradebook
from unrolled.gradebook.open import read_check_sources
from unrolled.processes import count_processors

Progress = Callable[[SubmissionResult], None]


class JobRunner(AbstractContextManager["JobRunner"], Protocol):
    """Somebody who grades jobs: a result for each, in any order."""

    def run(self, jobs: Iterable[GradingJob]) -> Iterator[JobResult]:
        """Grade all jobs."""


def list_submitted_students(course: Course, assignment: str) -> list[str]:
    """The students who have handed in `assignment`, sorted."""
    folders = course.submitted.glob(f"*/{assignment}")
    return sorted(f.parent.name for f in folders if f.is_dir())


def grade(
    course: Course,
    assignment: str,
    students: Sequence[str] = (),
    *,
    force: bool = False,
    progress: Progress = lambda _: None,
    jobs: int | None = None,
    allow_weak: bool = False,
    scheduler: str | None = None,
    judges: JobRunner | None = None,
) -> GradeReport:
    """Grade the submissions of an assignment, `jobs` at once.

    Without `force`, a submission that is graded and has not changed is only
    reported. With `scheduler`, the address of a Dask scheduler, its workers grade;
    with `judges`, these do, and stay for the next assignment.
    Raises UserError if the course or this machine is not ready.
    """
    began = time.monotonic()
    material = require_ready(course, assignment)
    chosen = _choose_students(course, assignment, students)
    backup_gradebook(course)
    with GradebookWriter(course, assignment) as writer:
        run = _GradingRun(
            course=course,
            assignment=assignment,
            writer=writer,
            progress=progress,
            force=force,
        )
        own = partial(make_runner, course, material, allow_weak=allow_weak)
        with nullcontext(judges) if judges else own(scheduler, jobs) as pool:
            run.judge_all(material, chosen, pool)
    results = tuple(sorted(run.results, key=lambda r: r.student))
    return GradeReport(assignment, time.monotonic() - began, results)


def make_runner(
    course: Course,
    material: Material,
    scheduler: str | None = None,
    jobs: int | None = None,
    *,
    allow_weak: bool = False,
) -> JobRunner:
    """Judges on the machines of a cluster, or on this one.

    Here they are warm ones, where somebody keeps them for this course.
    """
    weak = allow_weak or course.allow_weak
    if scheduler is not None:
        from unrolled.grade.scheduling.cluster import ClusterPool

        return ClusterPool(scheduler, allow_weak=weak)
    warm = find_warm_judges(course, material)
    return JudgePool(jobs or count_processors(), allow_weak=weak, warm=warm)


@dataclass(kw_only=True)
class JudgingRun(ABC):
    """One run over the submissions of an assignment: each is taken, or refused."""

    course: Course
    assignment: str
    force: bool = False
    _waiting: dict[str, PreparedJob] = field(default_factory=dict)

    @abstractmethod
    def take(self, graded: JobResult, prepared: PreparedJob) -> None:
        """Take a result, in whatever order they come."""

    @abstractmethod
    def refuse(self, student: str, reason: str) -> None:
        """A submission that cannot be judged, and why."""

    def judge_all(
        self, material: Material, students: Sequence[str], pool: JobRunner
    ) -> None:
        """Take what an earlier run has found, judge the rest."""
        preparer = JobPreparer(self.course, self.assignment, material)
        cache = ResultCache(self.course, self.assignment)
        jobs = self._list_jobs(preparer, cache, students)
        for graded in pool.run(jobs):
            prepared = self._waiting.pop(graded.student)
            if graded.reason:
                self._refuse(graded.student, graded.reason)
                continue
            # First: if the gradebook cannot be written, the work is not lost.
            cache.keep(prepared.key, graded)
            self._take(graded, prepared)

    def _list_jobs(
        self, preparer: JobPreparer, cache: ResultCache, students: Sequence[str]
    ) -> Iterator[GradingJob]:
        """What is to be graded; what was graded before is written, or reported."""
        for student in students:
            try:
                prepared = preparer.prepare(student)
            except (UserError, OSError) as error:
                self._refuse(student, str(error))
                continue
            graded = None if self.force else cache.find(student, prepared.key)
            if graded is None:
                self._waiting[student] = prepared
                yield prepared.job
            else:
                self._take(graded, prepared)

    def _take(self, graded: JobResult, prepared: PreparedJob) -> None:
        try:
            self.take(graded, prepared)
        except UserError as error:
            self._refuse(graded.student, str(error))

    def _refuse(self, student: str, reason: str) -> None:
        text = " ".join(reason.split()).replace(f"{self.course.root}/", "")
        self.refuse(student, text)


@dataclass(kw_only=True)
class _GradingRun(JudgingRun):
    """A run that writes into the gradebook."""

    writer: GradebookWriter
    progress: Progress
    results: list[SubmissionResult] = field(default_factory=list)

    def take(self, graded: JobResult, prepared: PreparedJob) -> None:
        """Write a result, unless the gradebook has it already; report it."""
        rows = self.writer.write(graded, prepared.accompanying, force=self.force)
        result = build_result(
            graded.student,
            rows,
            self.writer.rows.max_scores,
            notes=graded.details(),
            repairs=prepared.repairs,
        )
        self._report(result)

    def refuse(self, student: str, reason: str) -> None:
        """Report that it is not graded."""
        self._report(
            SubmissionResult(student=student, status="ungraded", reason=reason)
        )

    def _report(self, result: SubmissionResult) -> None:
        self.results.append(result)
        self.progress(result)


def require_ready(course: Course, assignment: str) -> Material:
    """The assignment's trusted side; UserError if it is not what the gradebook has."""
    material = load_material(course, assignment)
    stored = read_check_sources(course, assignment)
    if not stored:
        raise UserError(
            f"{course.gradebook_place}: assignment {assignment} is not registered. "
            "Run `unrolled build`: it fills the gradebook even if no file has changed."
        )
    tests = read_sources(material.source_cells, "check")
    if any(stored.get(name) != text for name, text in tests.items()):
        raise UserError(
            f"{course.gradebook_place} and source/{assignment} hold different tests: "
            "run `unrolled build`, then grade again."
        )
    return material


def _choose_students(
    course: Course, assignment: str, students: Sequence[str]
) -> list[str]:
    submitted = list_submitted_students(course, assignment)
    missing = sorted(set(students) - set(submitted))
    if missing:
        raise UserError(
            f"{course.submitted}: no submission of {assignment} by "
            f"{', '.join(missing)}."
        )
    if not submitted:
        raise UserError(
            f"{course.submitted}: nobody has handed in {assignment}. "
            "Collect first (`nbgrader collect` or formgrader)."
        )
    return [s for s in submitted if not students or s in students]
