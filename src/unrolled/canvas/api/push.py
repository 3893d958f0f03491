"""Grades to Canvas through its REST API: the plan, the sending, the proof.

Grades go in bulk and may be sent twice without harm; what Canvas then has is read
back and compared. Running it again goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unrolled.canvas.api.comments import (
    Comment,
    plan_comments,
    select_unsent,
    send_comment,
)
from unrolled.canvas.api.course import (
    CourseConnection,
    CurrentGrade,
    Key,
    explain_closed,
    find_closed_students,
    list_active_students,
    list_test_students,
    make_canvas_gradebook,
    read_current_grade,
    read_current_grades,
)
from unrolled.canvas.api.journal import open_journal
from unrolled.canvas.grades import (
    make_exported_assignments,
    open_existing_gradebook,
    read_grades,
    read_roster_students,
)
from unrolled.canvas.grades_csv import ExportPlan, plan_export
from unrolled.canvas.grades_csv.exported_csv import NoGrade
from unrolled.canvas.grades_csv.match import HIDDEN, FilledCell, LeftOut, group_left_out
from unrolled.canvas.grades_csv.plan import ExportOptions
from unrolled.canvas.records import Student
from unrolled.course import Course
from unrolled.errors import UserError

BATCH = 100  # grades in one request
POLLS = 120  # of Canvas's job, 10 minutes together
Step = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class PushOptions(ExportOptions):
    """What the instructor allows, and asks for beyond the grades.

    With a `trial` only that student's grades are sent, to Canvas's Test Student.
    """

    comment: str = ""
    feedback: bool = False
    trial: str = ""


@dataclass(frozen=True)
class PushPlan:
    """The grades to send, the comments that go with them, what Canvas has now."""

    grades: ExportPlan
    comments: tuple[Comment, ...]
    present: Mapping[Key, CurrentGrade]
    left_out: tuple[LeftOut, ...] = ()

    def read_present(self, key: Key) -> CurrentGrade:
        """What Canvas had of a submission when the plan was made."""
        return self.present.get(key, CurrentGrade())


@dataclass(frozen=True, kw_only=True)
class WrongGrade:
    """A grade that Canvas does not have as it was sent."""

    student: str
    assignment: str
    sent: float
    canvas: float | None
    why: str


@dataclass(frozen=True, kw_only=True)
class PushReport:
    """What was sent, what was there already, and what Canvas has otherwise.

    Notes are comments. `reasons` are Canvas's own words on what it did not do,
    `not_sent` what it would not have accepted.
    """

    sent: int
    same: int
    notes_sent: int
    notes_there: int
    wrong: tuple[WrongGrade, ...] = ()
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    not_sent: tuple[str, ...] = ()


@dataclass
class SentCounts:
    """What has been sent so far, should the rest fail; `proved` is read back.

    `notes` are comments; `--json` prints these names.
    """

    grades: int = 0
    proved: bool = False
    notes: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing was sent."""
        return not (self.grades or self.notes)


def plan_push(
    course: Course,
    remote: CourseConnection,
    names: Sequence[str],
    options: PushOptions,
    step: Step = lambda done, total, talk: None,
) -> PushPlan:
    """The same plan as for the CSV, made of what Canvas says it has."""
    assignments = make_exported_assignments(course, names)
    chosen = [options.trial] if options.trial else ()
    with open_existing_gradebook(course) as gradebook:
        students = read_roster_students(course, gradebook, chosen)
        results = read_grades(gradebook, assignments)
    with remote.translate_errors():
        users, testing = _select_users(remote, students, options)
        if options.trial:
            students = [Student(name=options.trial, canvas_id=testing[0])]
        titles = {t for a in assignments for t in (a.title, a.name)}
        present = _read_class_grades(remote, titles, options, testing, step=step)
    plan = plan_export(
        make_canvas_gradebook(remote, users, present),
        students,
        assignments,
        results,
        options=options,
    )
    comments, left_out = plan_comments(
        course, plan, options.comment, feedback=options.feedback
    )
    return PushPlan(plan, tuple(comments), present, tuple(left_out))


