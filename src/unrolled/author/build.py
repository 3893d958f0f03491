"""`unrolled build`: lesson texts to source/, release/ and solutions/, byte for byte.

Everything is made in a scratch course first; files are put in place, one by one
and atomically, only where they differ. What a build did not write stays (manifest.py).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from unrolled.assignment import HINTS_FILE, Material, read_cells
from unrolled.assignment.cells import join_sources
from unrolled.author.belongings import (
    STEPS,
    BuildPlan,
    find_extra_files,
    plan_files,
    read_files,
    refuse_foreign,
    refuse_links,
)
from unrolled.author.hints.keep import update_table
from unrolled.author.lesson import read_lesson
from unrolled.author.lesson.parse import make_source_notebook
from unrolled.author.manifest import FILE, Manifest, keep_copies, read_manifest
from unrolled.author.register import is_registered, register
from unrolled.author.unchanged import LastBuild, note_build, recall_build
from unrolled.converters import generate_release, generate_solutions
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_file
from unrolled.gradebook import CellChanges, plan_changes
from unrolled.gradebook.postgresql import move_gradebook
from unrolled.gradebook.queries import ReleasedNotebook


@dataclass(frozen=True, kw_only=True)
class AssignmentBuild:
    """What the build found for one assignment; paths are relative to the course.

    `stale` are files that differ or are missing, `superfluous` files that an earlier
    build wrote and no lesson makes any more; after a build that writes, these are what
    was put right. `travels` are files that somebody laid into source/, and students
    get; `kept` are files in release/ and solutions/ that no build wrote; `strays` are
    notebooks in source/ that no lesson makes (a build that writes refuses them).
    `copies` is where files that somebody had changed lie now, as they were.
    `gradebook` says what changes in it for submissions that are graded.
    """

    assignment: str
    stale: tuple[str, ...]
    superfluous: tuple[str, ...]
    registered: bool
    travels: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    copies: str = ""
    gradebook: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether every file was as the lesson makes it."""
        return not (self.stale or self.superfluous or self.strays)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What somebody has agreed to.

    `force`: to write over files that were changed (copies are kept). `cells`: that
    checks and questions come, go and change their names in the gradebook although
    submissions are graded; `renames` says, old to new, which is which.
    """

    force: bool = False
    cells: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BuildReport:
    """The report on all assignments; `dates`: what students see of them now, if new."""

    checked: bool
    assignments: tuple[AssignmentBuild, ...]
    dates: str = ""

    @property
    def fresh(self) -> bool:
        """Whether every file was as the lessons make it."""
        return all(a.fresh for a in self.assignments)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {"fresh": self.fresh, **asdict(self)}

    def as_text(self) -> str:
        """One line for each assignment, and one for each file that was not fresh."""
        lines = [line for a in self.assignments for line in self._format_lines(a)]
        return "\n".join([*lines, self.dates] if self.dates else lines)

    def _format_lines(self, a: AssignmentBuild) -> list[str]:
        built, written, removed = "built", "written", "removed"
        if self.checked:
            built = "STALE: run `unrolled build`"
            written, removed = "stale", "superfluous"
        registered = "; registered in the gradebook" if a.registered else ""
        copies = [f"  your changes are kept in {a.copies}"] if a.copies else []
        return [
            f"{a.assignment}: {'fresh' if a.fresh else built}{registered}",
            *(f"  {written} {p}" for p in a.stale),
            *(f"  {removed} {p}" for p in a.superfluous),
            *(f"  gradebook: {line}" for line in a.gradebook),
            *copies,
            *(f"  made by no lesson, move it out of source/: {p}" for p in a.strays),
            *(f"  students also get {p}" for p in a.travels),
            *(f"  left alone, no build wrote it: {p}" for p in a.kept),
        ]


def build_assignments(
    course: Course,
    assignments: Sequence[str],
    *,
    check: bool = False,
    force: bool = False,
    agreed: Approval | None = None,
) -> BuildReport:
    """Build assignments, and register them in the gradebook.

    With `check` nothing is written. Raises UserError for a mistake in a lesson, for
    a source notebook that was edited since (unless `force`: a copy is kept), for a
    file in the way that no build wrote, and for other cells under graded submissions
    that nobody has `agreed` to: it says then what would change.
    """
    agreed = agreed or Approval(force=force)
    if course.database.url and not check:
        move_gradebook(course)
    with tempfile.TemporaryDirectory(prefix="unrolled-") as scratch:
        builds = tuple(
            _build_one(course, name, Path(scratch), check=check, agreed=agreed)
            for name in assignments
        )
    return BuildReport(check, builds, "" if check else _publish_dates(course))


def _publish_dates(course: Course) -> str:
    """Tell students' pages the dates of course.toml; in words what came of it."""
    from unrolled.course.exchange import find_exchange_folder, publish_dates
    from unrolled.deadlines import publish_own_dates

    try:
        folder = find_exchange_folder(course)
        new = publish_dates(course, folder)
        publish_own_dates(course, folder)
    except UserError as error:
        return str(error)
    return "Students see the titles and due dates of course.toml now." if new else ""


def _build_one(
    course: Course, name: str, scratch: Path, *, check: bool, agreed: Approval
) -> AssignmentBuild:
    manifest = read_manifest(course)
    last = None if check else recall_build(course, name, manifest)
    if last is not None and is_registered(course, course.assignments[name]):
        return AssignmentBuild(
            assignment=name, stale=(), superfluous=(), registered=False, **asdict(last)
        )
    return _build_anew(course, name, scratch, manifest, check=check, agreed=agreed)


