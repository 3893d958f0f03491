"""The plan of a hub: its folders, its people and its ports."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from unrolled.course import Course
from unrolled.course.hub import DEMO_STUDENTS, is_account_name
from unrolled.errors import UserError

PLAN_FILE = "plan.json"
# nbgrader's folders of a course in the exchange, as it has them: students write into
# inbound, none lists it, none removes another's; a page of feedback is read by whoever
# knows its name, and by nobody else.
EXCHANGE_MODES = {"outbound": 0o755, "inbound": 0o3733, "feedback": 0o711}
GRADER_LIMIT = 32 - len("grader-")
MARKER_FILE = "made-by-unrolled-hub.txt"
MARKER_TEXT = "Made by `unrolled hub`; `unrolled hub down --purge` removes it.\n"
PARTS = (
    "students",
    "staff",
    "proxy",
    "hub",
    "installed",
    "package",
    "torch",
    MARKER_FILE,
)


class _Below:
    """A folder in the hub's own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, plan: HubPlan, owner: object) -> Path:
        return plan.folder / self.name


class _Port:
    """A port so many above the hub's first."""

    def __init__(self, above: int) -> None:
        self.above = above

    def __get__(self, plan: HubPlan, owner: object) -> int:
        return plan.port + self.above


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

    # nbgrader's exchange; what students work in, and over it what grading needs; what
    # only root may read: cookies, tokens, the hub's database, its log.
    exchange = _Below("exchange")
    students_env = _Below("students")
    staff_env = _Below("staff")
    state = _Below("hub")
    # The hub itself, behind the proxy; the proxy's own interface; the assistants' and
    # the instructors' server; the page that grades a whole class.
    hub_port = _Port(1)
    proxy_port = _Port(2)
    formgrader_port = _Port(3)
    authoring_port = _Port(4)
    grading_port = _Port(5)

    @property
    def grader(self) -> str:
        """The account that owns the course and under which grading runs."""
        return f"grader-{self.course}"

    @property
    def course_root(self) -> Path:
        """The course folder: the one truth once the hub was started first."""
        return self.homes / self.grader / self.course

    @property
    def proxy(self) -> Path:
        """The program configurable-http-proxy."""
        return self.folder / "proxy" / "node_modules" / ".bin/configurable-http-proxy"

    @property
    def address(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"

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


def claim_folder(plan: HubPlan, course: Course | None = None) -> None:
    """Make the hub's folder, or find that it is ours.

    Raises UserError if something else lies there, or if the course folder does:
    environments are made in it anew, and a purge removes them.
    """
    if course is not None and course.root.is_relative_to(plan.folder.resolve()):
        raise UserError(
            f"{course.root / 'course.toml'}: hub.folder: {plan.folder} contains the "
            "course folder. Name a folder that only the hub uses."
        )
    if plan.folder.is_dir() and any(plan.folder.iterdir()) and not _is_ours(plan):
        raise UserError(
            f"{plan.folder} is not empty, and `unrolled hub` did not make it. Set "
            "`folder` below [hub] in course.toml to a folder that only the hub uses."
        )
    plan.folder.mkdir(parents=True, exist_ok=True)
    plan.folder.chmod(0o755)
    (plan.folder / MARKER_FILE).write_text(MARKER_TEXT, encoding="utf-8")


def _is_ours(plan: HubPlan) -> bool:
    """Whether the mark lies there, or what hubs left that knew no mark.

    In a container the folders for volumes are there before the first start.
    """
    # The second and third are from hubs that left no mark yet.
    if any(
        (plan.folder / n).is_file() for n in (MARKER_FILE, "installed", "hub/plan.json")
    ):
        return True
    names = {p.name for p in plan.folder.iterdir()}
    return names <= {"hub", "exchange"} and all(
        p.is_dir() for p in plan.folder.rglob("*")
    )


def remove_folder(plan: HubPlan) -> tuple[Path, ...]:
    """Remove what the hub made in its folder; what else is there stays, and is listed.

    Raises UserError if the folder is not the hub's.
    """
    if not _is_ours(plan):
        raise UserError(f"{plan.folder} stays: `unrolled hub` did not make it.")
    for path in (*(plan.folder / n for n in PARTS), plan.exchange / plan.course):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in (plan.exchange, plan.folder):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return tuple(sorted(plan.folder.iterdir())) if plan.folder.exists() else ()
