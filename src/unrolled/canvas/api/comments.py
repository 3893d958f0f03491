"""Comments and feedback files on submissions in Canvas: each one once, whatever fails.

Canvas adds a comment at every request that carries it. So each note has a mark, made
of all that it says; it is written into the ledger before and after it is sent, and a
doubt is settled by looking for the mark in Canvas.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from canvasapi.exceptions import CanvasException

from unrolled.canvas.api.course import (
    CourseConnection,
    CurrentGrade,
    Key,
    read_current_grade,
)
from unrolled.canvas.api.journal import CommentKey, Journal
from unrolled.canvas.api.upload import upload
from unrolled.canvas.grades_csv.match import FilledCell, KeptCell, LeftOut
from unrolled.canvas.grades_csv.plan import ExportPlan
from unrolled.course import Course

ATTEMPTS = 4


@dataclass(frozen=True)
class Comment:
    """One comment for one student, with a feedback page or without."""

    key: CommentKey
    student: str
    assignment: str
    text: str
    page: Path | None

    @property
    def submission(self) -> Key:
        """Where in Canvas it goes."""
        return self.key.student, self.key.assignment

    def is_posted(self, present: CurrentGrade) -> bool:
        """Whether Canvas has it already."""
        return any(make_mark(self.key.digest) in c for c in present.comments)


def make_mark(digest: str) -> str:
    """What a note ends with, to be found again."""
    return f"(ref. {digest[:10]})"


def plan_comments(
    course: Course,
    plan: ExportPlan,
    comment: str,
    feedback: bool,
    left_out: list[LeftOut],
) -> list[Comment]:
    """The notes that go with the grades of a plan; what cannot go is left out.

    A feedback page goes to everybody who has one, also where Canvas keeps its grade.
    """
    notes = []
    pages = [k for k in plan.kept if feedback and _find_page(course, k).is_file()]
    grades: list[FilledCell | KeptCell] = [*plan.filled, *pages]
    for grade in grades:
        page = _find_page(course, grade) if feedback else None
        why = _explain_unfit(course, grade, page) if page else ""
        if why:
            left_out.append(LeftOut("cell", grade.student, why, grade.assignment))
        elif page or comment:
            notes.append(_make_comment(course, grade, comment, page))
    return notes


def _find_page(course: Course, grade: FilledCell | KeptCell) -> Path:
    return course.feedback_page(grade.student, grade.assignment)


def _explain_unfit(course: Course, grade: FilledCell | KeptCell, page: Path) -> str:
    """Why a feedback page cannot be sent; "" if it can."""
    verb = f"(unrolled feedback {grade.assignment})"
    if not page.is_file():
        return f"no feedback page yet {verb}"
    graded = course.autograded_folder(grade.student, grade.assignment)
    newest = max((p.stat().st_mtime for p in graded.glob("*.ipynb")), default=0.0)
    if newest > page.stat().st_mtime:
        return f"the feedback page is older than the grading {verb}"
    return ""


def _make_comment(
    course: Course, grade: FilledCell | KeptCell, comment: str, page: Path | None
) -> Comment:
    told = _format_summary(course, grade)
    said = [told, "The feedback is attached."] if page else []
    text = "\n".join(
        ([comment] if comment else []) + ([" ".join(said)] if said else [])
    )
    digest = hashlib.sha256(text.encode())
    digest.update(b"\0" + (page.read_bytes() if page else b""))
    whom = (grade.canvas_assignment, grade.canvas_student)
    digest.update("\0".join(("", *whom)).encode())
    key = CommentKey(*whom, digest.hexdigest())
    signed = f"{text}\n{make_mark(key.digest)}"
    return Comment(key, grade.student, grade.assignment, signed, page)


def _format_summary(course: Course, grade: FilledCell | KeptCell) -> str:
    """What a comment says of the work; no points where Canvas keeps its own."""
    assignment = course.assignments[grade.assignment]
    if isinstance(grade, KeptCell):
        return f"{assignment.title}."
    top = assignment.points if grade.out_of is None else grade.out_of
    return f"{assignment.title}: {grade.new:g} of {top:g} points."


def send_comment(remote: CourseConnection, ledger: Journal, note: Comment) -> None:
    """Send one note; after a doubt look before sending again."""
    for attempt in range(ATTEMPTS):
        if attempt and note.is_posted(read_current_grade(remote, note.submission)):
            break
        files = [_upload_once(remote, ledger, note)] if note.page else []
        ledger.write(note.key, "intended", *files)
        body = {"text_comment": note.text} | ({"file_ids": files} if files else {})
        try:
            remote.submission(note.submission).edit(comment=body)
            break
        except (requests.exceptions.RequestException, CanvasException) as error:
            if attempt == ATTEMPTS - 1 or not _is_doubtful(error):
                raise
            remote.pause(3.0 * (1 + attempt))  # what was cut may still be going on
    ledger.write(note.key, "sent")


def _is_doubtful(error: Exception) -> bool:
    """Whether the note may have arrived, or may arrive at another try."""
    return isinstance(error, requests.exceptions.RequestException) or (
        type(error) is CanvasException
    )


def _upload_once(remote: CourseConnection, ledger: Journal, note: Comment) -> int:
    """The Canvas number of the note's file; uploaded unless it was before."""
    known = ledger.find_file(note.key)
    if known is not None:
        return known
    student, assignment = note.submission
    path = f"courses/{remote.place.course}/assignments/{assignment}"
    url = f"{path}/submissions/{student}/comments/files"
    assert note.page is not None  # only such notes have a file
    number = upload(remote.course._requester, remote.place.url, url, note.page)
    if number is None:
        raise CanvasException(f"the file for {note.student} was not taken")
    ledger.write(note.key, "uploaded", number)
    return number


def settle(
    ledger: Journal, notes: Sequence[Comment], present: Callable[[Key], CurrentGrade]
) -> list[Comment]:
    """The notes that are still to be sent; those that stand in Canvas are noted."""
    left = []
    for note in notes:
        if ledger.is_sent(note.key):
            continue
        if note.is_posted(present(note.submission)):
            ledger.write(note.key, "sent")
        else:
            left.append(note)
    return left
