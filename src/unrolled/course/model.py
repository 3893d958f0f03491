"""The course folder: course.toml and the paths in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from unrolled.course.canvas import CanvasSettings, read_canvas_settings
from unrolled.course.database import Database, read_database
from unrolled.course.hub import HubSettings, read_hub_settings
from unrolled.course.limits import Limits
from unrolled.course.toml import TomlTable, load_toml
from unrolled.errors import UserError

CONFIG_FILE = "nbgrader_config.py"
# When students see the model answers and marking schemes of written answers.
Schemes = Literal["never", "after-deadline"]
_LIMITS = ("call_seconds", "cell_seconds", "check_seconds", "submission_seconds")


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs: `per_day` percent of the score for each started day after
    `grace_minutes`, at most `max` percent."""

    per_day: float = 0.0
    max: float = 100.0
    grace_minutes: int = 0


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One assignment; `points` are those in Canvas, times carry a time zone."""

    name: str
    title: str
    notebook: str
    release: datetime | None = None
    due: datetime | None = None
    points: float = 100.0
    late: LatePolicy = LatePolicy()


class _Part:
    """A file or folder of the course folder, by its name there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, course: Course, _: object) -> Path:
        return course.root / self.name


@dataclass(frozen=True, kw_only=True)
class Course:
    """A course folder and what its course.toml says.

    `late_days` are each student's free ones for the term.
    """

    root: Path
    id: str
    title: str
    timezone: ZoneInfo
    assignments: dict[str, Assignment]
    late_days: int = 0
    feedback_tests: bool = False
    feedback_schemes: Schemes = "never"
    allow_weak: bool = False
    limits: Limits = field(default_factory=Limits)
    canvas: CanvasSettings = field(default_factory=CanvasSettings)
    hub: HubSettings = field(default_factory=HubSettings)
    database: Database = field(default_factory=Database)

    lessons = _Part("lessons")  # lesson texts
    source = _Part("source")  # the instructor's notebooks
    release = _Part("release")  # the students' notebooks
    solutions = _Part("solutions")  # solved notebooks
    submitted = _Part("submitted")  # what students have handed in
    autograded = _Part("autograded")  # graded notebooks
    feedback = _Part("feedback")  # feedback pages
    build = _Part("build")  # scratch: backups, demo, rendered solutions
    gradebook = _Part("gradebook.db")  # nbgrader's, unless it is in PostgreSQL
    secret_file = _Part("course.secret")  # where the course secret lies
    extensions = _Part("extensions.csv")  # deadlines that are one student's own

    def source_notebook(self, assignment: str) -> Path:
        """The instructor's notebook of an assignment."""
        return self._file(self.source, assignment)

    def release_notebook(self, assignment: str) -> Path:
        """The students' notebook of an assignment."""
        return self._file(self.release, assignment)

    def submitted_folder(self, student: str, assignment: str) -> Path:
        """The folder that a student has handed in."""
        return self.submitted / student / assignment

    def submitted_notebook(self, student: str, assignment: str) -> Path:
        """The notebook that a student has handed in, if it has the right name."""
        return self._file(self.submitted / student, assignment)

    def autograded_folder(self, student: str, assignment: str) -> Path:
        """The folder of a student's graded notebook."""
        return self.autograded / student / assignment

    def autograded_notebook(self, student: str, assignment: str) -> Path:
        """A student's notebook with the verdicts in it."""
        return self._file(self.autograded / student, assignment)

    def feedback_folder(self, student: str, assignment: str) -> Path:
        """The folder of a student's feedback page."""
        return self.feedback / student / assignment

    def feedback_page(self, student: str, assignment: str) -> Path:
        """A student's feedback page."""
        return self._file(self.feedback / student, assignment, "html")

    def _file(self, folder: Path, assignment: str, ending: str = "ipynb") -> Path:
        name = self.assignments[assignment].notebook
        return folder / assignment / f"{name}.{ending}"

    @property
    def gradebook_place(self) -> str:
        """Where nbgrader's database is, for messages."""
        return self.database.url or str(self.gradebook)

    @property
    def db_url(self) -> str:
        """nbgrader's database as SQLAlchemy has it."""
        if self.database.url:
            return self.database.sqlalchemy_url
        return f"sqlite:///{self.gradebook}"


