"""The handout: released notebooks and all that a student's own computer needs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, metadata, requires
from importlib.resources import files as resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import unrolled
from unrolled.assignment.cells import find_answers
from unrolled.author.belongings import read_files
from unrolled.course import Assignment, Course
from unrolled.errors import UserError
from unrolled.files import write_output

COMMENT = b"made by unrolled handout"
PROGRAMS = {"start.py": "start.py", "start.sh": "start.sh", "start.command": "start.sh"}
EXTRA = "lab"
FILE = "constraints.txt"
TAG = "py3-none-any"
PARTS = ("__init__.py", "errors.py", "py.typed", "lab")
EPOCH = (2000, 1, 1, 0, 0, 0)  # a zip's times are part of its bytes
_UNIX = 3


@dataclass(frozen=True, kw_only=True)
class HandoutReport:
    """The zip: where it is, what is in it, and what one should know of it."""

    file: str
    assignments: tuple[str, ...]
    files: tuple[str, ...]
    bytes: int
    sha256: str
    notes: tuple[str, ...]

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
    # From the name pip reads what the file is.
    wheel = f"unrolled-{make_wheel_version()}-{TAG}.whl"
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
        refuse = _refuse_solved if name.endswith(".ipynb") else _refuse_lesson
        refuse(folder / name, data)
    return {f"assignments/{assignment.name}/{n}": data for n, data in released.items()}


def _refuse_lesson(path: Path, data: bytes) -> None:
    """What lies beside a notebook may be the text that it was made of."""
    found = find_answers(path.name, data.decode("utf-8", "replace"))
    if found:
        raise UserError(
            f"{path} holds {found}: it is the instructor's file. Move it out of "
            "release/, and make the handout again."
        )


def _refuse_solved(path: Path, data: bytes) -> None:
    """A notebook that was put into release/ by hand may be the instructor's."""
    try:
        cells = json.loads(data)["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no notebook: run `unrolled build`.") from error
    found = find_answers(path.name, "\n".join(sources))
    if found:
        raise UserError(
            f"{path} holds {found}: it is the instructor's notebook. Run "
            "`unrolled build`, which makes the students' one."
        )


def _render_page(course: Course, chosen: Sequence[Assignment]) -> str:
    loader = PackageLoader("unrolled.handout", "files")
    pages = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    names = ("title", "name", "notebook")
    rows = [
        {n: getattr(a, n) for n in names} | {"due": _format_date(a.due)} for a in chosen
    ]
    text = pages.get_template("START-HERE.html.j2").render(
        title=course.title, assignments=rows, hub=course.canvas.hub
    )
    return text + "\n"


def _format_date(moment: datetime | None) -> str:
    """A date as people read it, with its zone, in the same words everywhere."""
    if moment is None:
        return ""
    day, month = _DAYS.split()[moment.weekday()], _MONTHS.split()[moment.month - 1]
    day = f"{day}, {month} {moment.day}"
    return f"{day}, {moment.year}, {moment:%H:%M} {moment.tzname() or ''}".rstrip()


_DAYS = "Mon Tue Wed Thu Fri Sat Sun"
_MONTHS = """
January February March April May June July August September October November December
"""


def read_pins() -> dict[str, str]:
    """Exact versions by normalised name, from the file that this package came with.

    Raises UserError if it is missing: an installation that was taken apart.
    """
    package = Path(unrolled.__file__).parent
    for path in (package.parents[1] / FILE, package / FILE):
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            matches = [re.match(r"([\w.-]+)==(\S+)", line) for line in lines]
            return {canonicalize_name(m[1]): m[2] for m in matches if m}
    raise UserError(f"{package / FILE} is missing: install this package again.")


def list_student_packages() -> tuple[str, ...]:
    """The names that students install: the package's own needs and those of `lab`."""
    needs = (Requirement(r) for r in _read_requirements())
    named = (
        r for r in needs if r.marker is None or r.marker.evaluate({"extra": EXTRA})
    )
    return tuple(sorted({canonicalize_name(r.name) for r in named}))


def _read_requirements() -> list[str]:
    """This package's requirements, from a clone's own file where there is one.

    What an editable installation knows of them may be older.
    """
    path = Path(unrolled.__file__).parents[2] / "pyproject.toml"
    if not path.is_file():
        return requires("unrolled") or []
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"][EXTRA]
    return [*project["dependencies"], *(f"{r}; extra == '{EXTRA}'" for r in extra)]


def find_dependencies(names: Iterable[str]) -> set[str]:
    """The names and all that they need, on whatever system: markers are not asked."""
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in needed:
            needed.add(name)
            rest = map(Requirement, _list_requirements(name))
            # Without those that an extra asks for.
            waiting += [r.name for r in rest if "extra" not in str(r.marker)]
    return needed


def _list_requirements(name: str) -> list[str]:
    try:
        return metadata(name).get_all("Requires-Dist") or []
    except PackageNotFoundError:  # of another system: pip finds out what it needs
        return []


def build_requirement_files(wheel: str) -> dict[str, bytes]:
    """requirements.txt, what is installed, and constraints.txt, all the pins of it.

    The last line of what is installed is the wheel, a file beside it.
    """
    known, names = read_pins(), list_student_packages()
    needed = sorted(find_dependencies(names) & known.keys())
    named = "".join(f"{n}=={known[n]}\n" for n in names)
    pinned = "".join(f"{n}=={known[n]}\n" for n in needed)
    return {"requirements.txt": f"{named}./{wheel}\n".encode(), FILE: pinned.encode()}


def make_wheel_version() -> str:
    """A version of its own: nobody shall take this wheel for the whole package."""
    return f"{unrolled.__version__}+students"


def build_student_wheel(needs: tuple[str, ...]) -> bytes:
    """The wheel; `needs` are its requirements. The same bytes wherever it is made."""
    info = f"unrolled-{make_wheel_version()}.dist-info"
    files = _read_package() | {
        f"{info}/METADATA": _format_metadata(needs).encode(),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: unrolled {unrolled.__version__}\n"
            f"Root-Is-Purelib: true\nTag: {TAG}\n"
        ).encode(),
    }
    lines = [
        f"{n},sha256={_hash_content(c)},{len(c)}" for n, c in sorted(files.items())
    ]
    record = "\n".join([*lines, f"{info}/RECORD,,", ""])
    return build_zip(files | {f"{info}/RECORD": record.encode()})


def _read_package() -> dict[str, bytes]:
    """The files of the package that a student gets, by their path in the wheel."""
    root = Path(unrolled.__file__).parent
    paths = [p for part in PARTS for p in (root / part, *(root / part).rglob("*"))]
    return {
        f"unrolled/{p.relative_to(root).as_posix()}": p.read_bytes()
        for p in paths
        if p.is_file() and "__pycache__" not in p.parts
    }


def _format_metadata(needs: tuple[str, ...]) -> str:
    return "".join(
        f"{line}\n"
        for line in (
            "Metadata-Version: 2.1",
            "Name: unrolled",
            f"Version: {make_wheel_version()}",
            "Summary: What the course's notebooks import: checks, figures, widgets.",
            "License: MIT",
            "Requires-Python: >=3.11",
            *(f"Requires-Dist: {need}" for need in needs),
        )
    )


def _hash_content(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def build_zip(
    files: Mapping[str, bytes],
    programs: frozenset[str] = frozenset(),
    comment: bytes = b"",
) -> bytes:
    """A zip with the same bytes everywhere: sorted, undated, not compressed.

    (Compressors differ between versions.) `programs` may be executed.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, files[name])
        archive.comment = comment
    return stream.getvalue()
