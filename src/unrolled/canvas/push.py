"""Grades to Canvas through its REST API: the plan, the sending, the proof.

Grades go in bulk and may be sent twice without harm; what Canvas then has is read
back and compared. Running it again goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from unrolled.canvas.grades import exported, grades, open_gradebook, pupils
from unrolled.canvas.ledger import Ledger, open_ledger
from unrolled.canvas.matching import Filled, LeftOut
from unrolled.canvas.notes import Note, send_note, settle, wanted_notes
from unrolled.canvas.plan import ExportPlan, plan_export
from unrolled.canvas.rest import (
    Key,
    Present,
    Remote,
    active_students,
    read_present,
    template_of,
)
from unrolled.course import Course

BATCH = 100
POLLS = 120
Step = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Wish:
    """What the instructor asks for beyond the grades."""

    allow_lower: bool = False
    comment: str = ""
    feedback: bool = False
    scale: bool = False


@dataclass(frozen=True)
class PushPlan:
    """The grades that go, the notes that go with them, what Canvas has now."""

    grades: ExportPlan
    notes: tuple[Note, ...]
    present: Mapping[Key, Present]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Wrong:
    """A grade that Canvas does not have as it was sent."""

    student: str
    assignment: str
    sent: float
    canvas: float | None
    why: str


@dataclass(frozen=True)
class PushReport:
    """What was sent, what was there already, and what Canvas has otherwise."""

    sent: int
    same: int
    notes_sent: int
    notes_there: int
    wrong: tuple[Wrong, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)


def _quiet(done: int, total: int, talk: str) -> None:
    """Nobody watches."""


def plan_push(
    course: Course,
    remote: Remote,
    names: Sequence[str],
    wish: Wish,
    step: Step = _quiet,
) -> PushPlan:
    """The same plan as for the CSV, made of what Canvas says it has."""
    assignments = exported(course, names)
    with open_gradebook(course) as gradebook:
        people = pupils(course, gradebook)
        results = grades(gradebook, assignments)
    with remote.told():
        users = active_students(remote)
        titles = {t for a in assignments for t in (a.title, a.name)}
        present = _present(remote, titles, bool(wish.comment or wish.feedback), step)
    template = template_of(remote, users, present)
    plan = plan_export(
        template, people, assignments, results, wish.allow_lower, wish.scale
    )
    left_out: list[LeftOut] = []
    notes = wanted_notes(course, plan.filled, wish.comment, wish.feedback, left_out)
    return PushPlan(plan, tuple(notes), present, tuple(left_out))


def _present(
    remote: Remote, titles: set[str], comments: bool, step: Step
) -> dict[Key, Present]:
    wanted = {n: a for n, a in remote.assignments.items() if a.name in titles}
    found: dict[Key, Present] = {}
    for done, (number, assignment) in enumerate(wanted.items(), 1):
        for student, present in read_present(assignment, comments).items():
            found[student, number] = present
        step(done, len(wanted), f"read {assignment.name}")
    return found


def push(
    course: Course, remote: Remote, plan: PushPlan, step: Step = _quiet
) -> PushReport:
    """Send what differs, wait, read back and compare; then send the notes.

    A note goes only with a grade that Canvas has as it was meant.
    Raises CanvasFailedError if Canvas cannot be reached; a later run goes on.
    """
    changed = plan.grades.changed
    with open_ledger(course, remote.name) as ledger, remote.told():
        _send_grades(remote, changed, step)
        wrong, warnings = _compare(remote, changed) if changed else ([], [])
        bad = {(w.student, w.assignment) for w in wrong}
        notes = [n for n in plan.notes if (n.student, n.assignment) not in bad]
        left = _send_notes(remote, ledger, notes, plan.present, step)
    return PushReport(
        len(changed) - len(wrong),
        len(plan.grades.filled) - len(changed),
        len(left),
        len(notes) - len(left),
        tuple(wrong),
        tuple(warnings),
    )


def _send_grades(remote: Remote, changed: Sequence[Filled], step: Step) -> None:
    done = 0
    for number in dict.fromkeys(f.canvas_assignment for f in changed):
        ours = [f for f in changed if f.canvas_assignment == number]
        for start in range(0, len(ours), BATCH):
            batch = ours[start : start + BATCH]
            data = {f.canvas_student: {"posted_grade": f"{f.new:.2f}"} for f in batch}
            assignment = remote.assignments[number]
            progress = assignment.submissions_bulk_update(grade_data=data)
            _wait(remote, progress)
            done += len(batch)
            step(done, len(changed), f"grades of {batch[0].assignment}")


def _wait(remote: Remote, progress: Any) -> None:
    """Until Canvas has done its job, well or badly: what it did is compared later."""
    for poll in range(POLLS):
        if progress.workflow_state in ("completed", "failed"):
            return
        remote.pause(min(5.0, 0.25 * 1.5**poll))
        progress = progress.query()


def _compare(
    remote: Remote, changed: Sequence[Filled]
) -> tuple[list[Wrong], list[str]]:
    wrong, warnings = [], []
    for number in dict.fromkeys(f.canvas_assignment for f in changed):
        now = read_present(remote.assignments[number])
        for grade in (f for f in changed if f.canvas_assignment == number):
            present = now.get(grade.canvas_student, Present())
            entered = present.entered
            if entered is None or round(entered, 2) != grade.new or present.excused:
                why = "Canvas did not take it" if entered is None else "another grade"
                wrong.append(
                    Wrong(grade.student, grade.assignment, grade.new, entered, why)
                )
            elif present.score is not None and round(present.score, 2) != grade.new:
                warnings.append(
                    f"{grade.student}, {grade.assignment}: Canvas's own late policy "
                    f"makes {present.score:.2f} of {grade.new:.2f}; switch it off "
                    "there, lateness is in the grade already"
                )
    return wrong, warnings


def _send_notes(
    remote: Remote,
    ledger: Ledger,
    notes: Sequence[Note],
    present: Mapping[Key, Present],
    step: Step,
) -> list[Note]:
    left = settle(ledger, notes, lambda key: present.get(key, Present()))
    for done, note in enumerate(left, 1):
        send_note(remote, ledger, note)
        step(done, len(left), f"note for {note.student}")
    return left


def unchanged_since(plan: PushPlan, fresh: PushPlan) -> bool:
    """Whether Canvas and the gradebook still are as they were shown."""
    return replace(plan.grades, warnings=()) == replace(fresh.grades, warnings=())


def unsent(course: Course, remote: Remote, plan: PushPlan) -> int:
    """How many of the notes have not been sent yet."""
    if not plan.notes:
        return 0
    with open_ledger(course, remote.name) as ledger:
        return sum(
            not ledger.is_sent(n.key)
            and not n.stands_in(plan.present.get(n.submission, Present()))
            for n in plan.notes
        )
