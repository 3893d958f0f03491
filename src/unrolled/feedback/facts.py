"""What stands at the head of a feedback page: whose, when, how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from unrolled.course import Course, load_course
from unrolled.gradebook.queries import Gradebook, SubmissionFacts, read_submission_facts
from unrolled.timestamps import format_moment


@dataclass(frozen=True)
class Facts:
    """The assignment, the student, `rows` of names and texts, and the grade ids of
    answers that wait for a mark."""

    assignment: str
    student: str
    rows: tuple[tuple[str, str], ...]
    waiting: frozenset[str] = frozenset()


class TellFacts(NbGraderPreprocessor):  # type: ignore[misc]
    """Reads the facts from the gradebook and course.toml, for the page's template."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Add `facts` to the resources; the grades are there already (GetGrades)."""
        nbgrader = resources["nbgrader"]
        course = load_course(Path.cwd())  # nbgrader's converters stand in its root
        with Gradebook(nbgrader["db_url"], course.id) as gradebook:
            facts = read_submission_facts(
                gradebook, nbgrader["assignment"], nbgrader["student"]
            )
        resources["facts"] = make_facts(course, facts, nbgrader)
        return nb, resources


def make_facts(course: Course, submission: SubmissionFacts, nbgrader: Any) -> Facts:
    """The facts of a submission; `nbgrader` is its part of the resources.

    A score in them is what is left after the late penalty, as GetGrades gives it.
    """
    assignment = course.assignments.get(nbgrader["assignment"])
    student, penalty = submission.student, float(nbgrader["late_penalty"])
    name = " ".join(filter(None, (student.first_name, student.last_name)))
    rows = [("Student", f"{name} ({student.id})" if name else student.id)]
    rows.append(("Course", course.title))
    if stamp := submission.timestamp:  # the gradebook keeps no zone: it is in UTC
        stamp = stamp.replace(tzinfo=stamp.tzinfo or UTC)
        rows.append(("Handed in", format_moment(stamp, course.timezone)))
    if assignment and assignment.due:
        rows.append(("Due", format_moment(assignment.due, course.timezone)))
    if penalty > 0:
        before = float(nbgrader["score"]) + penalty
        rows.append(("Late penalty", f"{penalty:g} points, of {before:g}"))
    waiting = submission.waiting
    if waiting:
        many = "1 answer" if len(waiting) == 1 else f"{len(waiting)} answers"
        rows.append(("Not final", f"{many} not marked yet"))
    title = assignment.title if assignment else nbgrader["assignment"]
    return Facts(title, student.id, tuple(rows), waiting)
