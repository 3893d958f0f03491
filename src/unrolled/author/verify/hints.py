"""The hints that students get while they work: each is true, and how many there are.

Each misconception is played on the visible checks with the released table beside it,
as in a notebook. A check that fails shows its hint or none, never another's and no
guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unrolled.assignment import (
    HINTS_FILE,
    Material,
    Misconception,
    Reference,
    load_reference,
    open_workdir,
)
from unrolled.author.hints.keep import digest_lesson, read_origin
from unrolled.author.hints.make import SEPARATOR
from unrolled.author.hints.play import Miss, set_stage
from unrolled.author.hints.weigh import is_finite
from unrolled.author.report import SHOWN, SILENT, UNSEEN, Case, HintCase

PREFIX = "\nHint: "


def check_hints(material: Material, path: Path) -> list[Case]:
    """A case for each misconception, and one for the table itself (at `path`)."""
    reference = load_reference(material)
    wrong = reference.catalogue.misconceptions
    if not wrong:
        return []
    table = path.read_bytes() if path.exists() else b""
    stale = read_origin(table) != digest_lesson(material)
    problem = f"{HINTS_FILE} is not made from this lesson: run `unrolled build`"
    fresh = Case(material.assignment, "hints", "fresh", (problem,) if stale else ())
    with open_workdir({**material.data, HINTS_FILE: table}):
        stage = set_stage(material, reference)
        return [fresh, *(judge_hints(material, m, stage.play(m)) for m in wrong)]


def judge_hints(material: Material, m: Misconception, misses: Sequence[Miss]) -> Case:
    """What the visible checks that fail say to a misconception."""
    allowed = list_allowed(m, load_reference(material))
    problems = tuple(
        f"{miss.grade_id} tells another cause: {miss.reason.strip()[:200]}"
        for miss in misses
        if is_false(miss, allowed)
    )
    shown = any(miss.reason.startswith(PREFIX) for miss in misses)
    outcome = SHOWN if shown else SILENT if misses else UNSEEN
    return HintCase(
        assignment=material.assignment,
        kind="hint",
        name=m.name,
        problems=problems,
        outcome=outcome,
    )


def list_allowed(m: Misconception, reference: Reference) -> set[str]:
    """Its own hint, and those of the entries that no fair test can tell from it."""
    others = reference.catalogue.misconceptions
    related = [o for o in others if o.name in m.coincides or m.name in o.coincides]
    return {m.hint, *(o.hint for o in related)}


def is_false(miss: Miss, allowed: set[str]) -> bool:
    """Whether a message names a cause that isn't the true one.

    Why a number is not finite is said in general, and true.
    """
    if not miss.reason.strip():
        return False
    if miss.reason.startswith(PREFIX):
        said = miss.reason.removeprefix(PREFIX)
        return not set(said.split(SEPARATOR)) <= allowed
    return miss.seen is None or is_finite(miss.seen)
