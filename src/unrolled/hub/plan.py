"""The plan of a hub: its folders, its people and its ports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from unrolled.course import Course
from unrolled.course.hub import DEMO_STUDENTS, is_account_name
from unrolled.errors import UserError

PLAN_FILE = "plan.json"
GRADER_LIMIT = 32 - len("grader-")


@dataclass(frozen=True, kw_only=True)
class HubPlan:
    """Names, folders and ports of one hub. People are operating system accounts."""

    course: str
    title: str
    folder: Path
    port: int
    sign_in: str
    instructors: tuple[str, ...]
    assistants: tuple[str, ...]
    students: tuple[str, ...]
    homes: Path = Path("/home")
    idle_minutes: int = 60
    memory_mb: int = 2048
    stop_seconds: int = 40

    @property
    def grader(self) -> str:
        """The account that owns the course and under which grading runs."""
        return f"grader-{self.course}"

    @property
    def course_root(self) -> Path:
        """The course folder: the one truth once the hub was started first."""
        return self.homes / self.grader / self.course

    @property
    def exchange(self) -> Path:
        """nbgrader's exchange."""
        return self.folder / "exchange"

    @property
    def students_env(self) -> Path:
        """The virtual environment that students work in."""
        return self.folder / "students"

    @property
    def staff_env(self) -> Path:
        """The students' environment and, over it, what grading needs."""
        return self.folder / "staff"

    @property
    def state(self) -> Path:
        """What only root may read: cookies, tokens, the hub's database, its log."""
        return self.folder / "hub"

    @property
    def proxy(self) -> Path:
        """The program configurable-http-proxy."""
        return self.folder / "proxy" / "node_modules" / ".bin/configurable-http-proxy"

    @property
    def address(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def hub_port(self) -> int:
        """The hub itself, behind the proxy."""
        return self.port + 1

    @property
    def proxy_port(self) -> int:
        """The proxy's own interface."""
        return self.port + 2

    @property
    def formgrader_port(self) -> int:
        """The assistants' server."""
        return self.port + 3

    @property
    def authoring_port(self) -> int:
        """The instructors' server."""
        return self.port + 4

    @property
    def grading_port(self) -> int:
        """The page that grades a whole class."""
        return self.port + 5

    @property
    def ports(self) -> tuple[int, ...]:
        """All ports that must be free at the start and after the end."""
        return tuple(range(self.port, self.port + 6))

    @property
    def formgrader(self) -> str:
        """The service with formgrader; its name must be the course's."""
        return self.course

    @property
    def authoring(self) -> str:
        """The service with the course folder, for instructors."""
        return f"{self.course}-authoring"

    @property
    def grading(self) -> str:
        """The service that grades a class and shows how far it is."""
        return f"{self.course}-grading"

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may sign in, each once."""
        staff = (*self.instructors, *self.assistants)
        return tuple(dict.fromkeys((*staff, *self.students)))

    def save(self) -> Path:
        """Write the plan beside the hub's state; the file's path."""
        path = self.state / PLAN_FILE
        text = json.dumps(asdict(self), indent=1, default=str)
        path.write_text(f"{text}\n", encoding="utf-8")
        return path


def load_plan(folder: Path) -> HubPlan:
    """The plan of a hub that was started; UserError if there is none to read."""
    path = folder / "hub" / PLAN_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values |= {k: Path(values[k]) for k in ("folder", "homes")}
        people = ("instructors", "assistants", "students")
        return HubPlan(**(values | {k: tuple(values[k]) for k in people}))
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing: no hub was started here. `unrolled hub` starts one."
        ) from error
    except PermissionError as error:
        raise UserError(f"{path}: only root can read it. Run this as root.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not as `unrolled hub` writes it ({error}). Delete it and start "
            "the hub again: it is made from course.toml."
        ) from error


def make_plan(course: Course, enrolled: Sequence[str] = ()) -> HubPlan:
    """The plan that course.toml asks for; `enrolled` are the gradebook's students.

    Raises UserError if the course's id cannot be part of an account's name, or if
    somebody is both student and staff.
    """
    hub = course.hub
    if not is_account_name(course.id) or len(course.id) > GRADER_LIMIT:
        raise UserError(
            f"{course.root / 'course.toml'}: course.id: {course.id!r} cannot be part "
            "of an account's name. Use small letters, digits, - and _, at most "
            f"{GRADER_LIMIT} characters."
        )
    staff = {*hub.instructors, *hub.assistants}
    students = tuple(dict.fromkeys((*hub.students, *enrolled))) or DEMO_STUDENTS
    both = sorted(staff & set(students))
    if both:
        raise UserError(
            f"{course.root / 'course.toml'}: hub: {', '.join(both)} cannot be both "
            "student and staff. Use two accounts."
        )
    folder = Path(hub.folder or f"/srv/unrolled/{course.id}")
    return HubPlan(
        course=course.id,
        title=course.title,
        folder=folder,
        port=hub.port,
        sign_in=hub.sign_in,
        instructors=hub.instructors,
        assistants=hub.assistants,
        students=students,
        idle_minutes=hub.idle_minutes,
        memory_mb=hub.memory_mb,
        stop_seconds=hub.stop_seconds,
    )
