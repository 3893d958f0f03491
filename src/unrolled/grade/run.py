"""`unrolled grade`: every submission of an assignment through nbgrader's autograder.

Each submission is staged alone: only the notebook and a valid timestamp go into
nbgrader's converter, which writes beside the last result. The new result takes
its place when it is complete. One bad submission never stops the others.
"""

from __future__ import annotations

import contextlib
import glob
import logging
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dateutil.parser
from nbgrader.converters import Autograde
from sqlalchemy.exc import SAWarning

from unrolled.converters import run_converter
from unrolled.course import Course, nbgrader_config
from unrolled.errors import UserError
from unrolled.grade.late import refresh_penalty
from unrolled.grade.material import load_material, load_reference
from unrolled.grade.preprocessors import read_submission
from unrolled.grade.results import GradeReport, SubmissionResult
from unrolled.grade.stored import registered, stored_result
from unrolled.gradebook import backup_gradebook

Progress = Callable[[SubmissionResult], None]
STAGE = "build/stage"


@dataclass(frozen=True)
class Staged:
    """A submission made ready for nbgrader's converter."""

    student: str
    repairs: tuple[str, ...]


def submitted_students(course: Course, assignment: str) -> list[str]:
    """The students who have handed in `assignment`, sorted."""
    folders = course.submitted.glob(f"*/{assignment}")
    return sorted(f.parent.name for f in folders if f.is_dir())


def grade(
    course: Course,
    assignment: str,
    students: Sequence[str] = (),
    force: bool = False,
    progress: Progress = lambda _: None,
) -> GradeReport:
    """Grade the submissions of an assignment.

    Without `force`, a submission that is graded and has not changed is only
    reported. Raises UserError if the course itself is not ready.
    """
    began = time.monotonic()
    _require_ready(course, assignment)
    chosen = _chosen(course, assignment, students)
    backup_gradebook(course)
    results = []
    for student in chosen:
        results.append(grade_one(course, assignment, student, force))
        progress(results[-1])
    return GradeReport(assignment, time.monotonic() - began, tuple(results))


def _require_ready(course: Course, assignment: str) -> None:
    load_reference(load_material(course, assignment))
    if not registered(course, assignment):
        raise UserError(
            f"{course.gradebook}: assignment {assignment} is not registered. "
            "Run `unrolled build`: it fills the gradebook, also when files are fresh."
        )


def _chosen(course: Course, assignment: str, students: Sequence[str]) -> list[str]:
    there = submitted_students(course, assignment)
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


def grade_one(
    course: Course, assignment: str, student: str, force: bool
) -> SubmissionResult:
    """Grade one submission; whatever goes wrong becomes its reason."""
    try:
        if not force and _is_current(course, assignment, student):
            refresh_penalty(course, assignment, student)
            return stored_result(course, assignment, student)
        with _staged(course, assignment, student) as staged:
            said = _convert(course, assignment, student)
            _replace_last(course, assignment, student, said)
        return stored_result(course, assignment, student, staged.repairs)
    except (UserError, OSError) as error:
        return SubmissionResult(student, "ungraded", _one_line(course, error))
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return SubmissionResult(student, "ungraded", f"grading failed: {text[:500]}")


def _one_line(course: Course, error: Exception) -> str:
    return " ".join(str(error).split()).replace(f"{course.root}/", "")


def _is_current(course: Course, assignment: str, student: str) -> bool:
    """Whether the last result is newer than what the student handed in."""
    done = course.autograded / student / assignment
    files = list(done.glob("*.ipynb"))
    if not files:
        return False
    handed_in = (course.submitted / student / assignment).rglob("*")
    newest = max((p.lstat().st_mtime for p in handed_in), default=0.0)
    return min(f.stat().st_mtime for f in files) >= newest


@contextlib.contextmanager
def _staged(course: Course, assignment: str, student: str) -> Iterator[Staged]:
    """Only the notebook and a valid timestamp, in a folder of their own."""
    stage = course.root / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    folder = stage / "submitted" / student / assignment
    origin = course.submitted / student / assignment
    _refuse_pattern(course, student)
    name = f"{course.assignments[assignment].notebook}.ipynb"
    if not (origin / name).exists():
        raise UserError(_missing_notebook(origin, name))
    read_submission(origin / name)
    folder.mkdir(parents=True)
    shutil.copyfile(origin / name, folder / name)
    try:
        yield Staged(student, _stage_timestamp(origin, folder))
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _refuse_pattern(course: Course, student: str) -> None:
    """nbgrader takes paths as patterns: [, * and ? would match something else."""
    for what, text in (("student", student), ("course folder", str(course.root))):
        if glob.has_magic(text):
            raise UserError(
                f"{course.submitted / student}: the name of the {what} holds one of "
                "[ ] * ?, which nbgrader takes for a pattern. Rename it."
            )


def _missing_notebook(origin: Path, name: str) -> str:
    there = sorted(p.name for p in origin.iterdir())[:5]
    found = f"; there is {', '.join(there)}" if there else "; the folder is empty"
    return f"{origin / name}: not handed in{found}. Was it renamed?"


def _stage_timestamp(origin: Path, folder: Path) -> tuple[str, ...]:
    stamp = origin / "timestamp.txt"
    if not stamp.is_file() or stamp.is_symlink():
        return ()
    text = stamp.read_bytes()[:200].decode("utf-8", "replace").strip()
    if not _is_time(text):
        return (
            f"{stamp}: not a time ({text[:40]!r}); counted as in time, please check.",
        )
    (folder / "timestamp.txt").write_text(text, encoding="utf-8")
    return ()


def _is_time(text: str) -> bool:
    try:
        return isinstance(dateutil.parser.parse(text.rsplit(" ", 1)[0]), datetime)
    except (ValueError, OverflowError):
        return False


def _convert(course: Course, assignment: str, student: str) -> Path:
    """Run nbgrader's converter on the staged submission; the folder it wrote."""
    config = nbgrader_config(course)
    config.CourseDirectory.submitted_directory = f"{STAGE}/submitted"
    config.CourseDirectory.autograded_directory = f"{STAGE}/autograded"
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.student_id = student
    run_converter(Autograde, config)
    return course.root / STAGE / "autograded" / student / assignment


def _replace_last(course: Course, assignment: str, student: str, new: Path) -> None:
    """Put the new result in the place of the last one, which is kept until then."""
    place = course.autograded / student / assignment
    place.parent.mkdir(parents=True, exist_ok=True)
    old = course.root / STAGE / "replaced"
    if place.exists():
        place.rename(old)
    new.rename(place)


def silence_nbgrader() -> None:
    """Keep nbgrader's own log, and its warnings about itself, off the terminal."""
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=SAWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="nbgrader")
