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

from unrolled.canvas.api.course import Key, Present, Remote, look
from unrolled.canvas.api.journal import Ledger, NoteKey
from unrolled.canvas.api.upload import upload
from unrolled.canvas.grades_csv.match import Filled, Kept, LeftOut
from unrolled.canvas.grades_csv.plan import ExportPlan
from unrolled.course.model import Course

ATTEMPTS = 4


@dataclass(frozen=True)
class Note:
    """One comment for one student, with a feedback page or without."""

    key: NoteKey
    student: str
    assignment: str
    text: str
    page: Path | None

    @property
    def submission(self) -> Key:
        """Where in Canvas it goes."""
        return self.key.student, self.key.assignment

    def stands_in(self, present: Present) -> bool:
        """Whether Canvas has it already."""
        return any(mark(self.key.digest) in c for c in present.comments)


def mark(digest: str) -> str:
    """What a note ends with, to be found again."""
    return f"(ref. {digest[:10]})"


def wanted_notes(
    course: Course,
    plan: ExportPlan,
    comment: str,
    feedback: bool,
    left_out: list[LeftOut],
) -> list[Note]:
    """The notes that go with the grades of a plan; what cannot go is left out.

    A feedback page goes to everybody who has one, also where Canvas keeps its grade.
    """
    notes = []
    pages = [k for k in plan.kept if feedback and _page(course, k).is_file()]
    grades: list[Filled | Kept] = [*plan.filled, *pages]
    for grade in grades:
        page = _page(course, grade) if feedback else None
        why = _unfit(course, grade, page) if page else ""
        if why:
            left_out.append(LeftOut("cell", grade.student, why, grade.assignment))
        elif page or comment:
            notes.append(_note(course, grade, comment, page))
    return notes


def _page(course: Course, grade: Filled | Kept) -> Path:
    name = f"{course.assignments[grade.assignment].notebook}.html"
    return course.feedback / grade.student / grade.assignment / name


def _unfit(course: Course, grade: Filled | Kept, page: Path) -> str:
    """Why a feedback page cannot be sent; "" if it can."""
    verb = f"(unrolled feedback {grade.assignment})"
    if not page.is_file():
        return f"no feedback page yet {verb}"
    graded = course.autograded / grade.student / grade.assignment
    newest = max((p.stat().st_mtime for p in graded.glob("*.ipynb")), default=0.0)
    if newest > page.stat().st_mtime:
        return f"the feedback page is older than the grading {verb}"
    return ""


def _note(
    course: Course, grade: Filled | Kept, comment: str, page: Path | None
) -> Note:
    told = _told(course, grade)
    said = [told, "The feedback is attached."] if page else []
    text = "\n".join(
        ([comment] if comment else []) + ([" ".join(said)] if said else [])
    )
    digest = hashlib.sha256(text.encode())
    digest.update(b"\0" + (page.read_bytes() if page else b""))
    whom = (grade.canvas_assignment, grade.canvas_student)
    digest.update("\0".join(("", *whom)).encode())
    key = NoteKey(*whom, digest.hexdigest())
    signed = f"{text}\n{mark(key.digest)}"
    return Note(key, grade.student, grade.assignment, signed, page)


def _told(course: Course, grade: Filled | Kept) -> str:
    """What a comment says of the work; no points where Canvas keeps its own."""
    assignment = course.assignments[grade.assignment]
    if isinstance(grade, Kept):
        return f"{assignment.title}."
    top = assignment.points if grade.out_of is None else grade.out_of
    return f"{assignment.title}: {grade.new:g} of {top:g} points."


def send_note(remote: Remote, ledger: Ledger, note: Note) -> None:
    """Send one note; after a doubt look before sending again."""
    for attempt in range(ATTEMPTS):
        if attempt and note.stands_in(look(remote, note.submission)):
            break
        files = [_uploaded(remote, ledger, note)] if note.page else []
        ledger.write(note.key, "intended", *files)
        body = {"text_comment": note.text} | ({"file_ids": files} if files else {})
        try:
            remote.submission(note.submission).edit(comment=body)
            break
        except (requests.exceptions.RequestException, CanvasException) as error:
            if attempt == ATTEMPTS - 1 or not _doubtful(error):
                raise
            remote.pause(3.0 * (1 + attempt))  # what was cut may still be going on
    ledger.write(note.key, "sent")


def _doubtful(error: Exception) -> bool:
    """Whether the note may have arrived, or may arrive at another try."""
    return isinstance(error, requests.exceptions.RequestException) or (
        type(error) is CanvasException
    )


def _uploaded(remote: Remote, ledger: Ledger, note: Note) -> int:
    """The Canvas number of the note's file; uploaded unless it was before."""
    known = ledger.file_of(note.key)
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
    ledger: Ledger, notes: Sequence[Note], present: Callable[[Key], Present]
) -> list[Note]:
    """The notes that are still to be sent; those that stand in Canvas are noted."""
    left = []
    for note in notes:
        if ledger.is_sent(note.key):
            continue
        if note.stands_in(present(note.submission)):
            ledger.write(note.key, "sent")
        else:
            left.append(note)
    return left