def _build_anew(
    course: Course,
    name: str,
    scratch: Path,
    manifest: Manifest,
    *,
    check: bool,
    agreed: Approval,
) -> AssignmentBuild:
    lesson = _make_source_files(course, name, scratch)
    extra = find_extra_files(course, name, lesson, manifest)
    if not check:
        refuse_foreign(course, name, lesson, manifest, force=agreed.force)
    release = _convert(course, name, scratch, extra)
    files = _read_products(name, scratch, extra)
    plan = plan_files(course, name, files, manifest)
    changes = _plan_gradebook(course, name, files, agreed)
    fresh = {p: content for p, content in files.items() if p not in plan.stale}
    listed = all(manifest.has_written(p, content) for p, content in fresh.items())
    travels = tuple(f"source/{name}/{p}" for p in extra)
    registered, copies = False, ""
    if not check:
        plan.refuse(force=agreed.force)
        refuse_links(course, plan.stale)
        if changes and not agreed.cells:
            raise UserError(changes.format_question())
        copies = _write(course, plan, manifest)
        registered = register(course, name, release, changes)
        note_build(course, name, manifest, LastBuild(travels, plan.kept))
    return AssignmentBuild(
        assignment=name,
        stale=plan.stale if listed else (*plan.stale, FILE),
        superfluous=plan.superfluous,
        registered=registered,
        travels=travels,
        kept=plan.kept,
        strays=plan.strays,
        copies=copies,
        gradebook=tuple(changes.lines()) if changes else (),
    )


def _read_products(
    name: str, scratch: Path, extra: Mapping[str, bytes]
) -> dict[str, bytes]:
    """What the lesson makes in all three folders; not what others laid beside it."""
    return {
        f"{step}/{name}/{p}": content
        for step in STEPS
        for p, content in read_files(scratch / step / name).items()
        if not (step == "source" and p in extra)
    }


def _plan_gradebook(
    course: Course, name: str, files: Mapping[str, bytes], agreed: Approval
) -> CellChanges | None:
    settings = course.assignments[name]
    source = json.loads(files[f"source/{name}/{settings.notebook}.ipynb"])
    return plan_changes(course, settings, read_cells(source), agreed.renames)


def _write(course: Course, plan: BuildPlan, manifest: Manifest) -> str:
    """Put everything in place; where copies of changed files lie, if there are any."""
    try:
        copies = str(keep_copies(course, plan.changed)) if plan.changed else ""
        for path in plan.stale:
            (course.root / path).parent.mkdir(parents=True, exist_ok=True)
            write_file(course.root / path, plan.files[path])
        for path in plan.superfluous:
            (course.root / path).unlink()
        manifest.record(plan.files, plan.superfluous)
    except OSError as error:
        path = error.filename2 or error.filename
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
    return copies


def _make_source_files(course: Course, name: str, scratch: Path) -> dict[str, bytes]:
    """What the lesson itself puts into source/, in a scratch course."""
    for file in ("course.toml", "nbgrader_config.py"):
        shutil.copyfile(course.root / file, scratch / file)
    title = course.assignments[name].notebook
    lesson = read_lesson(course.lessons / name / f"{title}.py")
    source = scratch / "source" / name
    source.mkdir(parents=True)
    (source / f"{title}.ipynb").write_text(
        dump(make_source_notebook(lesson)), encoding="utf-8"
    )
    data = course.lessons / name / "data"
    if data.is_dir():
        shutil.copytree(data, source / "data")
    hints = _make_hints(course, name, source)
    if hints is not None:
        (source / HINTS_FILE).write_bytes(hints)
    return read_files(source)


def _make_hints(course: Course, name: str, source: Path) -> bytes | None:
    """The hints of the assignment that lies in `source`: those there are, if they fit.

    None for a lesson without a catalogue.
    """
    catalogue = course.lessons / name / "misconceptions.py"
    if not catalogue.exists():
        return None
    title = course.assignments[name].notebook
    files = read_files(source)
    notebook = join_sources(json.loads(files.pop(f"{title}.ipynb")))
    former = course.source / name / HINTS_FILE
    material = Material(
        assignment=name,
        notebook=title,
        source=notebook,
        release=notebook,
        misconceptions=catalogue.read_text(encoding="utf-8"),
        data=files,
    )
    return update_table(material, former.read_bytes() if former.exists() else None)


def _convert(
    course: Course, name: str, scratch: Path, extra: dict[str, bytes]
) -> ReleasedNotebook:
    """release/ and solutions/ from the scratch course's source/, by nbgrader.

    What the gradebook registers of the release is returned.
    """
    title = course.assignments[name].notebook
    for file, content in extra.items():
        path = scratch / "source" / name / file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise UserError(
                f"{course.source / name / file} is in the way of a folder or file of "
                "the lesson that has the same name. Move or rename it."
            ) from error
    released = generate_release(scratch, name)
    generate_solutions(scratch, name)
    for step in ("release", "solutions"):
        path = scratch / step / name / f"{title}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"].pop("unrolled", None)
        path.write_text(dump(join_sources(notebook)), encoding="utf-8")
    return released


def dump(notebook: Any) -> str:
    """A notebook as text: sorted keys, sources as lists of lines, one final newline."""
    document = json.loads(json.dumps(notebook))
    for cell in document["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