def find_course(start: Path | None = None) -> Course:
    """The course of a folder or of one above it; UserError if there is none."""
    begin = (start or Path.cwd()).resolve()
    if not begin.exists():
        raise UserError(f"{begin}: there is no such folder.")
    folder = find_course_folder(begin)
    if folder is not None:
        return load_course(folder)
    raise UserError(
        f"{begin}: no course here or above (a folder with {CONFIG_FILE} and "
        "course.toml). Go there, or give it with --course."
    )


def find_course_folder(begin: Path) -> Path | None:
    """The folder of a course, this one or one above it; None if there is none."""
    for folder in (begin, *begin.parents):
        if (folder / CONFIG_FILE).is_file() and (folder / "course.toml").is_file():
            return folder
    return None


def load_course(root: Path) -> Course:
    """Read course.toml; UserError names the file, the table and the key."""
    path = root / "course.toml"
    table = load_toml(path)
    table.only("course", "assignments", "feedback", "grading", "canvas", "hub")
    course = table.table("course", "id", "title", "timezone", "late_days")
    feedback = table.table("feedback", "show_hidden_tests", "schemes")
    grading = table.table("grading", "allow_weak", "database", "lock_seconds", *_LIMITS)
    usual = Limits()
    seconds: dict[str, Any] = {
        key: grading.seconds(key, getattr(usual, key), 86400) for key in _LIMITS
    }
    zone = _read_timezone(course)
    assignments = table.table("assignments")
    return Course(
        root=root.resolve(),
        id=course.text("id"),
        title=course.text("title"),
        timezone=zone,
        assignments={
            n: _read_assignment(n, assignments, zone) for n in assignments.values
        },
        late_days=course.whole("late_days", 0, 1000),
        feedback_tests=feedback.switch("show_hidden_tests"),
        feedback_schemes=_read_schemes(feedback),
        allow_weak=grading.switch("allow_weak"),
        limits=replace(usual, **seconds),
        canvas=read_canvas_settings(table.table("canvas")),
        hub=read_hub_settings(table.table("hub")),
        database=read_database(grading),
    )


def _read_timezone(course: TomlTable) -> ZoneInfo:
    name = course.text("timezone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise course.fail(
            "timezone", f"{name!r} is no time zone, such as America/Chicago"
        ) from error


def _read_schemes(table: TomlTable) -> Schemes:
    value = table.get("schemes", str, "never")
    for known in get_args(Schemes):
        if value == known:
            return cast(Schemes, value)
    known = ", ".join(f'"{name}"' for name in get_args(Schemes))
    raise table.fail("schemes", f"{value!r} is none of {known}")


def _read_assignment(name: str, tables: TomlTable, zone: ZoneInfo) -> Assignment:
    table = tables.table(name, "title", "release", "due", "points", "late")
    late = table.table("late", "per_day", "max", "grace_minutes")
    return Assignment(
        name=name,
        title=table.text("title"),
        notebook=name.split("_", 1)[-1],
        release=_read_moment(table, "release", zone),
        due=_read_moment(table, "due", zone),
        points=table.number("points", 100.0, 1e6),
        late=LatePolicy(
            per_day=late.number("per_day", 0.0, 100.0),
            max=late.number("max", 100.0, 100.0),
            grace_minutes=late.whole("grace_minutes", 0, 10**6),
        ),
    )


def _read_moment(table: TomlTable, key: str, zone: ZoneInfo) -> datetime | None:
    value = table.values.get(key)
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise table.fail(key, f"{value!r} is no time, such as 2027-02-05 23:59:00")
    return value if value.tzinfo else value.replace(tzinfo=zone)
