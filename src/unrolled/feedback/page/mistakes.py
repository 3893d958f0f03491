"""The mistakes of one student: failed checks, put together by what was done wrong."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from unrolled.assignment import Cell
from unrolled.assignment.cells import parse_code
from unrolled.feedback.page.findings import parse_message
from unrolled.feedback.page.model import (
    Check,
    CodeLine,
    Evidence,
    Finding,
    Kind,
    Mistake,
)
from unrolled.grade import CellResult

LONGEST = 80  # lines of code that stand beside a mistake
_GIVEN = re.compile(r"Passed with the reference ([\w, ]+) in place of yours")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

_Groups = Mapping[tuple[str, tuple[str, ...]], list[CellResult]]


@dataclass(frozen=True, kw_only=True)
class Exercises:
    """A student's exercises by grade id: `code`, and the `headings` above them.

    `homes` says where a name is to be defined; `labels` names each check, as HTML.
    """

    code: Mapping[str, str]
    headings: Mapping[str, str]
    stubs: Mapping[str, str]
    homes: Mapping[str, str]
    labels: Mapping[str, str]
    comments: Mapping[str, str]

    def is_begun(self, exercise: str) -> bool:
        """Whether something else stands there than what was released."""
        text = self.code.get(exercise, "").strip()
        return exercise not in self.code or text != self.stubs.get(exercise)

    def make_check(self, result: CellResult) -> Check:
        """A graded check."""
        found = _GIVEN.match(result.message) if result.follow_through else None
        names = found[1].split(", ") if found else []
        homes = dict.fromkeys(self.homes.get(name, name) for name in names)
        return Check(
            grade_id=result.grade_id,
            label=self.labels[result.grade_id],
            score=result.score or 0.0,
            max_score=result.max_score,
            given=tuple(homes),
        )


def find_headings(cells: Iterable[Cell]) -> dict[str, str]:
    """The heading above each exercise of a notebook, as Markdown; "" if none."""
    headings, heading = {}, ""
    for cell in cells:
        if cell.role == "prose":
            heading = next(reversed(_HEADING.findall(cell.source)), heading)
        elif cell.role == "exercise":
            headings[cell.grade_id] = heading
    return headings


def find_mistakes(
    results: Iterable[tuple[str, CellResult]], exercises: Exercises
) -> tuple[Mistake, ...]:
    """All mistakes, those first on which most hangs; `results` are by exercise.

    A recognised mistake has one entry, the unrecognised failures of an exercise too.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[CellResult]] = defaultdict(list)
    followers: dict[str, list[tuple[str, Check]]] = defaultdict(list)
    for exercise, result in results:
        if result.passed is False:
            groups[exercise, result.misconception].append(result)
        elif result.follow_through:
            check = exercises.make_check(result)
            for home in check.given:
                followers[home].append((exercise, check))
    found = _make_mistakes(groups, followers, exercises)
    return tuple(sorted(found, key=lambda m: -m.weight))  # else as in the notebook


def _make_mistakes(
    groups: _Groups,
    followers: Mapping[str, list[tuple[str, Check]]],
    exercises: Exercises,
) -> Iterator[Mistake]:
    told: set[str] = set()
    for (exercise, names), results in groups.items():
        findings = _collect_evidence(results, exercises)
        # What follows from an exercise, and what was said of it, stands there once.
        mine = [] if exercise in told else followers.get(exercise, [])
        comment = "" if exercise in told else exercises.comments.get(exercise, "")
        told.add(exercise)
        kind: Kind = "known" if names else "unknown"
        if not exercises.is_begun(exercise):
            kind = "not begun"
        marked = {f.finding.line for f in findings if f.finding.cell == exercise}
        code = exercises.code.get(exercise, "")
        yield Mistake(
            exercise=exercise,
            kind=kind,
            names=names,
            hint=next((r.hint for r in results if r.hint), ""),
            evidence=findings,
            code=() if kind == "not begun" else cut_code(code, exercise, marked),
            followers=tuple(check for _, check in mine),
            follower_exercises=tuple(dict.fromkeys(name for name, _ in mine)),
            heading=exercises.headings.get(exercise, ""),
            comment=comment,
        )


def _collect_evidence(
    results: Iterable[CellResult], exercises: Exercises
) -> tuple[Evidence, ...]:
    """What the checks say; those that say the same say it once."""
    checks: dict[Finding, list[Check]] = defaultdict(list)
    for result in results:
        checks[parse_message(result.message)].append(exercises.make_check(result))
    return tuple(
        Evidence(finding=finding, checks=tuple(those))
        for finding, those in checks.items()
    )


def cut_code(source: str, name: str, marked: set[int]) -> tuple[CodeLine, ...]:
    """The function or class of this name in a cell, or else the cell, by lines."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    lines = source.split("\n")
    start, end = 0, len(lines)
    tree = parse_code(source)
    kinds = (ast.FunctionDef, ast.ClassDef)
    for node in tree.body if tree else []:
        if isinstance(node, kinds) and node.name == name:
            first = node.decorator_list[0] if node.decorator_list else node
            start, end = first.lineno - 1, node.end_lineno or end
    if marked and not all(start < number <= end for number in marked if number):
        start, end = 0, len(lines)  # what stopped is elsewhere in the cell
    return tuple(
        CodeLine(number=n + 1, text=lines[n], marked=n + 1 in marked)
        for n in range(start, min(end, start + LONGEST))
    )
