"""A small Canvas on loopback: what it knows, and what its requests do to it.

Written from Canvas's documented rules; it shares no code with what it tests. The
server that speaks for it is in stand_in_server.py.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Fields = list[tuple[str, str]]


@dataclass
class Bucket:
    """Throttling in a time of its own: so many requests at once, so many a second.

    A request takes a hundredth of a second; a client that waits says so to `wait`.
    """

    capacity: float = float("inf")
    refill: float = 0.0
    level: float = field(init=False)
    waited: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.capacity

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.waited += seconds
        self.level = min(self.capacity, self.level + seconds * self.refill)

    def takes(self) -> bool:
        """Whether a request may pass now."""
        self.level = min(self.capacity, self.level + 0.01 * self.refill)
        if self.level < 1:
            return False
        self.level -= 1
        return True


class StandIn:
    """One course: users, assignments, submissions, comments, files, jobs.

    By assignment, `overrides` are the students to whom it is assigned, if not to all,
    `own_dates` the overrides with due dates of their own, as the API tells them,
    and `closed` those for whom its grading period is over; `groups` are those of a
    group category. If `redirect` is set, an upload ends with a redirect to that server.
    """

    def __init__(self, number: int = 77, token: str = "stand-in-token") -> None:
        self.number = number
        self.token = token
        self.lock = threading.RLock()
        self.users: dict[int, dict[str, Any]] = {}
        self.assignments: dict[int, dict[str, Any]] = {}
        self.submissions: dict[tuple[int, int], dict[str, Any]] = {}
        self.files: dict[int, dict[str, Any]] = {}
        self.jobs: dict[int, dict[str, Any]] = {}
        self.bucket = Bucket()
        self.polls_needed = 2
        self.late_deduction: dict[int, float] = {}
        self.overrides: dict[int, set[int]] = {}
        self.own_dates: dict[int, list[dict[str, Any]]] = {}
        self.closed: dict[int, set[int]] = {}
        self.groups: dict[int, list[set[int]]] = {}
        self.posted: set[tuple[int, int]] = set()
        self.redirect = ""
        self._next = 1000

    def fresh(self) -> int:
        """A number that nothing has yet."""
        self._next += 1
        return self._next

    def add_user(self, number: int, name: str, **more: Any) -> None:
        """Enrol a student; `sis_user_id`, `login_id` and `state` may be given.

        So may `enrollment`: "student_view" is what the Test Student has.
        """
        usual = {
            "enrollment_state": more.pop("state", "active"),
            "enrollment": "student",
        }
        known = {"id": number, "name": name, "sortable_name": name}
        self.users[number] = known | usual | more

    def add_assignment(self, number: int, name: str, **more: Any) -> None:
        """A published assignment of 100 points, unless told otherwise."""
        usual = {
            "points_possible": 100.0,
            "published": True,
            "grading_type": "points",
            "post_manually": False,
            "moderated_grading": False,
            "anonymous_grading": False,
            "group_category_id": None,
            "grade_group_students_individually": False,
        }
        known = {"id": number, "course_id": self.number, "name": name}
        self.assignments[number] = known | usual | more

    def told_assignment(self, number: int) -> dict[str, Any]:
        """An assignment as the API tells it."""
        told = dict(self.assignments[number])
        told["in_closed_grading_period"] = bool(self.closed.get(number))
        told["anonymize_students"] = told["anonymous_grading"]
        return told

    def assigned(self, assignment: int) -> list[int]:
        """To whom it is assigned."""
        return [
            u for u in self.users if u in self.overrides.get(assignment, self.users)
        ]

    def post(self, assignment: int) -> None:
        """An instructor posts the grades of an assignment."""
        self.posted |= {(assignment, u) for u in self.users}

    def seen(self, assignment: int, user: int) -> tuple[float | None, list[str]]:
        """What a student sees: grade and comments, once they are posted."""
        manual = self.assignments[assignment]["post_manually"]
        if manual and (assignment, user) not in self.posted:
            return None, []
        found = self.submission(assignment, user)
        return found["score"], [c["comment"] for c in found["comments"]]

    def submission(self, assignment: int, user: int) -> dict[str, Any]:
        """A student's submission; it is there for everybody, as in Canvas."""
        empty: dict[str, Any] = {"score": None, "excused": False, "comments": []}
        return self.submissions.setdefault((assignment, user), empty)

    def state(self) -> dict[str, Any]:
        """What an instructor would see in the end: grades, comments, attached files."""
        return {
            f"{a}/{u}": (
                found["score"],
                found["excused"],
                [(c["comment"], self._contents(c)) for c in found["comments"]],
            )
            for (a, u), found in sorted(self.submissions.items())
            if found["score"] is not None or found["excused"] or found["comments"]
        }

    def _contents(self, comment: dict[str, Any]) -> list[bytes]:
        """Files that were never made ready do not hang on a comment."""
        files = [self.files[n] for n in comment["files"]]
        return [f["content"] for f in files if f["ready"]]

    def user_of(self, key: str) -> int | None:
        """The student of a key: a number, sis_user_id:..., sis_login_id:...."""
        kind, _, value = key.partition(":")
        names = {"sis_user_id": "sis_user_id", "sis_login_id": "login_id"}
        if kind in names:
            same = [n for n, u in self.users.items() if u.get(names[kind]) == value]
            return same[0] if same else None
        return int(key) if key.isdigit() and int(key) in self.users else None

    def post_grade(self, assignment: int, user: int, text: str) -> None:
        """What Canvas reads in a posted grade; a group's members all get it."""
        points = self.assignments[assignment]["points_possible"]
        excused = text.strip().upper() in ("EX", "EXCUSED")
        score = None if excused else parse_grade(text, points)
        for member in self._members(assignment, user):
            self.submission(assignment, member).update(score=score, excused=excused)

    def _members(self, assignment: int, user: int) -> set[int]:
        known = self.assignments[assignment]
        alone = {user}
        if not known["group_category_id"] or known["grade_group_students_individually"]:
            return alone
        groups = self.groups.get(known["group_category_id"], [])
        return next((g for g in groups if user in g), alone)

    def comment(self, assignment: int, user: int, text: str, files: list[int]) -> None:
        """Add a comment: always another one, also if the same is there."""
        found = self.submission(assignment, user)
        entry = {"id": self.fresh(), "comment": text, "files": files}
        found["comments"].append(entry)

    def start_job(self, assignment: int, fields: Fields) -> dict[str, Any]:
        """A bulk update: queued first, done when it was asked for often enough."""
        number = self.fresh()
        job = {"id": number, "workflow_state": "queued", "polls": 0, "message": None}
        self.jobs[number] = job | {"work": (assignment, grade_data(fields))}
        if self.polls_needed == 0:
            self.poll_job(number)
        return self.job(number)

    def job(self, number: int) -> dict[str, Any]:
        """A job as it is told."""
        return {k: self.jobs[number][k] for k in ("id", "workflow_state", "message")}

    def poll_job(self, number: int) -> None:
        """Time goes by: queued, running, then done."""
        job = self.jobs[number]
        job["polls"] += 1
        if job["workflow_state"] in ("completed", "failed"):
            return
        job["workflow_state"] = "running"
        if job["polls"] >= self.polls_needed:
            job["message"] = self._run(*job["work"])
            job["workflow_state"] = "failed" if job["message"] else "completed"

    def _run(
        self, assignment: int, data: dict[str, dict[str, list[str]]]
    ) -> str | None:
        """Grade all that may be; why the whole job is failed, if not all may."""
        known = self.assignments[assignment]
        if not known["published"]:
            return (
                "Some assignments are either not published or deleted and can not be "
                f"graded '{assignment}'"
            )
        if known["moderated_grading"] and not known.get("grades_published"):
            return "This assignment is moderated and its grades are not published yet"
        missing = []
        closed = self.closed.get(assignment, set())
        for key, values in data.items():
            user = self.user_of(key)
            if user is None or user not in self.assigned(assignment):
                missing.append(f"'{key}'")
                continue
            if user in closed:
                continue
            if "posted_grade" in values:
                self.post_grade(assignment, user, values["posted_grade"][-1])
            if values.get("excuse", [""])[-1] in ("true", "1"):
                self.submission(assignment, user).update(score=None, excused=True)
            text = values.get("text_comment", [""])[-1]
            files = values.get("file_ids", [])
            if text or files:
                self.comment(assignment, user, text, [int(f) for f in files])
        if missing:
            return f"Couldn't find User(s) with API ids {', '.join(missing)}"
        if closed:
            return "Some submissions are in a closed grading period"
        return None


def grade_data(fields: Iterable[tuple[str, str]]) -> dict[str, dict[str, list[str]]]:
    """`grade_data[<student>][posted_grade|text_comment|file_ids][]`, unfolded."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, value in fields:
        match = re.fullmatch(r"grade_data\[([^\]]+)\]\[(\w+)\](?:\[\])?", name)
        if match:
            found.setdefault(match[1], {}).setdefault(match[2], []).append(value)
    return found


def parse_grade(text: str, points: float) -> float | None:
    """A grade as Canvas reads it; None is no grade."""
    text = text.strip()
    share = re.fullmatch(r"([+-]?\d*\.?\d+)%", text)
    if share:
        return points * float(share[1]) / 100
    number = re.fullmatch(r"[+-]?\d+(\.\d+)?", text)
    return float(text) if number else None
