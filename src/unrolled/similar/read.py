"""Reads what was handed in, this term and in earlier ones, as text: nothing is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.assignment import Material, read_cells
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade import list_submitted_students
from unrolled.grade.submission import parse_submission, rebuild_submission
from unrolled.grade.submission.notebook import read_submission_bytes
from unrolled.similar.traits import MAX_TEXT

OWN_CELLS = ""  # in the place of a grade id: all code cells that the student added


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a student wrote, by grade id; what is as it was released is left out.

    `term` is "" for this term's. `reason` says why there is nothing to compare.
    """

    student: str
    term: str
    code: Mapping[str, str]
    answers: Mapping[str, str]
    reason: str = ""

    @property
    def too_long(self) -> tuple[str, ...]:
        """The cells of which only the beginning is compared."""
        cells = {**self.code, **self.answers}
        return tuple(name for name, text in cells.items() if len(text) > MAX_TEXT)


@dataclass(frozen=True)
class Place:
    """A folder of submissions, `FOLDER/STUDENT/ASSIGNMENT/`, of a term."""

    term: str
    folder: Path
    students: tuple[str, ...]


def find_places(
    course: Course, assignment: str, also: Sequence[Path]
) -> tuple[Place, ...]:
    """This term's submissions, those that `unrolled new-term` moved aside, and `also`.

    UserError for a folder of `also` that holds no submission of the assignment.
    """
    students = tuple(list_submitted_students(course, assignment))
    places = [Place("", course.root / "submitted", students)]
    for term in sorted((course.build / "terms").glob("*/submitted")):
        places.append(_find_place(term.parent.name, term, assignment))
    for folder in also:
        inner = folder / "submitted"
        place = _find_place(
            folder.name, inner if inner.is_dir() else folder, assignment
        )
        if not place.students:
            raise UserError(
                f"{folder}: no submission of {assignment} lies here. A folder for each "
                f"student is looked for, as in submitted/: STUDENT/{assignment}/."
            )
        places.append(place)
    return tuple(place for place in places if place.students)


def _find_place(term: str, folder: Path, assignment: str) -> Place:
    found = sorted(folder.glob(f"*/{assignment}"))
    return Place(term, folder, tuple(path.parent.name for path in found))


def read_submissions(material: Material, place: Place) -> Iterator[Submission]:
    """All submissions of a place, also those that cannot be read."""
    for student in place.students:
        folder = place.folder / student / material.assignment
        path = folder / f"{material.notebook}.ipynb"
        reason = ""
        code: dict[str, str] = {}
        answers: dict[str, str] = {}
        try:
            code, answers = _read(material, path)
            if not code and not answers:
                reason = "nothing is written in it"
        except (UserError, OSError, RecursionError) as error:
            reason = _shorten(error, path)
        yield Submission(
            student=student,
            term=place.term,
            code=code,
            answers=answers,
            reason=reason,
        )


def _shorten(error: Exception, path: Path) -> str:
    """Why a notebook cannot be read, without the folders that lead to it."""
    if isinstance(error, RecursionError):
        return f"{path.name}: too deeply nested"
    if not path.exists():
        return f"{path.name} is not there"
    return " ".join(str(error).split()).replace(f"{path.parent}/", "")


def _read(material: Material, path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Code and written answers, with the student's own code cells as one."""
    submitted = parse_submission(read_submission_bytes(path), path)
    released = {c.grade_id: c.source.strip() for c in material.release_cells}
    code: dict[str, str] = {}
    answers: dict[str, str] = {}
    own: list[str] = []
    for cell in read_cells(rebuild_submission(material, submitted).notebook):
        text = cell.source.strip()
        if cell.role == "own" and cell.cell_type == "code":
            own.append(text)
        elif cell.is_solution and text not in ("", released[cell.grade_id]):
            (code if cell.role == "exercise" else answers)[cell.grade_id] = text
    if any(own):
        code[OWN_CELLS] = "\n\n".join(filter(None, own))
    return code, answers
