"""`unrolled verify`: prove the tests of the assignments through the grading path."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from unrolled.assignment.catalogue import Style
from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.material import Material
from unrolled.assignment.reference import Reference
from unrolled.author.oracles.cross_check import Row
from unrolled.author.oracles.table import route_pieces
from unrolled.author.report import (
    Case,
    VerifyReport,
)
from unrolled.author.verify.cases import (
    catalogue_cases,
    misconception_case,
    release_case,
    solution_case,
    style_case,
)
from unrolled.author.verify.execute import notebook_cases
from unrolled.author.verify.lazy import KINDS, lazy_case
from unrolled.author.verify.precision import single_case
from unrolled.author.work import Piece, Step, done_pieces
from unrolled.course.model import Course


def verify(
    course: Course,
    assignments: Sequence[str],
    seeds: int = 20,
    jobs: int = 2,
    step: Step = lambda done, total, talk: None,
) -> VerifyReport:
    """Verify assignments; `step` is told after each piece of work.

    Raises UserError if an assignment is not built or its reference does not run.
    """
    began = time.monotonic()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    materials = [load_material(course, name) for name in assignments]
    work = _work(course, materials, range(seeds))
    cases = done_pieces(work, jobs, step, lambda case: case.name)
    cases.sort(key=lambda case: assignments.index(case.assignment))
    return VerifyReport(seeds, time.monotonic() - began, tuple(cases))


def _route_cases(work: Callable[[], list[Row]]) -> list[Case]:
    return [row.case for row in work()]


def _work(
    course: Course, materials: Sequence[Material], seeds: Sequence[int]
) -> Iterator[Piece[Case]]:
    """All pieces of work, long ones first, so that all processes end together.

    A notebook as a whole takes longest; after that the last assignments.
    """
    for material in materials:
        yield Piece(partial(notebook_cases, material, course.build / "rendered"))
    for material in reversed(materials):
        yield from _cases(course, material, seeds)


def _cases(
    course: Course, material: Material, seeds: Sequence[int]
) -> list[Piece[Case]]:
    """The pieces of work of one assignment; all wait if its checks wait for some."""
    reference = load_reference(material)
    catalogue = reference.catalogue
    misconceptions = sorted(catalogue.misconceptions, key=lambda m: not m.waits)
    works: list[Callable[[], list[Case]]] = [
        *(partial(_misconception, material, m.name, seeds) for m in misconceptions),
        *(
            partial(_styles, material, [s.name for s in round_], seeds)
            for round_ in _rounds(catalogue.styles)
        ),
        *(partial(_route_cases, rows) for rows in route_pieces(course, material)),
        *(partial(_lazy, material, kind, seeds) for kind in KINDS),
        *(partial(_single, material, e, seeds) for e in reference.defines),
        partial(_solution, material, seeds),
        partial(_release, material),
        partial(_catalogue, material),
    ]
    waits = any(m.waits for m in misconceptions)
    return [Piece(work, waits) for work in works]


def _rounds(styles: Sequence[Style]) -> list[list[Style]]:
    """The first style of each exercise together, then the second ones, and so on."""
    rounds: dict[int, list[Style]] = {}
    seen: Counter[str] = Counter()
    for style in styles:
        rounds.setdefault(seen[style.exercise], []).append(style)
        seen[style.exercise] += 1
    return list(rounds.values())


def _catalogue(material: Material) -> list[Case]:
    return list(catalogue_cases(material, load_reference(material)))


def _solution(material: Material, seeds: Sequence[int]) -> list[Case]:
    return [solution_case(material, load_reference(material), seeds)]


def _release(material: Material) -> list[Case]:
    return [release_case(material, load_reference(material))]


def _lazy(material: Material, kind: str, seeds: Sequence[int]) -> list[Case]:
    return [lazy_case(material, load_reference(material), kind, seeds)]


def _single(material: Material, exercise: str, seeds: Sequence[int]) -> list[Case]:
    return [single_case(material, load_reference(material), exercise, seeds)]


def _styles(
    material: Material, names: Sequence[str], seeds: Sequence[int]
) -> list[Case]:
    """A round of styles in one submission; one by one if that does not pass."""
    reference = load_reference(material)
    chosen = [s for s in reference.catalogue.styles if s.name in names]
    together = style_case(material, reference, chosen, seeds)
    if together.passed:
        return [Case(material.assignment, "style", s.name) for s in chosen]
    return [style_case(material, reference, [s], seeds) for s in chosen]


def _misconception(material: Material, name: str, seeds: Sequence[int]) -> list[Case]:
    reference: Reference = load_reference(material)
    found = next(m for m in reference.catalogue.misconceptions if m.name == name)
    return [misconception_case(material, reference, found, seeds)]
