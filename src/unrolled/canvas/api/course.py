"""A Canvas course read through the REST API: the same table as its exported CSV."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canvasapi.assignment import Assignment
from canvasapi.course import Course as CanvasCourse
from canvasapi.exceptions import Forbidden, ResourceDoesNotExist, Unauthorized
from canvasapi.submission import Submission

from unrolled.canvas.api.http import RetryingSession, make_requester, translate_errors
from unrolled.canvas.api.token import Token
from unrolled.canvas.grades_csv.exported_csv import (
    NOT_ASSIGNED,
    OVER,
    CanvasGradebook,
    Column,
    Row,
)
from unrolled.course.canvas import CanvasSettings
from unrolled.errors import UserError

IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
Key = tuple[str, str]  # (student, assignment), as Canvas numbers them


@dataclass(frozen=True, kw_only=True)
class CurrentGrade:
    """What Canvas has for one student and assignment.

    `entered` is the grade as given; `score` is after Canvas's own late policy; `over`
    says that its grading period is closed.
    """

    entered: float | None = None
    score: float | None = None
    excused: bool = False
    comments: tuple[str, ...] = ()
    over: bool = False


@dataclass(frozen=True, kw_only=True)
class CourseConnection:
    """A course in Canvas, and how to talk to it."""

    settings: CanvasSettings
    token: Token
    course: Any
    pause: Callable[[float], None] = time.sleep
    assignments: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people and for the journal."""
        return f"{self.settings.url} course {self.settings.course}"

    def submission(self, key: Key) -> Any:
        """A submission to write to, without reading it first."""
        student, assignment = key
        ids = {"course_id": self.settings.course, "assignment_id": assignment}
        return Submission(self.course._requester, ids | {"user_id": student})

    def translate_errors(self) -> AbstractContextManager[None]:
        """A context in which errors become one line without the token."""
        return translate_errors(self.token, self.name)


def connect(
    settings: CanvasSettings, token: Token, pause: Callable[[float], None] = time.sleep
) -> CourseConnection:
    """The course that course.toml names.

    Raises UserError if it names none, CanvasFailedError if Canvas does not answer.
    """
    if not settings.url or not settings.course:
        raise UserError(
            "course.toml does not say which course in Canvas this is. Add\n"
            '[canvas]\nurl = "https://canvas.example.edu"\ncourse = 12345   '
            "# the number in the course's address"
        )
    session = RetryingSession(token, settings.url, pause)
    requester = make_requester(settings.url, session)
    # Made without a request: only its number is needed, which we have.
    course = CanvasCourse(requester, {"id": settings.course, "name": ""})
    remote = CourseConnection(
        settings=settings, token=token, course=course, pause=pause
    )
    with remote.translate_errors():
        for assignment in course.get_assignments():
            remote.assignments[str(assignment.id)] = assignment
    return remote


def read_current_grades(
    assignment: Assignment, *, comments: bool = False
) -> Mapping[str, CurrentGrade]:
    """What Canvas has for every student of an assignment, by its student number."""
    include = {"include": ["submission_comments"]} if comments else {}
    return {
        str(submission.user_id): make_current_grade(submission)
        for submission in assignment.get_submissions(**include)
    }


def make_current_grade(submission: Any) -> CurrentGrade:
    """What a submission that was read says."""
    score = getattr(submission, "score", None)
    entered = getattr(submission, "entered_score", None)
    comments = getattr(submission, "submission_comments", None) or []
    return CurrentGrade(
        entered=score if entered is None else entered,
        score=score,
        excused=bool(getattr(submission, "excused", False)),
        comments=tuple(str(c.get("comment", "")) for c in comments),
    )


def make_canvas_gradebook(
    remote: CourseConnection, users: Iterable[Any], present: Mapping[Key, CurrentGrade]
) -> CanvasGradebook:
    """The course as a template, so that one plan serves CSV and REST alike."""
    columns = tuple(
        Column(
            index=index,
            header=str(assignment.name),
            title=str(assignment.name),
            canvas_id=number,
            points=getattr(assignment, "points_possible", None),
            closed=explain_closed(assignment),
            hidden=bool(getattr(assignment, "post_manually", False)),
        )
        for index, (number, assignment) in enumerate(
            remote.assignments.items(), len(IDENTITY)
        )
    )
    return CanvasGradebook(
        path=Path(remote.name),
        identity=IDENTITY,
        columns=columns,
        # A file's first row is the header.
        rows=tuple(_make_row(n, u, columns, present) for n, u in enumerate(users, 2)),
        points_row=(),
    )


