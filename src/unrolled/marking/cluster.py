"""`unrolled comment`: one comment for all who make one mistake, once for each.

A comment is a paragraph of what a person has written on an exercise, so formgrader and
feedback show it, and whoever reads one there may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from unrolled.class_report import ClassReport, build_class_report
from unrolled.class_report.model import Mistake
from unrolled.course import Course
from unrolled.errors import UserError, shorten_error
from unrolled.gradebook import backup_gradebook, begin_write
from unrolled.gradebook.locking import GradebookError, roll_back
from unrolled.gradebook.marking import read_remarks, write_remark
from unrolled.gradebook.tables import AssignmentRows
from unrolled.marking.question import open_assignment

BY_STUDENT = "@"  # before a student: the unexplained cluster that this one is in


@dataclass(frozen=True, kw_only=True)
class ClusterComment:
    """What was written, or with `dry_run` what would be.

    `changed` students get the comment, or lose it; `same` have it already.
    """

    assignment: str
    exercise: str
    text: str
    changed: tuple[str, ...]
    same: tuple[str, ...]
    removes: bool
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def comment_cluster(
    course: Course,
    assignment: str,
    question: str,
    *,
    cluster: str,
    text: str,
    dry_run: bool = False,
) -> ClusterComment:
    """Give a comment to all students of a cluster of the class report.

    `question` is an exercise or one of its checks; `cluster` a misconception's name, or
    @STUDENT for the unexplained failures that this student shares. Who has the
    comment already gets no second one. Raises UserError if there is no such cluster.
    """
    report = build_class_report(course, assignment)
    found = list(_find_mistakes(report, question, cluster))
    if not found:
        raise UserError(_list_clusters(report, question, cluster))
    students = {student for mistake in found for student in mistake.students}
    change = _Change(
        course=course, assignment=assignment, exercise=found[0].exercise, text=text
    )
    return change.apply(_add_paragraph, students, removes=False, dry_run=dry_run)


def remove_comment(
    course: Course,
    assignment: str,
    question: str,
    text: str,
    *,
    dry_run: bool = False,
) -> ClusterComment:
    """Take a comment back from everybody who has it, word for word.

    `question` is the exercise. Raises UserError if nobody has it.
    """
    change = _Change(course=course, assignment=assignment, exercise=question, text=text)
    done = change.apply(_remove_paragraph, None, removes=True, dry_run=dry_run)
    if not done.changed:
        raise UserError(f"{assignment}: nobody has this comment on {question}.")
    return done


def _find_mistakes(
    report: ClassReport, question: str, cluster: str
) -> Iterable[Mistake]:
    student = cluster.removeprefix(BY_STUDENT)
    for mistake in (*report.mistakes, *report.unexplained):
        if question not in (mistake.exercise, *mistake.checks):
            continue
        by_student = student != cluster and not mistake.names
        if cluster in mistake.names or (by_student and student in mistake.students):
            yield mistake


def _list_clusters(report: ClassReport, question: str, cluster: str) -> str:
    """What there is, for whoever asked for something else."""
    there: dict[str, list[str]] = {}
    for mistake in report.mistakes:
        there.setdefault(mistake.exercise, []).extend(mistake.names)
    here = there.get(question, [])
    known = ", ".join(dict.fromkeys(here)) or "none that the catalogue knows"
    return (
        f"{report.assignment} has no cluster {cluster} at {question}. There: {known}. "
        f"Exercises with clusters: {', '.join(there) or 'none'}. For failures that no "
        "misconception explains: --cluster @STUDENT, one of them."
    )


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A comment that comes or goes, in one transaction."""

    course: Course
    assignment: str
    exercise: str
    text: str

    def apply(
        self,
        edit: Callable[[str, str], str],
        students: Collection[str] | None,
        *,
        removes: bool,
        dry_run: bool,
    ) -> ClusterComment:
        text = _clean(self.text)
        if not dry_run:
            backup_gradebook(self.course)
        with open_assignment(self.course, self.assignment) as rows:
            if self.exercise not in rows.comment_cells:
                known = ", ".join(rows.comment_cells)
                raise UserError(
                    f"{self.assignment} has no exercise {self.exercise}: {known}."
                )
            before, after = self._write(
                rows, lambda remark: edit(remark, text), students, dry_run=dry_run
            )
        changed = tuple(s for s in before if before[s] != after[s])
        return ClusterComment(
            assignment=self.assignment,
            exercise=self.exercise,
            text=text,
            changed=changed,
            same=tuple(s for s in before if s not in changed),
            removes=removes,
            dry_run=dry_run,
        )

    def _write(
        self,
        rows: AssignmentRows,
        edit: Callable[[str], str],
        students: Collection[str] | None,
        *,
        dry_run: bool,
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The comments before and after; None are all students."""
        try:
            if not dry_run:
                begin_write(rows.connection, self.course.database.lock_seconds)
            found = read_remarks(rows, self.exercise, lock=not dry_run)
            mine = {s: r for s, r in found.items() if students is None or s in students}
            before = {student: remark for student, (_, remark) in mine.items()}
            after = {student: edit(remark) for student, remark in before.items()}
            for student, (part, remark) in mine.items():
                if not dry_run and after[student] != remark:
                    write_remark(rows, part, self.exercise, after[student] or None)
            rows.connection.commit()
        except GradebookError as error:
            roll_back(rows.connection)
            raise UserError(
                f"{self.course.gradebook_place}: the comment could not be written: "
                f"{shorten_error(error)}"
            ) from error
        return before, after


def _clean(text: str) -> str:
    """A comment as one paragraph; UserError if it is empty."""
    clean = "\n".join(
        line.rstrip() for line in text.strip().splitlines() if line.strip()
    )
    if not clean:
        raise UserError("the comment is empty.")
    return clean


def _split(remark: str) -> list[str]:
    """The paragraphs of what a person has written."""
    return [part.strip() for part in remark.split("\n\n") if part.strip()]


def _add_paragraph(remark: str, text: str) -> str:
    if text in _split(remark):
        return remark
    return f"{remark.rstrip()}\n\n{text}" if remark.strip() else text


def _remove_paragraph(remark: str, text: str) -> str:
    parts = _split(remark)
    if text not in parts:
        return remark
    return "\n\n".join(part for part in parts if part != text)
