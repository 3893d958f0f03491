"""Who belongs to the course: the students of the gradebook and those of the hub.

    python -m unrolled.hub.members COURSE_FOLDER [NAME ...]

adds the NAMEs to the gradebook and prints its students that can have an account, one
a line. It runs as the grader: a gradebook that root opens would be root's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.course import Course, load_course
from unrolled.course.hub import ACCOUNT_RULE, is_account_name
from unrolled.gradebook.read import read_student_rows
from unrolled.hub.accounts import is_safe_account
from unrolled.hub.commands import run_as_grader
from unrolled.hub.plan import HubPlan


def enroll_as_grader(plan: HubPlan, more: Sequence[str] = ()) -> list[str]:
    """The students of the hub's gradebook, after adding `more` (for root)."""
    python = plan.staff_env / "bin" / "python"
    module, folder = "unrolled.hub.members", str(plan.course_root)
    return run_as_grader(plan, [python, "-m", module, folder, *more]).split()


def enroll_students(course: Course, more: Sequence[str] = ()) -> list[str]:
    """The gradebook's students, after adding `more`.

    Where nobody is new it is only read, without nbgrader's imports: each start of a hub
    waits for this.
    """
    enrolled = {student.id for student in read_student_rows(course)}
    missing = [name for name in dict.fromkeys(more) if name not in enrolled]
    if missing:
        from unrolled.gradebook import open_gradebook
        from unrolled.gradebook.queries import add_students

        with open_gradebook(course) as gradebook:
            add_students(gradebook, missing)
    return sorted(enrolled | set(missing))


@dataclass(frozen=True)
class MemberChanges:
    """What changed at the hub: who may sign in now, who no longer, who never can."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()


def sync_hub(
    course: Course, students: Sequence[str], env: Mapping[str, str] | None = None
) -> MemberChanges | None:
    """Bring the hub's students in line; None where there is no hub to tell.

    It works in the instructors' JupyterLab, whose service may do so. Accounts of the
    operating system are made by the hub when somebody starts a server.
    """
    env = os.environ if env is None else env
    if not has_hub(course, env):
        return None
    hub = HubClient(env["JUPYTERHUB_API_URL"], env["JUPYTERHUB_API_TOKEN"])
    group = f"nbgrader-{course.id}"
    enrolled = {n for n in students if not explain_no_account(course, n)}
    members = set(hub.get(f"/groups/{group}")["users"])
    added, removed = sorted(enrolled - members), sorted(members - enrolled)
    for name in added:
        hub.add_user(name)
    hub.change("POST", f"/groups/{group}/users", added)
    hub.change("DELETE", f"/groups/{group}/users", removed)
    impossible = sorted(set(students) - enrolled)
    return MemberChanges(tuple(added), tuple(removed), tuple(impossible))


def has_hub(course: Course, env: Mapping[str, str]) -> bool:
    """Whether this process runs in the instructors' JupyterLab of the course's hub."""
    return env.get("JUPYTERHUB_SERVICE_NAME") == f"{course.id}-authoring"


def explain_no_account(course: Course, name: str) -> str:
    """Why a student's name cannot be an account at the course's hub; "" if it can."""
    if not is_account_name(name):
        return f"{name!r} cannot be an account at the hub: {ACCOUNT_RULE}"
    staff = {*course.hub.instructors, *course.hub.assistants}
    if not is_safe_account(name, staff):
        return (
            f"{name!r} cannot be a student's account at the hub: the staff or the "
            "system has it"
        )
    return ""


class HubClient:
    """The hub's REST interface, with a service's token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"token {token}"}

    def get(self, path: str) -> Any:
        """The document at a path; requests' HTTPError if the hub refuses."""
        return self._ask("GET", path).json()

    def add_user(self, name: str) -> None:
        """Make the hub know somebody; nothing if it does."""
        self._ask("POST", f"/users/{name}", known=409)

    def change(self, method: str, path: str, names: Sequence[str]) -> None:
        """Add people to a group, or take them out."""
        if names:
            self._ask(method, path, json={"users": list(names)})

    def _ask(self, method: str, path: str, known: int = 0, json: Any = None) -> Any:
        """The answer; `known` is a status besides those of success that is none."""
        import requests

        answer = requests.request(
            method, f"{self.url}{path}", headers=self.headers, json=json, timeout=30
        )
        if answer.status_code != known:
            answer.raise_for_status()
        return answer


def main() -> None:
    """Print the gradebook's students."""
    folder, *more = sys.argv[1:]
    for name in filter(
        is_account_name, enroll_students(load_course(Path(folder)), more)
    ):
        print(name)


if __name__ == "__main__":
    main()
