"""Sample submissions that prove the tests of an assignment, and what each must show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unrolled.assignment import (
    Material,
    Misconception,
    Notebook,
    Reference,
    Style,
    read_sources,
)
from unrolled.author.lesson.replace import replace_function
from unrolled.author.report import Case
from unrolled.course import Limits
from unrolled.grade.doctor import select_trusted_worker
from unrolled.grade.judge import (
    BrokenCatalogueError,
    CellVerdict,
    Examination,
    JudgeInput,
)

LIMITS = Limits(submission_seconds=900.0, cell_seconds=60.0)
KEPT = 16  # processes: each seed asks for those of the same checks


def make_solved_notebook(
    material: Material, replaced: dict[str, str] | None = None
) -> Notebook:
    """The release with the reference's solution cells, or with others in their place.

    `replaced` maps an exercise to the source of a function that takes the place
    of the reference's function of that name.
    """
    solutions = read_sources(material.source_cells, "exercise")
    for exercise, function in (replaced or {}).items():
        solutions[exercise] = replace_function(solutions[exercise], exercise, function)
    return material.fill_release(solutions)


def examine(
    material: Material,
    reference: Reference,
    notebook: Notebook,
    seeds: Sequence[int],
    *,
    only: str | None = None,
    strict: bool = False,
) -> Iterator[tuple[int, list[CellVerdict]]]:
    """The verdicts on a sample submission under each seed, in one process.

    All checks run under the first seed; under the others those of the exercise
    `only`, if it is given: the rest of the notebook is the solution, which has a
    case of its own. Where `strict`, a `matches` that misses a name is a
    BrokenCatalogueError.
    """
    submission = JudgeInput(material, notebook, seeds[0], LIMITS)
    worker = select_trusted_worker()
    kept = KEPT if len(seeds) > 1 else 1
    examination = Examination(submission, reference, worker, strict=strict, kept=kept)
    try:
        for seed in seeds:
            exercise = None if seed == seeds[0] else only
            yield seed, list(examination.judge_checks(seed, exercise))
    finally:
        examination.close()


def check_solution(
    material: Material, reference: Reference, seeds: Sequence[int]
) -> Case:
    """The reference solution gets all automatic points under every seed."""
    notebook = make_solved_notebook(material)
    problems = _find_failures(material, reference, notebook, seeds)
    return Case(material.assignment, "solution", "all points", tuple(problems))


def check_release(material: Material, reference: Reference) -> Case:
    """The untouched release gets no automatic point."""
    problems = [
        f"{v.grade_id} passes on the untouched release"
        for _, verdicts in examine(material, reference, material.release, [0])
        for v in verdicts
        if v.passed
    ]
    return Case(material.assignment, "release", "no points", tuple(problems))


def check_style(
    material: Material,
    reference: Reference,
    styles: Sequence[Style],
    seeds: Sequence[int],
) -> Case:
    """Correct solutions in other styles get all points."""
    notebook = make_solved_notebook(material, {s.exercise: s.source for s in styles})
    problems = _find_failures(material, reference, notebook, seeds)
    names = ", ".join(s.name for s in styles)
    return Case(material.assignment, "style", names, tuple(problems))


def _find_failures(
    material: Material, reference: Reference, notebook: Notebook, seeds: Sequence[int]
) -> list[str]:
    problems: dict[str, str] = {}
    for seed, verdicts in examine(material, reference, notebook, seeds):
        for v in verdicts:
            if not v.passed or v.follow_through:
                text = f"{v.grade_id} fails under seed {seed}: {v.message[:200]}"
                problems.setdefault(v.grade_id, text)
    return list(problems.values())


def check_misconception(
    material: Material, reference: Reference, m: Misconception, seeds: Sequence[int]
) -> Case:
    """A misconception fails the cells it should, with its own hint and no other's.

    Which cells it fails is the same under every seed: no verdict is luck.
    """
    notebook = make_solved_notebook(material, {m.exercise: m.source})
    examined = examine(
        material, reference, notebook, seeds, only=m.exercise, strict=True
    )
    try:
        problems = _find_misjudged(m, examined)
    except BrokenCatalogueError as error:
        problems = [str(error)]
    return Case(material.assignment, "misconception", m.name, tuple(problems))


def _find_misjudged(
    m: Misconception, examined: Iterator[tuple[int, list[CellVerdict]]]
) -> list[str]:
    problems: dict[str, str] = {}
    passed: dict[str, bool] = {}
    for seed, verdicts in examined:
        for v in verdicts:
            problem = _describe_problem(m, v)
            if not problem and passed.setdefault(v.grade_id, v.passed) != v.passed:
                problem = f"{'passes' if v.passed else 'fails'}, but not always"
            if problem:
                problems.setdefault(v.grade_id, f"{v.grade_id} {problem} (seed {seed})")
    return list(problems.values())


def _describe_problem(m: Misconception, v: CellVerdict) -> str:
    if v.exercise != m.exercise:
        return "" if v.passed else f"of another exercise fails: {v.message[:200]}"
    if v.passed:
        return "passes, but must fail" if v.grade_id in m.fails else ""
    others = set(v.misconception) - {m.name} - set(m.coincides)
    if m.name not in v.misconception:
        return f"fails without its own hint: {v.message[:200]}"
    return f"gets the hint of {', '.join(sorted(others))} too" if others else ""


def check_catalogue(material: Material, reference: Reference) -> Iterator[Case]:
    """Every exercise has at least three misconceptions and three styles, real ids.

    One without a check is optional: nothing of it is graded, so nothing is told.
    """
    ids = {c.grade_id for c in reference.checks}
    graded = {c.exercise for c in reference.checks}
    for exercise in reference.defines:
        if exercise not in graded:
            continue
        wrong = reference.catalogue.of(exercise)
        styles = [s for s in reference.catalogue.styles if s.exercise == exercise]
        problems = [
            f"only {len(entries)} {what}"
            for entries, what in ((wrong, "misconceptions"), (styles, "styles"))
            if len(entries) < 3
        ]
        problems += [
            f"{m.name}: there is no check {name}"
            for m in wrong
            for name in m.fails
            if name not in ids
        ]
        yield Case(material.assignment, "catalogue", exercise, tuple(problems))
