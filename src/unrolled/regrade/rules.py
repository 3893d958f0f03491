"""What one student's grades are after a regrade, by its rules: nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrolled.assignment.decisions import Decisions, KeptPoints
from unrolled.grade.marks import apply_decisions
from unrolled.gradebook.tables import GradeRow
from unrolled.regrade.model import (
    Rules,
    StudentChange,
    compute_total,
    list_check_changes,
)

Grades = Mapping[str, GradeRow]


def set_scores(grades: Grades, scores: Mapping[str, float | None]) -> Grades:
    """The grades with these automatic scores."""
    return {n: replace(g, auto=scores.get(n, g.auto)) for n, g in grades.items()}


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """The rules of a regrade and what was decided before; `number` is the regrade's."""

    rules: Rules
    decisions: Decisions
    max_scores: Mapping[str, float]
    number: int = 0

    def compute_change(
        self, student: str, grades: Grades, scores: Mapping[str, float | None]
    ) -> StudentChange:
        """How a student's grades change if automatic scores become `scores`."""
        judged = set_scores(grades, scores)
        after = self._follow(self.decisions, student, judged)
        kept = self._keep_others(grades, after)
        after = self._follow(self.decisions.with_kept(student, kept), student, judged)
        if self.rules.never_lower:
            kept |= self._keep_total(grades, after)
        new = self.finish(student, judged, kept)
        return StudentChange(
            student=student,
            old=compute_total(grades.values()),
            new=compute_total(new.values()),
            checks=tuple(list_check_changes(grades, new)),
            kept=kept,
        )

    def finish(
        self, student: str, judged: Grades, kept: Mapping[str, KeptPoints]
    ) -> dict[str, GradeRow]:
        """The grades with new automatic scores, all decisions followed."""
        return self._follow(self.decisions.with_kept(student, kept), student, judged)

    def _follow(
        self, decisions: Decisions, student: str, judged: Grades
    ) -> dict[str, GradeRow]:
        decided = apply_decisions(
            decisions, student, judged, max_scores=self.max_scores
        )
        return {**judged, **decided}

    def _keep_others(self, before: Grades, after: Grades) -> dict[str, KeptPoints]:
        """What the checks that are not regraded keep."""
        if not self.rules.only:
            return {}
        others = [n for n in before if n not in self.rules.only]
        return self._keep(others, before, after, at_least=False)

    def _keep_total(self, before: Grades, after: Grades) -> dict[str, KeptPoints]:
        """What keeps a student from losing points: all that would fall."""
        if compute_total(after.values()) >= compute_total(before.values()):
            return {}
        fallen = [n for n in before if after[n].score < before[n].score]
        return self._keep(fallen, before, after, at_least=True)

    def _keep(
        self, names: list[str], before: Grades, after: Grades, *, at_least: bool
    ) -> dict[str, KeptPoints]:
        kept = {}
        for name in names:
            grade = before[name]
            points = grade.auto if grade.manual is None else grade.manual
            if points is not None and grade.score != after[name].score:
                kept[name] = KeptPoints(
                    points=min(points, self.max_scores[name]),
                    regrade=self.number,
                    at_least=at_least,
                )
        return kept
