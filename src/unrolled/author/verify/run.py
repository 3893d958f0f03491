"""`unrolled verify`: prove the tests of the assignments through the grading path."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from unrolled.assignment import (
    HINTS_FILE,
    Material,
    Style,
    load_material,
    load_reference,
)
from unrolled.author.oracles import CrossCheck, load_cross_checks
from unrolled.author.report import Case, VerifyReport
from unrolled.author.verify.cases import (
    check_catalogue,
    check_misconception,
    check_release,
    check_solution,
    check_style,
)
from unrolled.author.verify.execute import check_notebook
from unrolled.author.verify.hints import check_hints
from unrolled.author.verify.lazy import KINDS, check_lazy_solution
from unrolled.author.verify.precision import check_float32
from unrolled.author.work import Step, WorkItem, run_all
from unrolled.course import Course


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
    work = _list_work(course, materials, range(seeds))
    cases = run_all(work, jobs, step, lambda case: case.name)
    cases.sort(key=lambda case: assignments.index(case.assignment))
    return VerifyReport(seeds, time.monotonic() - began, tuple(cases))


def _report_cross_checks(work: Callable[[], list[CrossCheck]]) -> list[Case]:
    return [row.case for row in work()]


def _list_work(
    course: Course, materials: Sequence[Material], seeds: Sequence[int]
) -> Iterator[WorkItem[Case]]:
    """All pieces of work, long ones first, so that all processes end together.

    A notebook as a whole takes longest; after that the last assignments.
    """
    for material in materials:
        yield WorkItem(partial(check_notebook, material, course.build / "rendered"))
    for material in reversed(materials):
        yield from _list_assignment_work(course, material, seeds)


def _list_assignment_work(
    course: Course, material: Material, seeds: Sequence[int]
) -> list[WorkItem[Case]]:
    """The pieces of work of one assignment; all wait if its checks wait for some."""
    reference = load_reference(material)
    catalogue = reference.catalogue
    misconceptions = sorted(catalogue.misconceptions, key=lambda m: not m.waits)
    works: list[Callable[[], list[Case]]] = [
        *(
            partial(_verify_misconception, material, m.name, seeds)
            for m in misconceptions
        ),
        *(
            partial(_verify_styles, material, [s.name for s in round_], seeds)
            for round_ in _group_styles(catalogue.styles)
        ),
        *(
            partial(_report_cross_checks, rows)
            for rows in load_cross_checks(course, material)
        ),
        *(partial(_verify, check_lazy_solution, material, k, seeds) for k in KINDS),
        *(
            partial(_verify, check_float32, material, exercise, seeds)
            for exercise in reference.defines
        ),
        partial(
            check_hints, material, course.release / material.assignment / HINTS_FILE
        ),
        partial(_verify, check_solution, material, seeds),
        partial(_verify, check_release, material),
        partial(_verify_catalogue, material),
    ]
    waits = any(m.waits for m in misconceptions)
    return [WorkItem(work, waits) for work in works]


def _group_styles(styles: Sequence[Style]) -> list[list[Style]]:
    """The first style of each exercise together, then the second ones, and so on."""
    rounds: dict[int, list[Style]] = {}
    seen: Counter[str] = Counter()
    for style in styles:
        rounds.setdefault(seen[style.exercise], []).append(style)
        seen[style.exercise] += 1
    return list(rounds.values())


# A reference cannot be sent to another process: each of these loads it where it runs.


def _verify(check: Callable[..., Case], material: Material, *args: Any) -> list[Case]:
    """The one case that `check` gives for the material, its reference and `args`."""
    return [check(material, load_reference(material), *args)]


def _verify_catalogue(material: Material) -> list[Case]:
    return list(check_catalogue(material, load_reference(material)))


def _verify_styles(
    material: Material, names: Sequence[str], seeds: Sequence[int]
) -> list[Case]:
    """A round of styles in one submission; one by one if that does not pass."""
    reference = load_reference(material)
    chosen = [s for s in reference.catalogue.styles if s.name in names]
    together = check_style(material, reference, chosen, seeds)
    if together.passed:
        return [Case(material.assignment, "style", s.name) for s in chosen]
    return [check_style(material, reference, [s], seeds) for s in chosen]


def _verify_misconception(
    material: Material, name: str, seeds: Sequence[int]
) -> list[Case]:
    reference = load_reference(material)
    entry = next(m for m in reference.catalogue.misconceptions if m.name == name)
    return [check_misconception(material, reference, entry, seeds)]
