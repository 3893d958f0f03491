"""`unrolled verify`: prove the tests of the assignments through the grading path."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from unrolled.author.cases import (
    Case,
    catalogue_cases,
    misconception_case,
    release_case,
    solution_case,
    style_case,
)
from unrolled.author.catalogue import Style
from unrolled.author.lazy import KINDS, lazy_case
from unrolled.author.precision import single_case
from unrolled.author.rendered import notebook_cases
from unrolled.author.routes import Row, route_work
from unrolled.author.routes_witness import witness_text
from unrolled.course import Course
from unrolled.grade.material import load_material, load_reference
from unrolled.grade.reference import Reference
from unrolled.grade.task import Material
from unrolled.processes import process_pool

Step = Callable[[int, int, str], None]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Piece(Generic[Found]):
    """A piece of work; one that `waits` keeps no processor busy most of its time."""

    work: Callable[[], list[Found]]
    waits: bool = False


@dataclass(frozen=True)
class VerifyReport:
    """All cases of a run."""

    seeds: int
    seconds: float
    cases: tuple[Case, ...]

    @property
    def passed(self) -> bool:
        """Whether every case holds."""
        return all(c.passed for c in self.cases)

    @property
    def misses(self) -> tuple[Case, ...]:
        """The cases that do not hold."""
        return tuple(c for c in self.cases if not c.passed)

    def summary(self) -> list[tuple[str, str, int, int]]:
        """(assignment, kind, cases, passed) in the order of the cases."""
        cases = Counter((c.assignment, c.kind) for c in self.cases)
        good = Counter((c.assignment, c.kind) for c in self.cases if c.passed)
        return [(a, k, n, good[a, k]) for (a, k), n in cases.items()]

    def counts(self) -> str:
        """What was tried, in words: misconceptions, styles, hidden tests."""
        tried = Counter(c.kind for c in self.cases)
        words = {
            "misconception": ("misconception", "misconceptions"),
            "style": ("style", "styles"),
            "routes": ("hidden test by two routes", "hidden tests by two routes"),
        }
        return ", ".join(
            f"{tried[kind]} {one if tried[kind] == 1 else many}"
            for kind, (one, many) in words.items()
            if tried[kind]
        )

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        cases = [{**asdict(c), "passed": c.passed} for c in self.cases]
        return {
            "passed": self.passed,
            "seeds": self.seeds,
            "seconds": self.seconds,
            "cases": cases,
        }


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
    cases = _done(work, jobs, step, lambda case: case.name)
    cases.sort(key=lambda case: assignments.index(case.assignment))
    return VerifyReport(seeds, time.monotonic() - began, tuple(cases))


def measure_routes(
    course: Course,
    assignments: Sequence[str],
    jobs: int = 2,
    step: Step = lambda done, total, talk: None,
) -> list[Row]:
    """The two routes of every hidden test, and nothing else of `verify`.

    Raises UserError if an assignment is not built or its reference does not run.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    materials = [load_material(course, name) for name in assignments]
    work = [Piece(w) for m in materials for w in _routes(course, m)]
    return _done(work, jobs, step, lambda row: row.check)


def _done(
    work: Iterable[Piece[Found]],
    jobs: int,
    step: Step,
    name: Callable[[Found], str],
) -> list[Found]:
    """What all pieces of work find, in their order; `step` is told what is done.

    Each runs in one of `jobs` processes, or in one of twice as many beside them if
    it waits.
    """
    pools = [process_pool(n) for n in (jobs, 2 * jobs)]
    try:
        futures = [pools[piece.waits].submit(piece.work) for piece in work]
        for done, future in enumerate(as_completed(futures), 1):
            found = future.result()
            step(done, len(futures), name(found[0]) if found else "")
        return [item for future in futures for item in future.result()]
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def _routes(course: Course, material: Material) -> list[Callable[[], list[Row]]]:
    return route_work(material, witness_text(course, material.assignment))


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
        *(partial(_route_cases, rows) for rows in _routes(course, material)),
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
