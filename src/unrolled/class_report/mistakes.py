"""The mistakes of a class: failed checks, put together by what was done wrong."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from unrolled.assignment import Material
from unrolled.assignment.catalogue import read_wrong_solutions
from unrolled.assignment.cells import parse_code
from unrolled.class_report.model import Mistake, Sample
from unrolled.class_report.read_class import Work
from unrolled.grade import CellResult

SAMPLES = 2
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")

Behaviour = Mapping[str, str]  # by grade id, what a check says on the class's inputs


@dataclass
class _Group:
    """Failures of one kind, by student."""

    failures: dict[str, list[CellResult]] = field(
        default_factory=lambda: defaultdict(list)
    )
    compared: bool = False

    def add(self, student: str, cell: CellResult) -> None:
        self.failures[student].append(cell)

    @property
    def cells(self) -> Iterator[CellResult]:
        for cells in self.failures.values():
            yield from cells


def find_mistakes(
    material: Material,
    works: Mapping[str, Work],
    behaviours: Mapping[str, Behaviour],
) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """The recognised mistakes and the unexplained ones; the costliest first.

    Unexplained failures of an exercise belong together where the same checks say the
    same; what was not begun is no mistake. `behaviours` has what they say of a student
    on inputs that are the same for all; for others numbers do not count, since hidden
    inputs differ by student.
    """
    known, unknown = _group_failures(material, works, behaviours)
    wrong = read_wrong_solutions(material.misconceptions)
    return (
        _sort(
            replace(
                _make(exercise, group, works),
                names=names,
                catalogue="\n\n".join(wrong[n] for n in names if n in wrong),
            )
            for (exercise, names), group in known.items()
        ),
        _sort(_draft(_make(e, group, works)) for (e, _), group in unknown.items()),
    )


_Groups = dict[tuple[str, tuple[str, ...]], _Group]


def _group_failures(
    material: Material, works: Mapping[str, Work], behaviours: Mapping[str, Behaviour]
) -> tuple[_Groups, _Groups]:
    """Failures by exercise, and by misconceptions or by what the checks say."""
    exercises = {c.grade_id: c.exercise for c in material.source_cells}
    known: _Groups = defaultdict(_Group)
    unknown: _Groups = defaultdict(_Group)
    for student, work in works.items():
        odd: dict[str, list[CellResult]] = defaultdict(list)
        for cell in work.result.cells:
            exercise = exercises.get(cell.grade_id, "")
            if cell.passed is not False or exercise in work.not_begun:
                continue
            if cell.misconception:
                known[exercise, cell.misconception].add(student, cell)
            else:
                odd[exercise].append(cell)
        for exercise, cells in odd.items():
            says = behaviours.get(student, {})
            behaviour = {n: t for n, t in says.items() if exercises.get(n) == exercise}
            group = unknown[exercise, describe_failures(cells, behaviour)]
            group.compared = bool(behaviour)
            for cell in cells:
                group.add(student, cell)
    return known, unknown


def describe_failures(
    cells: Sequence[CellResult], behaviour: Behaviour | None
) -> tuple[str, ...]:
    """What tells one kind of failure from another; `behaviour` is of one exercise.

    On inputs that are the same for all another set of checks may fail than on a
    student's own.
    """
    if behaviour:
        return tuple(f"{name}: {says}" for name, says in sorted(behaviour.items()))
    return tuple(f"{c.grade_id}: {_NUMBER.sub('#', c.message)}" for c in cells)


def _sort(mistakes: Iterator[Mistake]) -> tuple[Mistake, ...]:
    return tuple(sorted(mistakes, key=lambda m: (-len(m.students), -m.points, m.names)))


def _make(exercise: str, group: _Group, works: Mapping[str, Work]) -> Mistake:
    return Mistake(
        exercise=exercise,
        names=(),
        hint=next((c.hint for c in group.cells if c.hint), ""),
        message=next(group.cells).message,
        checks=tuple(dict.fromkeys(c.grade_id for c in group.cells)),
        students=tuple(sorted(group.failures)),
        points=sum(c.max_score for c in group.cells),
        samples=_choose_samples(exercise, list(group.failures), works),
        compared=group.compared,
    )


def _draft(mistake: Mistake) -> Mistake:
    draft = draft_entry(mistake.exercise, mistake.checks, mistake.samples)
    return replace(mistake, draft=draft)


def _choose_samples(
    exercise: str, students: Sequence[str], works: Mapping[str, Work]
) -> tuple[Sample, ...]:
    """Short ones first, and such that differ in more than names of variables."""
    codes = [Sample(student=s, code=works[s].code.get(exercise, "")) for s in students]
    codes.sort(key=lambda s: (len(s.code), s.student))
    different = {_get_shape(s.code): s for s in reversed(codes) if s.code.strip()}
    chosen = sorted(different.values(), key=codes.index)
    return tuple(chosen[:SAMPLES])


def _get_shape(code: str) -> str:
    """A text of the syntax alone: no names of variables, no comments."""
    tree = parse_code(code)
    if tree is None:
        return code
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = "_"
        elif isinstance(node, ast.arg):
            node.arg = "_"
    return ast.dump(tree)


def draft_entry(exercise: str, checks: Sequence[str], samples: Sequence[Sample]) -> str:
    """The beginning of a catalogue's entry, from a student's code; "" without one.

    Its author gives it a name and a hint, and proves it with `unrolled verify`.
    """
    tree = parse_code(samples[0].code) if samples else None
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = [n for n in (tree.body if tree else []) if isinstance(n, kinds)]
    node = next((n for n in found if n.name == exercise), None)
    if node is None:
        return ""
    node.name = f"{exercise}_TO_BE_NAMED"
    fails = ", ".join(f'"{check}"' for check in checks)
    return (
        f'@misconception(\n    "{exercise}",\n    fails=({fails},),\n'
        '    hint="Say what is wrong, and where to look.",\n)\n'
        f"{ast.unparse(node)}\n"
    )
