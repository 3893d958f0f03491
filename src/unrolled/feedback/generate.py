"""`unrolled feedback`: writes the pages of a class, as nbgrader lays them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.feedback.page import (
    Feedback,
    WorkReader,
    build_feedback,
    open_reader,
    render_feedback,
)
from unrolled.files import LEFTOVER_PATTERN, write_file

# What of a graded folder nbgrader hands on: all but notebooks and these.
_IGNORED = (".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*.ipynb")
_IGNORED_NAMES = (*_IGNORED, LEFTOVER_PATTERN)
_READABLE = 0o644


def generate_feedback(
    course: Course,
    assignment: str,
    students: Sequence[str] = (),
    *,
    force: bool = False,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> list[Path]:
    """Write the feedback pages of an assignment; the paths of all pages there.

    A page that is newer than the grading it shows is left alone unless `force`.
    `progress` is told how many students are done, of how many, and who was next.
    Raises UserError if nothing was graded yet.
    """
    chosen = _choose_students(course, assignment, students)
    with _open_reader(course, assignment) as reader:
        for done, student in enumerate(chosen):
            progress(done, len(chosen), student)
            if force or _is_outdated(course, assignment, student):
                _write_feedback(reader, student)
    progress(len(chosen), len(chosen), "")
    return [course.feedback_page(student, assignment) for student in chosen]


def read_feedback(
    course: Course, assignment: str, students: Sequence[str] = ()
) -> list[Feedback]:
    """What the pages of an assignment say; UserError if nothing was graded yet."""
    chosen = _choose_students(course, assignment, students)
    with _open_reader(course, assignment) as reader:
        return [build_feedback(reader, reader.read(student)) for student in chosen]


def _choose_students(
    course: Course, assignment: str, students: Sequence[str]
) -> list[str]:
    """Those who are asked for, or all who have something graded."""
    folders = sorted(course.autograded.glob(f"*/{assignment}"))
    if not folders:
        raise UserError(
            f"{course.autograded}: nothing of {assignment} is graded yet. "
            f"Run `unrolled grade {assignment}` first."
        )
    graded = [folder.parent.name for folder in folders]
    unknown = sorted(set(students) - set(graded))
    if unknown:
        raise UserError(
            f"{course.autograded}: nothing of {assignment} is graded for "
            f"{', '.join(unknown)}."
        )
    return [name for name in graded if not students or name in students]


@contextmanager
def _open_reader(course: Course, assignment: str) -> Iterator[WorkReader]:
    try:
        with open_reader(course, assignment) as reader:
            yield reader
    except LookupError as error:
        raise UserError(f"{error}. Run `unrolled build`.") from error


def _write_feedback(reader: WorkReader, student: str) -> None:
    """A student's page, beside copies of what lies beside the graded notebook.

    What somebody else has laid there stays. The page comes last: it is as new as all
    of it.
    """
    course, assignment = reader.course, reader.assignment
    work = reader.read(student)
    page = render_feedback(
        build_feedback(reader, work), work, shows_tests=course.feedback_tests
    )
    graded = course.autograded_folder(student, assignment)
    folder = course.feedback_folder(student, assignment)
    folder.mkdir(parents=True, exist_ok=True)
    for path in _list_other_files(graded):
        copy = folder / path.relative_to(graded)
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_file(copy, path.read_bytes(), mode=_READABLE, exact=True)
    path = course.feedback_page(student, assignment)
    write_file(path, page, mode=_READABLE, exact=True)


def _list_other_files(folder: Path) -> Iterator[Path]:
    """The files of a graded folder that nbgrader hands on with the page."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        ignored = any(fnmatch(part, p) for part in parts for p in _IGNORED_NAMES)
        if path.is_file() and not path.is_symlink() and not ignored:
            yield path


def _is_outdated(course: Course, assignment: str, student: str) -> bool:
    """Whether there is no page, or grading was done after it was written."""
    page = course.feedback_page(student, assignment)
    graded = course.autograded_notebook(student, assignment)
    if not page.exists():
        return True
    return graded.exists() and graded.stat().st_mtime > page.stat().st_mtime