def _select_users(
    remote: CourseConnection, students: Sequence[Student], options: PushOptions
) -> tuple[list[Any], list[str]]:
    """Who may get grades: the class, or the Test Student alone in a trial.

    The second list has the number of the Test Student, if it is among them: it is one
    of the class if the gradebook has its Canvas id.
    """
    testing = list_test_students(remote)
    if options.trial:
        if not testing:
            raise UserError(
                f"{remote.name} has no Test Student yet. Open the course in Canvas and "
                "choose View as Student once."
            )
        return testing[:1], [str(testing[0].id)]
    known = {s.canvas_id for s in students}
    ours = {str(u.id): u for u in testing if str(u.id) in known}
    users = {str(u.id): u for u in list_active_students(remote)} | ours
    return list(users.values()), list(ours)


def _read_class_grades(
    remote: CourseConnection,
    titles: set[str],
    options: PushOptions,
    testing: Sequence[str],
    *,
    step: Step,
) -> dict[Key, CurrentGrade]:
    """What Canvas has of the assignments that take grades."""
    open_assignments = {
        n: a
        for n, a in remote.assignments.items()
        if a.name in titles and not explain_closed(a)
    }
    comments = bool(options.comment or options.feedback)
    grades: dict[Key, CurrentGrade] = {}
    for done, (number, assignment) in enumerate(open_assignments.items(), 1):
        now: dict[str, CurrentGrade] = {}
        if not options.trial:  # else one is looked up, not a class of hundreds
            now |= read_current_grades(assignment, comments=comments)
        # A list of submissions may leave the Test Student out.
        now |= {
            n: read_current_grade(remote, (n, number)) for n in testing if n not in now
        }
        closed = find_closed_students(remote, assignment)
        for student, present in now.items():
            over = closed is None or student in closed
            grades[student, number] = replace(present, over=over)
        step(done, len(open_assignments), f"read {assignment.name}")
    return grades


def push_grades(
    course: Course,
    remote: CourseConnection,
    plan: PushPlan,
    step: Step = lambda done, total, talk: None,
    tally: SentCounts | None = None,
) -> PushReport:
    """Send what differs, wait, read back and compare; then send the comments.

    A comment goes only with a grade that Canvas has as it was meant. `tally` is kept up
    to date. Raises CanvasFailedError if Canvas cannot be reached; a later run goes on.
    """
    changed = plan.grades.changed
    tally = tally or SentCounts()
    with open_journal(course, remote.name) as journal, remote.translate_errors():
        reasons = _send_grades(remote, changed, step, tally)
        wrong, warnings = _compare(remote, changed) if changed else ([], [])
        tally.proved = True
        bad = {(w.student, w.assignment) for w in wrong}
        comments = [c for c in plan.comments if (c.student, c.assignment) not in bad]
        unsent = select_unsent(journal, comments, plan.read_present)
        for done, comment in enumerate(unsent, 1):
            send_comment(remote, journal, comment)
            tally.notes += 1
            step(done, len(unsent), f"comment for {comment.student}")
    warnings += _list_hidden(remote, plan)
    refused = [item for item in plan.grades.left_out if _is_refused(item)]
    return PushReport(
        sent=len(changed) - len(wrong),
        same=len(plan.grades.filled) - len(changed),
        notes_sent=len(unsent),
        notes_there=len(comments) - len(unsent),
        wrong=tuple(wrong),
        warnings=tuple(warnings),
        reasons=tuple(reasons),
        not_sent=tuple(group_left_out(refused)),
    )


def _is_refused(item: LeftOut) -> bool:
    """Whether it is Canvas that takes no grades there, not we who have none."""
    ours = item.kind == "column" and not item.other
    return ours or isinstance(item.why, NoGrade)


