"""`unrolled feedback`: nbgrader's generate_feedback with our preprocessors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nbgrader.converters import GenerateFeedback

from unrolled.converters import make_nbgrader_config, run_converter
from unrolled.course import Course
from unrolled.errors import UserError


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
    chosen = [name for name in graded if not students or name in students]
    for done, student in enumerate(chosen):
        progress(done, len(chosen), student)
        _convert(course, assignment, student, force=force)
    progress(len(chosen), len(chosen), "")
    pages = [course.feedback_page(s, assignment) for s in chosen]
    return [p for p in pages if p.exists()]


def _convert(course: Course, assignment: str, student: str, *, force: bool) -> None:
    config = make_nbgrader_config(course)
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.student_id = student
    others = _read_other_files(course, assignment, student)
    try:
        anew = force or _is_outdated(course, assignment, student)
        run_converter(GenerateFeedback, config, force=anew)
    finally:
        for path, content in others.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def _read_other_files(
    course: Course, assignment: str, student: str
) -> dict[Path, bytes]:
    """What somebody laid beside a student's page: nbgrader empties the folder.

    nbgrader's own are the page, and copies of what lies beside the graded notebook.
    """
    folder = course.feedback_folder(student, assignment)
    graded = course.autograded_folder(student, assignment)
    pages = {f"{p.stem}.html" for p in graded.glob("*.ipynb")}
    files = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return {
        folder / p: (folder / p).read_bytes()
        for p in files
        if str(p) not in pages and not (graded / p).exists()
    }


def _is_outdated(course: Course, assignment: str, student: str) -> bool:
    """Whether grading was done after the page was written."""
    graded = list(course.autograded_folder(student, assignment).glob("*.ipynb"))
    pages = list(course.feedback_folder(student, assignment).glob("*.html"))
    if not graded or not pages:
        return False
    newest = max(p.stat().st_mtime for p in graded)
    return newest > min(p.stat().st_mtime for p in pages)
