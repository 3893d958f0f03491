"""`unrolled build`: lesson texts to source/, release/ and solutions/, byte for byte.

Everything is made in a scratch course first; files are put in place, one by one
and atomically, only where they differ.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unrolled.author.convert import generate, solve
from unrolled.author.lesson import digest, read_lesson, to_notebook
from unrolled.author.register import register
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.gradebook import make_tables
from unrolled.postgresql import move_in

STEPS = ("source", "release", "solutions")


@dataclass(frozen=True)
class AssignmentBuild:
    """What the build found for one assignment; paths are relative to the course.

    `stale` are files that differ or are missing, `superfluous` files that no
    lesson makes; after a build that writes, these are what was put right.
    """

    assignment: str
    stale: tuple[str, ...]
    superfluous: tuple[str, ...]
    registered: bool


@dataclass(frozen=True)
class BuildReport:
    """The report on all assignments; `dates`: what students see of them now, if new."""

    checked: bool
    assignments: tuple[AssignmentBuild, ...]
    dates: str = ""

    @property
    def fresh(self) -> bool:
        """Whether every file was as the lessons make it."""
        return not any(a.stale or a.superfluous for a in self.assignments)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {"fresh": self.fresh, **asdict(self)}

    def as_text(self) -> str:
        """One line for each assignment, and one for each file that was not fresh."""
        lines = [line for a in self.assignments for line in self._lines(a)]
        return "\n".join([*lines, self.dates] if self.dates else lines)

    def _lines(self, a: AssignmentBuild) -> list[str]:
        state = "fresh" if not (a.stale or a.superfluous) else "built"
        if self.checked and state == "built":
            state = "STALE: run `unrolled build`"
        told = "; registered in the gradebook" if a.registered else ""
        return [
            f"{a.assignment}: {state}{told}",
            *(f"  {'stale' if self.checked else 'written'} {p}" for p in a.stale),
            *(
                f"  {'superfluous' if self.checked else 'removed'} {p}"
                for p in a.superfluous
            ),
        ]


def build(
    course: Course,
    assignments: Sequence[str],
    check: bool = False,
    force: bool = False,
) -> BuildReport:
    """Build assignments, and register them in the gradebook.

    With `check` nothing is written. Raises UserError for a mistake in a lesson,
    and for a source notebook that was edited since (unless `force`).
    """
    made = []
    if course.database.url and not check:
        move_in(course)
    with tempfile.TemporaryDirectory(prefix="unrolled-") as scratch:
        for name in assignments:
            made.append(_build_one(course, name, Path(scratch), check, force))
    return BuildReport(check, tuple(made), "" if check else _tell_dates(course))


def _tell_dates(course: Course) -> str:
    """Tell students' pages the dates of course.toml; in words what came of it."""
    from unrolled.hub.exchange_place import exchange_folder, tell_dates

    try:
        new = tell_dates(course, exchange_folder(course))
    except UserError as error:
        return str(error)
    return "Students see the titles and due dates of course.toml now." if new else ""


def _build_one(
    course: Course, name: str, scratch: Path, check: bool, force: bool
) -> AssignmentBuild:
    if not (check or force):
        _refuse_edited(course, name)
    _make(course, name, scratch)
    stale, superfluous = [], []
    for step in STEPS:
        new = _files(scratch / step / name)
        old = _files(course.root / step / name)
        stale += [f"{step}/{name}/{p}" for p in new if old.get(p) != new[p]]
        superfluous += [f"{step}/{name}/{p}" for p in old if p not in new]
    registered = False
    if not check:
        for path in stale:
            _put(scratch / path, course.root / path)
        for path in superfluous:
            (course.root / path).unlink()
        registered = register(course, name)
    return AssignmentBuild(name, tuple(stale), tuple(superfluous), registered)


def _make(course: Course, name: str, scratch: Path) -> None:
    """The three folders of an assignment, in a scratch course."""
    for file in ("course.toml", "nbgrader_config.py"):
        shutil.copyfile(course.root / file, scratch / file)
    title = course.assignments[name].notebook
    lesson = read_lesson(course.lessons / name / f"{title}.py")
    source = scratch / "source" / name
    source.mkdir(parents=True)
    (source / f"{title}.ipynb").write_text(dump(to_notebook(lesson)), encoding="utf-8")
    data = course.lessons / name / "data"
    if data.is_dir():
        shutil.copytree(data, source / "data")
    url = f"sqlite:///{scratch / name}.db"
    make_tables(url)
    generate(scratch, name, url)
    solve(scratch, name, url)
    for step in ("release", "solutions"):
        path = scratch / step / name / f"{title}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"].pop("unrolled", None)
        path.write_text(dump(_joined(notebook)), encoding="utf-8")


def _joined(notebook: dict[str, Any]) -> dict[str, Any]:
    for cell in notebook["cells"]:
        if isinstance(cell["source"], list):
            cell["source"] = "".join(cell["source"])
    return notebook


def dump(notebook: Any) -> str:
    """A notebook as text: sorted keys, sources as lists of lines, one final newline."""
    document = json.loads(json.dumps(notebook))
    for cell in document["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    names = {p: p.relative_to(folder).as_posix() for p in paths}
    return {
        n: p.read_bytes() for p, n in names.items() if ".ipynb_checkpoints" not in n
    }


def _put(new: Path, place: Path) -> None:
    """Replace a file atomically."""
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    shutil.copyfile(new, beside)
    beside.replace(place)


def _refuse_edited(course: Course, name: str) -> None:
    """A source notebook that was edited in Jupyter is not overwritten."""
    for path in (course.source / name).glob("*.ipynb"):
        try:
            notebook = _joined(json.loads(path.read_text(encoding="utf-8")))
            kept = notebook["metadata"]["unrolled"]["digest"]
            edited = digest(notebook) != kept
        except (ValueError, KeyError, TypeError):
            edited = True
        if edited:
            raise UserError(
                f"{path}: was edited since it was built. Bring the edit back with "
                f"`unrolled import {path}`, or drop it with `unrolled build --force`."
            )
