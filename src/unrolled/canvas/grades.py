"""Students and results as nbgrader's gradebook has them, in points of Canvas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from unrolled.canvas.records import ExportedAssignment, Grade, Student, make_students
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.gradebook import has_gradebook, open_gradebook, read_students
from unrolled.gradebook.queries import Gradebook, Score, read_scores


def open_existing_gradebook(course: Course) -> Gradebook:
    """The gradebook, to be used with `with`; UserError if there is none."""
    if not has_gradebook(course):
        where = course.gradebook_place
        raise UserError(f"{where} does not exist: run `unrolled build`, then grade.")
    return open_gradebook(course)


def make_exported_assignments(
    course: Course, names: Sequence[str]
) -> list[ExportedAssignment]:
    """Assignments as Canvas shall have them; UserError if one is unknown."""
    refuse_unknown("assignment", names, course.assignments)
    chosen = [course.assignments[n] for n in names]
    return [ExportedAssignment(a.name, a.title, a.points) for a in chosen]


def read_roster_students(
    course: Course, gradebook: Gradebook, students: Iterable[str] = ()
) -> list[Student]:
    """Some students or all, with what the roster says of them."""
    chosen = set(students)
    everybody = read_students(gradebook)
    refuse_unknown("student", chosen, [s.id for s in everybody])
    return make_students(course, (s for s in everybody if not chosen or s.id in chosen))


def refuse_unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """UserError if a name is not among the known."""
    everything = list(known)
    unknown = sorted(set(names) - set(everything))
    if unknown:
        some = ", ".join(everything[:20]) + (", ..." if len(everything) > 20 else "")
        raise UserError(f"no {kind} {', '.join(unknown)}; there are: {some}.")


def read_grades(
    gradebook: Gradebook, assignments: Sequence[ExportedAssignment]
) -> Mapping[tuple[str, str], Grade]:
    """Every result by (student, assignment), read with one query an assignment."""
    return {
        (student, assignment.name): _make_grade(score, assignment.points)
        for assignment in assignments
        for student, score in read_scores(gradebook, assignment.name).items()
    }


def _make_grade(score: Score, points: float) -> Grade:
    """Points of Canvas, after the late penalty, never below nothing."""
    net = max(0.0, score.points - score.late_penalty)
    share = net / score.max_points if score.max_points else float("nan")
    return Grade(share * points, score.waits)
