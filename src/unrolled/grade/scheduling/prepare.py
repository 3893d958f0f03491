"""From a folder of submitted/ to a job: read, with every fault as a reason."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from unrolled.assignment import Material
from unrolled.assignment.seeds import derive_seed
from unrolled.course import Course
from unrolled.course.secret import load_course_secret
from unrolled.errors import UserError
from unrolled.grade.scheduling.engine_digest import compute_engine_digest
from unrolled.grade.scheduling.job import SECRET_FILE, AccompanyingFiles, GradingJob
from unrolled.grade.submission import parse_submission
from unrolled.grade.submission.identify import NotebookIdentifier
from unrolled.grade.submission.notebook import read_submission_bytes
from unrolled.timestamps import read_stamp

MAX_SECRET = 200


@dataclass(frozen=True)
class PreparedJob:
    """A submission that can be read; `key` names everything its result hangs on."""

    job: GradingJob
    accompanying: AccompanyingFiles
    repairs: tuple[str, ...]
    key: str


class JobPreparer:
    """Makes jobs of one assignment."""

    def __init__(self, course: Course, assignment: str, material: Material) -> None:
        self.course = course
        self.assignment = assignment
        self.material = material
        self.secret = load_course_secret(course)
        self.digest = f"{material.digest} {compute_engine_digest()}"
        self.files = _read_assignment_files(course.source / assignment)
        self.identifier = NotebookIdentifier(course, material)

    def prepare(self, student: str) -> PreparedJob:
        """Read what a student has handed in; UserError says what is wrong with it."""
        path = self.course.submitted_notebook(student, self.assignment)
        folder = path.parent
        if not path.exists() and not path.is_symlink():
            raise UserError(_explain_missing(folder, path))
        submission = read_submission_bytes(path)
        repairs = self.identifier.check_notebook(
            path, parse_submission(submission, path)
        )
        stamp, wrong = read_stamp(folder, self.course.timezone)
        job = GradingJob(
            student=student,
            name=str(path),
            submission=submission,
            material=self.material,
            seed=derive_seed(self.secret, self.assignment, student),
            limits=self.course.limits,
        )
        files = self.files | _read_secret(folder / SECRET_FILE)
        accompanying = AccompanyingFiles(stamp, files, forget_time=bool(wrong))
        if wrong:
            repairs = (wrong, *repairs)
        return PreparedJob(job, accompanying, repairs, self._make_key(job, stamp))

    def _make_key(self, job: GradingJob, stamp: str | None) -> str:
        parts = (job.student, str(job.seed), stamp, asdict(job.limits), self.digest)
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
        digest.update(job.submission)
        return digest.hexdigest()


def _read_assignment_files(folder: Path) -> dict[str, bytes]:
    """What nbgrader copies beside every notebook: the assignment's other files."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".ipynb"
        if not any(p.startswith(".") for p in path.relative_to(folder).parts)
    }


def _explain_missing(folder: Path, path: Path) -> str:
    names = sorted(p.name for p in folder.iterdir())[:5]
    if not names:
        return f"{path}: not handed in; the folder is empty."
    return f"{path}: not handed in; there is {', '.join(names)}. Was it renamed?"


def _read_secret(path: Path) -> dict[str, bytes]:
    """What nbgrader's exchange finds the student's feedback by, if it is in order."""
    if path.is_symlink() or not path.is_file():
        return {}
    with path.open("rb") as file:
        content = file.read(MAX_SECRET)
    return {SECRET_FILE: content} if re.fullmatch(rb"[0-9a-f]{32,160}", content) else {}
