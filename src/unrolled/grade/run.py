"""`unrolled grade`: all submissions of an assignment, many at once.

Judges work in processes of their own; results are kept, and one writer puts them
into nbgrader's gradebook. One bad submission never stops the others, and a run
that was killed goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from unrolled.assignment.cells import is_check, read_nbgrader_meta
from unrolled.assignment.load import load_material
from unrolled.assignment.material import Material
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.grade.results import GradeReport, SubmissionResult
from unrolled.grade.scheduling.cache import ResultCache
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.pool import JudgePool
from unrolled.grade.scheduling.prepare import JobPreparer, PreparedJob
from unrolled.grade.stored_results import build_result, read_registered_tests
from unrolled.grade.writer import GradebookWriter
from unrolled.gradebook.open import backup_gradebook
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
    material = _require_ready(course, assignment)
    chosen = _choose_students(course, assignment, students)
    backup_gradebook(course)
    with GradebookWriter(course, assignment) as writer:
        run = _GradingRun(course, assignment, writer, progress, force)
        weak = allow_weak or course.allow_weak
        own = _make_runner(scheduler, jobs or count_processors(), weak)
        with nullcontext(judges) if judges else own as pool:
            run.all(material, chosen, pool)
    results = tuple(sorted(run.results, key=lambda r: r.student))
    return GradeReport(assignment, time.monotonic() - began, results)


def _make_runner(scheduler: str | None, jobs: int, weak: bool) -> JobRunner:
    """Judges on this machine, or on those of a cluster."""
    if scheduler is None:
        return JudgePool(jobs, weak)
    from unrolled.grade.scheduling.cluster import ClusterPool

    return ClusterPool(scheduler, weak)


@dataclass
class _GradingRun:
    """One run over the submissions of an assignment."""

    course: Course
    assignment: str
    writer: GradebookWriter
    progress: Progress
    force: bool
    results: list[SubmissionResult] = field(default_factory=list)

    def all(self, material: Material, students: Sequence[str], pool: JobRunner) -> None:
        """Report what is current, write what is kept, grade the rest."""
        preparer = JobPreparer(self.course, self.assignment, material)
        records = ResultCache(self.course, self.assignment)
        todo: dict[str, PreparedJob] = {}
        for student in students:
            prepared = self._prepare_job(preparer, student)
            if prepared is None:
                continue
            kept = None if self.force else records.find(student, prepared.key)
            if kept is None:
                todo[student] = prepared
            else:
                self._done(kept, prepared)
        for graded in pool.run(p.job for p in todo.values()):
            prepared = todo[graded.student]
            if not graded.reason:
                records.keep(prepared.key, graded)
            self._done(graded, prepared)

    def _prepare_job(self, preparer: JobPreparer, student: str) -> PreparedJob | None:
        try:
            return preparer.prepare(student)
        except (UserError, OSError) as error:
            self._tell(self._make_ungraded(student, str(error)))
            return None

    def _done(self, graded: JobResult, prepared: PreparedJob) -> None:
        """Write a result, unless the gradebook has it already; report it."""
        if graded.reason:
            self._tell(self._make_ungraded(graded.student, graded.reason))
            return
        try:
            rows = self.writer.write(graded, prepared.paper, self.force)
            result = build_result(
                graded.student,
                rows,
                self.writer.rows.max_scores,
                graded.details(),
                prepared.repairs,
            )
        except UserError as error:
            result = self._make_ungraded(graded.student, str(error))
        self._tell(result)

    def _make_ungraded(self, student: str, reason: str) -> SubmissionResult:
        told = " ".join(reason.split()).replace(f"{self.course.root}/", "")
        return SubmissionResult(student, "ungraded", told)

    def _tell(self, result: SubmissionResult) -> None:
        self.results.append(result)
        self.progress(result)


def _require_ready(course: Course, assignment: str) -> Material:
    material = load_material(course, assignment)
    stored = read_registered_tests(course, assignment)
    if not stored:
        raise UserError(
            f"{course.gradebook_place}: assignment {assignment} is not registered. "
            "Run `unrolled build`: it fills the gradebook, also when files are fresh."
        )
    tests = [c for c in material.source["cells"] if is_check(c)]
    if any(stored.get(read_nbgrader_meta(c)["grade_id"]) != c["source"] for c in tests):
        raise UserError(
            f"{course.gradebook_place} and source/{assignment} hold different tests: "
            "run `unrolled build`, then grade again."
        )
    return material


def _choose_students(
    course: Course, assignment: str, students: Sequence[str]
) -> list[str]:
    there = list_submitted_students(course, assignment)
    missing = sorted(set(students) - set(there))
    if missing:
        raise UserError(
            f"{course.submitted}: no submission of {assignment} by "
            f"{', '.join(missing)}."
        )
    if not there:
        raise UserError(
            f"{course.submitted}: nobody has handed in {assignment}. "
            "Collect first (`nbgrader collect` or formgrader)."
        )
    return [s for s in there if not students or s in students]
