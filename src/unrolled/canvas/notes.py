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
from typing import Any

import requests
from canvasapi.exceptions import CanvasException
from canvasapi.submission import Submission
from canvasapi.upload import Uploader

from unrolled.canvas.ledger import Ledger, NoteKey
from unrolled.canvas.matching import Filled, LeftOut
from unrolled.canvas.rest import Key, Present, Remote, present_of
from unrolled.course import Course

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
    filled: Sequence[Filled],
    comment: str,
    feedback: bool,
    left_out: list[LeftOut],
) -> list[Note]:
    """The notes that go with these grades; what cannot go is left out."""
    notes = []
    for grade in filled:
        page = _page(course, grade) if feedback else None
        why = _unfit(course, grade, page) if page else ""
        if why:
            left_out.append(LeftOut("cell", grade.student, why, grade.assignment))
        elif page or comment:
            notes.append(_note(course, grade, comment, page))
    return notes


def _page(course: Course, grade: Filled) -> Path:
    name = f"{course.assignments[grade.assignment].notebook}.html"
    return course.feedback / grade.student / grade.assignment / name


def _unfit(course: Course, grade: Filled, page: Path) -> str:
    """Why a feedback page cannot be sent; "" if it can."""
    verb = f"(unrolled feedback {grade.assignment})"
    if not page.is_file():
        return f"no feedback page yet {verb}"
    graded = course.autograded / grade.student / grade.assignment
    newest = max((p.stat().st_mtime for p in graded.glob("*.ipynb")), default=0.0)
    if newest > page.stat().st_mtime:
        return f"the feedback page is older than the grading {verb}"
    return ""


def _note(course: Course, grade: Filled, comment: str, page: Path | None) -> Note:
    assignment = course.assignments[grade.assignment]
    top = assignment.points if grade.out_of is None else grade.out_of
    told = f"{assignment.title}: {grade.new:g} of {top:g} points."
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


def send_note(remote: Remote, ledger: Ledger, note: Note) -> None:
    """Send one note; after a doubt look before sending again."""
    for attempt in range(ATTEMPTS):
        if attempt and note.stands_in(_look(remote, note.submission)):
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


def _look(remote: Remote, key: Key) -> Present:
    """What Canvas has now for one submission."""
    student, assignment = key
    path = f"courses/{remote.place.course}/assignments/{assignment}"
    way = remote.course._requester
    asked = [("include[]", "submission_comments")]
    answer = way.request("GET", f"{path}/submissions/{student}", _kwargs=asked)
    return present_of(Submission(way, answer.json()))


def _uploaded(remote: Remote, ledger: Ledger, note: Note) -> int:
    """The Canvas number of the note's file; uploaded unless it was before."""
    known = ledger.file_of(note.key)
    if known is not None:
        return known
    student, assignment = note.submission
    path = f"courses/{remote.place.course}/assignments/{assignment}"
    url = f"{path}/submissions/{student}/comments/files"
    good, answer = _upload(remote, url, note)
    if not good or "id" not in answer:
        raise CanvasException(f"the file for {note.student} was not taken")
    number = int(answer["id"])
    ledger.write(note.key, "uploaded", number)
    return number


def _upload(remote: Remote, url: str, note: Note) -> tuple[bool, dict[str, Any]]:
    """Canvas's upload in three steps, which canvasapi knows."""
    way = remote.course._requester
    uploader = Uploader(way, url, str(note.page), content_type="text/html")
    good, answer = uploader.start()
    return bool(good), dict(answer)


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
