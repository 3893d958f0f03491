"""The handout: released notebooks and all that a student's own computer needs."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from unrolled.author.belongings import read_files
from unrolled.course import Assignment, Course
from unrolled.errors import UserError
from unrolled.files import write_output
from unrolled.handout.pins import build_requirement_files, list_student_packages
from unrolled.handout.wheel import build_student_wheel, build_zip, make_wheel_name

COMMENT = b"made by unrolled handout"
PROGRAMS = {"start.py": "start.py", "start.sh": "start.sh", "start.command": "start.sh"}
_HIDDEN = re.compile(r"#+ *(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


@dataclass(frozen=True, kw_only=True)
class HandoutReport:
    """The zip: where it is, what is in it, and what one should know of it."""

    file: str
    assignments: tuple[str, ...]
    files: tuple[str, ...]
    bytes: int
    sha256: str
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)

    def as_text(self) -> str:
        """What was written, and what to do with it."""
        size = f"{self.bytes / 2**20:.1f} MB"
        return "\n".join(
            (
                f"{self.file}: {', '.join(self.assignments)} ({size})",
                *(f"note: {note}" for note in self.notes),
                "Students unpack it and open START-HERE.html.",
            )
        )


def list_released(course: Course, now: datetime) -> list[str]:
    """The assignments that are out: without a date of release, or after it.

    Raises UserError if there is none.
    """
    names = [
        a.name for a in course.assignments.values() if not a.release or a.release <= now
    ]
    if not names:
        raise UserError(
            f"{course.root / 'course.toml'}: no assignment is released yet. Name those "
            "that students should get: unrolled handout "
            f"{next(iter(course.assignments), 'ASSIGNMENT')}"
        )
    return names


def make_handout(
    course: Course,
    names: Sequence[str],
    out: Path,
    now: datetime,
    *,
    force: bool = False,
) -> HandoutReport:
    """Write the zip for the named assignments.

    Raises UserError if an assignment was not built, if a released notebook holds what
    students must not see, or if `out` is a file that no handout was before (unless
    `force`).
    """
    if not force:
        _refuse_other(out)
    chosen = [course.assignments[name] for name in dict.fromkeys(names)]
    files = build_handout_files(course, chosen)
    programs = frozenset(f"{course.id}/{p}" for p in PROGRAMS)
    content = build_zip(
        {f"{course.id}/{name}": data for name, data in files.items()}, programs, COMMENT
    )
    write_output(out, content)
    early = [a for a in chosen if a.release and a.release > now]
    return HandoutReport(
        file=str(out),
        assignments=tuple(a.name for a in chosen),
        files=tuple(sorted(files)),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        notes=tuple(
            f"{a.name} is to be released on {_format_date(a.release)}; it may give "
            "away the answers of an earlier one."
            for a in early
        ),
    )


def _refuse_other(out: Path) -> None:
    """UserError if there is a file that no handout was before."""
    if not out.exists():
        return
    try:
        with zipfile.ZipFile(out) as archive:
            ours = archive.comment == COMMENT
    except (OSError, zipfile.BadZipFile):
        ours = False
    if not ours:
        raise UserError(
            f"{out} exists already and is not a handout. Write elsewhere with --out, "
            "or replace it with --force."
        )


def build_handout_files(
    course: Course, chosen: Sequence[Assignment]
) -> dict[str, bytes]:
    """All files of the handout by their path in it."""
    given = resources("unrolled.handout") / "files"
    wheel = make_wheel_name()
    content = {name: (given / file).read_bytes() for name, file in PROGRAMS.items()}
    windows = (given / "start.cmd").read_bytes().replace(b"\r\n", b"\n")
    # cmd.exe wants these line ends, whatever a clone has made of the file.
    content["start.cmd"] = windows.replace(b"\n", b"\r\n")
    content["START-HERE.html"] = _render_page(course, chosen).encode()
    content |= build_requirement_files(wheel)
    content[wheel] = build_student_wheel(list_student_packages())
    for assignment in chosen:
        content |= _read_released(course, assignment)
    return content


def _read_released(course: Course, assignment: Assignment) -> dict[str, bytes]:
    folder = course.release / assignment.name
    notebook = f"{assignment.notebook}.ipynb"
    released = {
        name: data
        for name, data in read_files(folder).items()
        if not any(part.startswith(".") for part in name.split("/"))
    }
    if notebook not in released:
        raise UserError(f"{folder / notebook} is missing: run `unrolled build` first.")
    for name, data in released.items():
        if name.endswith(".ipynb"):
            _refuse_secrets(folder / name, data)
    return {f"assignments/{assignment.name}/{n}": data for n, data in released.items()}


def _refuse_secrets(path: Path, data: bytes) -> None:
    """A notebook that was put into release/ by hand may be the instructor's."""
    try:
        cells = json.loads(data)["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no notebook: run `unrolled build`.") from error
    secret = next(filter(None, map(_HIDDEN.search, sources)), None)
    if secret is not None:
        raise UserError(
            f"{path} holds {secret[0]!r}: it is the instructor's notebook. Run "
            "`unrolled build`, which makes the students' one."
        )


def _render_page(course: Course, chosen: Sequence[Assignment]) -> str:
    loader = PackageLoader("unrolled.handout", "files")
    pages = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    rows = [
        {
            "title": a.title,
            "name": a.name,
            "notebook": a.notebook,
            "due": _format_date(a.due),
        }
        for a in chosen
    ]
    text = pages.get_template("START-HERE.html.j2").render(
        title=course.title, assignments=rows, hub=course.canvas.hub
    )
    return text + "\n"


def _format_date(moment: datetime | None) -> str:
    """A date as people read it, with its zone, in the same words everywhere."""
    if moment is None:
        return ""
    day = f"{_DAYS[moment.weekday()]}, {_MONTHS[moment.month - 1]} {moment.day}"
    return f"{day}, {moment.year}, {moment:%H:%M} {moment.tzname() or ''}".rstrip()


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
