"""The one writer: results into nbgrader's gradebook, a transaction for each.

It leaves the rows that nbgrader's own autograde would leave: student, submission,
grades, comments, late penalty. The notebook takes its place just before the
transaction is committed; a run that is killed in between is found and mended by
the next one, which compares both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from socket import gethostname

from unrolled.assignment.decisions import read_decisions
from unrolled.course import Course
from unrolled.deadlines import read_own_deadlines, settle_student
from unrolled.errors import UserError, shorten_error
from unrolled.files import put_files, swap_folder
from unrolled.grade.marks import (
    apply_decisions,
    compute_fingerprints,
    find_changed_work,
    read_fingerprints,
)
from unrolled.grade.scheduling.job import SECRET_FILE, AccompanyingFiles, JobResult
from unrolled.grade.stored_results import open_rows
from unrolled.gradebook import SubmissionRows, begin_write, yield_lock
from unrolled.gradebook.locking import (
    GradebookError,
    is_lock_timeout,
    is_retryable,
    roll_back,
)
from unrolled.gradebook.tables import GradeRow
from unrolled.timestamps import parse_timestamp

# Within autograded/: on the disk of what it becomes, so that a move is one step.
STAGE_PREFIX = ".unrolled-"
TRIES = 5


class _ConcurrentWrite(Exception):
    """Another's transaction came in between; the same may succeed at once."""


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """Grades and automatic comments to be set, and what is to lie in autograded/."""

    grades: Mapping[str, GradeRow]
    comments: Mapping[str, str | None] | None = None
    folder: Path | None = None


_Step = Callable[[], tuple[SubmissionRows, Callable[[], None]]]
# Called within the transaction, with the rows as they stand before it writes.
BeforeWrite = Callable[[SubmissionRows, JobResult], None]


