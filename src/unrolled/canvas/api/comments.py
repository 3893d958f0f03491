"""Comments and feedback files on submissions in Canvas: each one once, whatever fails.

Canvas adds a comment at every request that carries it. So each comment ends with a
mark, made of all that it says. It is written into the journal before and after it is
sent, and a doubt is settled by looking for the mark in Canvas.
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
from unrolled.canvas.api.http import upload
from unrolled.canvas.api.journal import CommentKey, Journal
from unrolled.canvas.grades_csv import ExportPlan
from unrolled.canvas.grades_csv.match import FilledCell, KeptCell, LeftOut
from unrolled.course import Course

ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True)
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
        return any(_make_mark(self.key) in text for text in present.comments)


def _make_mark(key: CommentKey) -> str:
    """What a comment ends with, to be found again."""
    return f"(ref. {key.digest[:10]})"


def plan_comments(
    course: Course, plan: ExportPlan, text: str, *, feedback: bool
) -> tuple[list[Comment], list[LeftOut]]:
    """The comments that go with the grades of a plan, and what cannot go.

    A feedback page goes to everybody who has one, also where Canvas keeps its grade.
    """
    comments, left_out = [], []
    pages = [k for k in plan.kept if feedback and _locate_page(course, k).is_file()]
    grades: list[FilledCell | KeptCell] = [*plan.filled, *pages]
    for grade in grades:
        page = _locate_page(course, grade) if feedback else None
        why = _explain_unfit(course, grade, page) if page else ""
        if why:
            name = grade.assignment
            left_out.append(
                LeftOut(kind="cell", what=grade.student, why=why, assignment=name)
            )
        elif page or text:
            comments.append(_make_comment(course, grade, text, page))
    return comments, left_out


def _locate_page(course: Course, grade: FilledCell | KeptCell) -> Path:
    return course.feedback_page(grade.student, grade.assignment)


def _explain_unfit(course: Course, grade: FilledCell | KeptCell, page: Path) -> str:
    """Why a feedback page cannot be sent; "" if it can."""
    command = f"run unrolled feedback {grade.assignment}"
    if not page.is_file():
        return f"there is no feedback page yet; {command}"
    graded = course.autograded_folder(grade.student, grade.assignment)
    newest = max((p.stat().st_mtime for p in graded.glob("*.ipynb")), default=0.0)
    if newest > page.stat().st_mtime:
        return f"the feedback page is older than the grading; {command}"
    return ""


def _make_comment(
    course: Course, grade: FilledCell | KeptCell, text: str, page: Path | None
) -> Comment:
    lines = [text] if text else []
    if page:
        lines.append(f"{_format_summary(course, grade)} The feedback is attached.")
    text = "\n".join(lines)
    # This order and these zeros are in every mark that stands in Canvas: they stay.
    digest = hashlib.sha256(text.encode())
    digest.update(b"\0" + (page.read_bytes() if page else b""))
    digest.update(f"\0{grade.canvas_assignment}\0{grade.canvas_student}".encode())
    key = CommentKey(grade.canvas_assignment, grade.canvas_student, digest.hexdigest())
    return Comment(
        key=key,
        student=grade.student,
        assignment=grade.assignment,
        text=f"{text}\n{_make_mark(key)}",
        page=page,
    )


def _format_summary(course: Course, grade: FilledCell | KeptCell) -> str:
    """What a comment says of the work; no points where Canvas keeps its own."""
    assignment = course.assignments[grade.assignment]
    if isinstance(grade, KeptCell):
        return f"{assignment.title}."
    top = assignment.points if grade.out_of is None else grade.out_of
    return f"{assignment.title}: {grade.new:g} of {top:g} points."


def send_comment(remote: CourseConnection, journal: Journal, comment: Comment) -> None:
    """Send one comment; after a doubt look before sending again."""
    where = comment.submission
    for attempt in range(ATTEMPTS):
        if attempt and comment.is_posted(read_current_grade(remote, where)):
            break
        file = _upload_once(remote, journal, comment) if comment.page else None
        journal.write(comment.key, "intended", file)
        files = {} if file is None else {"file_ids": [file]}
        try:
            remote.submission(where).edit(
                comment={"text_comment": comment.text} | files
            )
            break
        except (requests.exceptions.RequestException, CanvasException) as error:
            if attempt == ATTEMPTS - 1 or not _is_doubtful(error):
                raise
            remote.pause(3.0 * (1 + attempt))  # what was cut may still be going on
    journal.write(comment.key, "sent")


def _is_doubtful(error: Exception) -> bool:
    """Whether the comment may have arrived, or may arrive at another try.

    A subclass of CanvasException is a plain no, such as Forbidden; the class itself
    is what canvasapi raises for an error of the server.
    """
    return isinstance(error, requests.exceptions.RequestException) or (
        type(error) is CanvasException
    )


def _upload_once(remote: CourseConnection, journal: Journal, comment: Comment) -> int:
    """The Canvas number of the comment's file; uploaded unless it was before."""
    known = journal.find_file(comment.key)
    if known is not None:
        return known
    student, assignment = comment.submission
    path = f"courses/{remote.settings.course}/assignments/{assignment}"
    url = f"{path}/submissions/{student}/comments/files"
    assert comment.page is not None  # only such comments have a file
    number = upload(remote.course._requester, remote.settings.url, url, comment.page)
    if number is None:
        raise CanvasException(f"the file for {comment.student} was not accepted")
    journal.write(comment.key, "uploaded", number)
    return number


def select_unsent(
    journal: Journal,
    comments: Sequence[Comment],
    present: Callable[[Key], CurrentGrade],
) -> list[Comment]:
    """The comments still to be sent; those found in Canvas are written down as sent."""
    unsent = []
    for comment in comments:
        if journal.is_sent(comment.key):
            continue
        if comment.is_posted(present(comment.submission)):
            journal.write(comment.key, "sent")
        else:
            unsent.append(comment)
    return unsent