def _list_hidden(remote: CourseConnection, plan: PushPlan) -> list[str]:
    """What students do not see yet of that which was sent."""
    touched = {f.canvas_assignment for f in plan.grades.filled}
    touched |= {c.key.assignment for c in plan.comments}
    assignments = [remote.assignments[number] for number in sorted(touched)]
    hidden = [a for a in assignments if getattr(a, "post_manually", False)]
    return [f"{assignment.name}: {HIDDEN}" for assignment in hidden]


def _send_grades(
    remote: CourseConnection,
    changed: Sequence[FilledCell],
    step: Step,
    tally: SentCounts,
) -> list[str]:
    """Send them, assignment by assignment; what Canvas says where it fails."""
    done = 0
    reasons: dict[str, None] = {}
    for number in dict.fromkeys(f.canvas_assignment for f in changed):
        ours = [f for f in changed if f.canvas_assignment == number]
        for start in range(0, len(ours), BATCH):
            batch = ours[start : start + BATCH]
            data = {f.canvas_student: {"posted_grade": f"{f.new:.2f}"} for f in batch}
            assignment = remote.assignments[number]
            progress = assignment.submissions_bulk_update(grade_data=data)
            tally.grades += len(batch)
            why = _wait_until_done(remote, progress)
            if why:
                reasons[f"{batch[0].assignment}: {why}"] = None
            done += len(batch)
            step(done, len(changed), f"grades of {batch[0].assignment}")
    return list(reasons)


def _wait_until_done(remote: CourseConnection, progress: Any) -> str:
    """Until Canvas has done its job, well or badly; what it says if badly.

    What it really did is compared later: a failed job may have set most grades.
    """
    for poll in range(POLLS):
        if progress.workflow_state == "completed":
            return ""
        if progress.workflow_state == "failed":
            message = str(getattr(progress, "message", None) or "").strip()
            return f"Canvas says: {remote.token.scrub(message)[:500] or 'failed'}"
        remote.pause(min(5.0, 0.25 * 1.5**poll))
        progress = progress.query()
    return "Canvas is still working on it; run the command again in a while"


def _compare(
    remote: CourseConnection, changed: Sequence[FilledCell]
) -> tuple[list[WrongGrade], list[str]]:
    wrong, warnings = [], []
    for number in dict.fromkeys(f.canvas_assignment for f in changed):
        now = read_current_grades(remote.assignments[number])
        for grade in (f for f in changed if f.canvas_assignment == number):
            present = now.get(grade.canvas_student)
            if present is None:  # the Test Student is in no list
                present = read_current_grade(remote, (grade.canvas_student, number))
            entered = present.entered
            if entered is None or round(entered, 2) != grade.new or present.excused:
                lost = entered is None
                why = "Canvas did not accept it" if lost else "a different grade"
                wrong.append(
                    WrongGrade(
                        student=grade.student,
                        assignment=grade.assignment,
                        sent=grade.new,
                        canvas=entered,
                        why=why,
                    )
                )
            elif present.score is not None and round(present.score, 2) != grade.new:
                warnings.append(
                    f"{grade.student}, {grade.assignment}: Canvas's own late policy "
                    f"turns {grade.new:.2f} into {present.score:.2f}. Switch it off in "
                    "Canvas: the grade already includes the late penalty"
                )
    return wrong, warnings


def is_unchanged(plan: PushPlan, fresh: PushPlan) -> bool:
    """Whether Canvas and the gradebook still are as they were shown."""
    return replace(plan.grades, warnings=()) == replace(fresh.grades, warnings=())


def count_unsent(course: Course, remote: CourseConnection, plan: PushPlan) -> int:
    """How many of the comments have not been sent yet; writes nothing."""
    if not plan.comments:
        return 0
    with open_journal(course, remote.name) as journal:
        return sum(
            not journal.is_sent(c.key)
            and not c.is_posted(plan.read_present(c.submission))
            for c in plan.comments
        )