class GradebookWriter:
    """Writes results of one assignment; use as a context manager.

    What `unrolled regrade` has decided is kept to; `before` is asked before a standing
    result gives way. Raises UserError if the gradebook cannot be written: nothing is
    half written.
    """

    def __init__(
        self,
        course: Course,
        assignment: str,
        *,
        before: BeforeWrite = lambda _rows, _graded: None,
    ) -> None:
        self.course = course
        self.assignment = assignment
        self.before = before
        self.decisions = read_decisions(course, assignment)
        self.stage = course.autograded / f"{STAGE_PREFIX}{gethostname()}-{os.getpid()}"
        self.patience = course.database.lock_seconds

    def __enter__(self) -> GradebookWriter:
        read_own_deadlines(self.course)  # one that cannot be read stops the run here
        with contextlib.ExitStack() as stack:
            self.rows = stack.enter_context(open_rows(self.course, self.assignment))
            self.connection = self.rows.connection
            # A trial, so that a course that nobody may write, or with the tables of an
            # older nbgrader, stops before anything is graded.
            begin_write(self.connection, self.patience)
            self.rows.find("")
            self.connection.rollback()
            self.opened = stack.pop_all()
        _remove_stale_stages(self.course.autograded)
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()
        shutil.rmtree(self.stage, ignore_errors=True)

    def write(
        self,
        graded: JobResult,
        accompanying: AccompanyingFiles,
        *,
        force: bool = False,
    ) -> SubmissionRows:
        """Write one result, all of it or nothing; what is written already stays.

        With `force` it is written all the same. A mark by hand stays final unless the
        work that it was given for has changed. Returns the rows as they stand then.
        """
        return self._retry(
            graded.student,
            lambda: self._put_result(graded, accompanying, force=force),
        )

    def amend(
        self, student: str, find: Callable[[SubmissionRows], Amendment | None]
    ) -> SubmissionRows:
        """Set grades that are no result: `find` is asked within the transaction.

        Nothing is written where it finds None. The late penalty follows.
        """
        return self._retry(student, lambda: self._put_amendment(student, find))

    def _retry(self, student: str, step: _Step) -> SubmissionRows:
        try:
            for _ in range(TRIES - 1):
                with contextlib.suppress(_ConcurrentWrite):
                    return self._write_once(step)
            return self._write_once(step)
        except (GradebookError, OSError, _ConcurrentWrite) as error:
            raise UserError(
                f"{self.course.gradebook_place}: the result of {student} could "
                f"not be written: {shorten_error(error)}"
            ) from error

    def _write_once(self, step: _Step) -> SubmissionRows:
        """The rows after a transaction; _ConcurrentWrite if another got in its way."""
        try:
            rows = self._run_transaction(step)
        except (GradebookError, OSError) as error:
            roll_back(self.connection)
            shutil.rmtree(self.stage, ignore_errors=True)
            if is_lock_timeout(error):  # the others need not wait as long
                self.patience = min(self.patience, 1.0)
            if is_retryable(error):
                raise _ConcurrentWrite(shorten_error(error)) from error
            raise
        self.patience = self.course.database.lock_seconds
        return rows

    def _run_transaction(self, step: _Step) -> SubmissionRows:
        """Nobody else writes between our reading and our writing."""
        begin_write(self.connection, self.patience)
        began = time.monotonic()
        if not self.rows.is_current():
            raise OSError(f"{self.assignment} was built anew meanwhile; grade again")
        rows, undo = step()
        try:
            self.connection.commit()
        except BaseException:
            undo()
            raise
        yield_lock(self.connection, time.monotonic() - began)
        return rows

    def _put_result(
        self, graded: JobResult, accompanying: AccompanyingFiles, *, force: bool
    ) -> tuple[SubmissionRows, Callable[[], None]]:
        rows, fresh = self._fill_rows(graded, accompanying, force=force)
        rows = self._apply_penalty(graded.student, rows)
        return rows, self._move_in(graded, accompanying) if fresh else _do_nothing

    def _put_amendment(
        self, student: str, find: Callable[[SubmissionRows], Amendment | None]
    ) -> tuple[SubmissionRows, Callable[[], None]]:
        rows = self._find_rows(student, lock=True)
        amendment, undo = find(rows), _do_nothing
        if amendment:
            self.rows.put(rows.part, amendment.grades, amendment.comments)
            rows = self._apply_penalty(student, self._find_rows(student))
            if amendment.folder:
                fresh = self._make_stage(student)
                shutil.copytree(amendment.folder, fresh, dirs_exist_ok=True)
                undo = self._swap_in(fresh, student)
        return rows, undo

    def _find_rows(self, student: str, *, lock: bool = False) -> SubmissionRows:
        rows = self.rows.find(student, lock=lock)
        if rows is None:
            raise OSError(f"the rows of {student} are gone")
        return rows

    def _fill_rows(
        self, graded: JobResult, accompanying: AccompanyingFiles, *, force: bool
    ) -> tuple[SubmissionRows, bool]:
        """The rows with scores, comments and time; whether anything was new."""
        rows = self.rows.find(graded.student, lock=True)
        rows = rows or self.rows.make(graded.student)
        stamp = accompanying.timestamp
        if stamp is not None or accompanying.forget_time:
            moment = parse_timestamp(stamp, self.course.timezone) if stamp else None
            if moment != rows.timestamp:
                self.rows.set_time(rows.id, moment)
        fresh = force or not self._is_written(rows, graded, accompanying)
        changed: set[str] = set()
        if fresh:
            self.before(rows, graded)
            before = read_fingerprints(self._get_path(graded))
            now = compute_fingerprints(json.loads(graded.notebook))
            changed = find_changed_work(before, now)
            self.rows.fill(
                rows.part,
                scores=graded.scores,
                comments=graded.comments,
                changed=changed,
            )
        return self._keep_decisions(graded.student, changed), fresh

    def _keep_decisions(self, student: str, changed: set[str]) -> SubmissionRows:
        rows = self._find_rows(student)
        decided = apply_decisions(
            self.decisions,
            student,
            rows.grades,
            max_scores=self.rows.max_scores,
            changed=changed,
        )
        self.rows.put(rows.part, decided)
        return self._find_rows(student) if decided else rows

    def _is_written(
        self, rows: SubmissionRows, graded: JobResult, accompanying: AccompanyingFiles
    ) -> bool:
        """Whether gradebook and folder hold this very result."""
        for name, score in graded.scores.items():
            if name not in rows.grades or rows.grades[name].auto != score:
                return False
        path = self._get_path(graded)
        stamp = path.with_name("timestamp.txt")
        secret = accompanying.files.get(SECRET_FILE)
        try:
            text = path.read_text(encoding="utf-8")
            time = stamp.read_text(encoding="utf-8") if stamp.exists() else None
            same = secret is None or secret == path.with_name(SECRET_FILE).read_bytes()
        except (OSError, UnicodeDecodeError):
            return False
        return same and text == graded.notebook and time == accompanying.timestamp

    def _apply_penalty(self, student: str, rows: SubmissionRows) -> SubmissionRows:
        """The late penalty, from the present score: marks may have changed it."""
        penalty = settle_student(self.course, self.rows, student, self.assignment)
        return replace(rows, penalty=penalty)

    def _move_in(
        self, graded: JobResult, accompanying: AccompanyingFiles
    ) -> Callable[[], None]:
        """Put the notebook into autograded/; how to take it back."""
        fresh = self._make_stage(graded.student)
        path = self._get_path(graded)
        (fresh / path.name).write_text(graded.notebook, encoding="utf-8")
        if accompanying.timestamp is not None:
            stamp = fresh / "timestamp.txt"
            stamp.write_text(accompanying.timestamp, encoding="utf-8")
        put_files(fresh, accompanying.files)
        for file in fresh.rglob("*"):
            if file.is_file():
                file.chmod(0o444)
        backups = self.course.build / "backups" / "autograded" / graded.student
        _carry_over(path.parent, fresh, backups / self.assignment)
        return self._swap_in(fresh, graded.student)

    def _make_stage(self, student: str) -> Path:
        """An empty folder, on the disk of what it becomes."""
        fresh = self.stage / "new" / student
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        return fresh

    def _swap_in(self, fresh: Path, student: str) -> Callable[[], None]:
        """Give a student's folder in autograded/ new content; how to take it back."""
        place = self.course.autograded_folder(student, self.assignment)
        aside = self.stage / "old"
        shutil.rmtree(aside, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        return swap_folder(fresh, place, aside)

    def _get_path(self, graded: JobResult) -> Path:
        return self.course.autograded_notebook(graded.student, self.assignment)


def _do_nothing() -> None:
    """There is nothing to undo."""


def _carry_over(graded: Path, fresh: Path, aside: Path) -> None:
    """Take along what a marker laid beside the graded notebook.

    What grading writes is read-only, nbgrader's own as well: the rest is somebody's.
    A notebook goes `aside`: here nbgrader would take it for one that was graded.
    """
    for path in graded.rglob("*"):
        name = path.relative_to(graded)
        mode = path.lstat().st_mode
        theirs = stat.S_ISREG(mode) and mode & 0o222
        if theirs and not any(p.startswith(".") for p in name.parts):
            notebook = path.suffix == ".ipynb"
            target = aside / name if notebook else fresh / name
            if target.exists() and not notebook:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _remove_stale_stages(autograded: Path) -> None:
    """Remove what graders that were killed have left of their stages."""
    mine = f"{STAGE_PREFIX}{gethostname()}-"  # a folder may be shared by machines
    for stage in autograded.glob(f"{mine}*"):
        try:
            os.kill(int(stage.name.removeprefix(mine)), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(stage, ignore_errors=True)
        except OSError:  # it lives, under another account
            continue