def explain_closed(assignment: Any) -> str:
    """Why an assignment takes no grades from here; "" if it does."""

    def has(name: str) -> bool:
        return bool(getattr(assignment, name, False))

    if not getattr(assignment, "published", True):
        return "not published in Canvas, so it takes no grades"
    if getattr(assignment, "grading_type", "points") in ("pass_fail", "not_graded"):
        return f"graded as {assignment.grading_type} in Canvas, not with points"
    if has("moderated_grading") and not has("grades_published"):
        return (
            "moderated in Canvas, so its grades are decided there. Switch moderated "
            "grading off, or enter the grades there"
        )
    if has("group_category_id") and not has("grade_group_students_individually"):
        return (
            "a group assignment in Canvas, where one member's grade goes to the whole "
            "group. Let Canvas assign grades to each student individually"
        )
    if getattr(assignment, "anonymize_students", has("anonymous_grading")):
        return (
            "graded anonymously in Canvas, which does not say whose grade it is until "
            "all are posted. Post them, or switch anonymous grading off"
        )
    return ""


def find_closed_students(
    remote: CourseConnection, assignment: Any
) -> Collection[str] | None:
    """Students for whom an assignment lies in a closed grading period.

    None if Canvas only says that there are some.
    """
    if not getattr(assignment, "in_closed_grading_period", False):
        return ()
    path = f"courses/{remote.settings.course}/effective_due_dates"
    query = [("assignment_ids[]", str(assignment.id))]
    try:
        answer = remote.course._requester.request("GET", path, _kwargs=query).json()
        dates = answer[str(assignment.id)]
        return {s for s, d in dates.items() if d.get("in_closed_grading_period")}
    except (ResourceDoesNotExist, Forbidden, Unauthorized, KeyError, AttributeError):
        return None


def _make_row(
    line: int, user: Any, columns: Iterable[Column], present: Mapping[Key, CurrentGrade]
) -> Row:
    name = str(getattr(user, "sortable_name", "") or getattr(user, "name", ""))
    sis = str(getattr(user, "sis_user_id", "") or "")
    login = str(getattr(user, "login_id", "") or "")
    identity = (name, str(user.id), sis, login, "")
    cells = [
        "" if c.closed else _format_cell(present.get((str(user.id), c.canvas_id)))
        for c in columns
    ]
    return Row(
        line=line,
        name=name,
        canvas_id=str(user.id),
        sis_id=sis,
        login=login,
        identity=identity,
        cells=(*identity, *cells),
    )


def _format_cell(present: CurrentGrade | None) -> str:
    """As an export would show it: Canvas has no submission where none is assigned."""
    if present is None:
        return NOT_ASSIGNED
    if present.over:
        return OVER
    if present.excused:
        return "EX"
    return "" if present.entered is None else f"{present.entered:.2f}"


def list_active_students(remote: CourseConnection) -> list[Any]:
    """Students whose enrolment is active or invited; Canvas drops the concluded."""
    return list(
        remote.course.get_users(
            enrollment_type=["student"], enrollment_state=["active", "invited"]
        )
    )


def list_test_students(remote: CourseConnection) -> list[Any]:
    """Canvas's Test Student, once somebody has opened the student view.

    It is enrolled in a way of its own, which a list of students leaves out.
    """
    return list(
        remote.course.get_users(
            enrollment_type=["student_view"], include=["test_student"]
        )
    )


def read_current_grade(remote: CourseConnection, key: Key) -> CurrentGrade:
    """What Canvas has now for one submission."""
    student, assignment = key
    path = f"courses/{remote.settings.course}/assignments/{assignment}"
    requester = remote.course._requester
    query = [("include[]", "submission_comments")]
    answer = requester.request("GET", f"{path}/submissions/{student}", _kwargs=query)
    return make_current_grade(Submission(requester, answer.json()))
