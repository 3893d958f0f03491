"""Make the table of hints that goes to students beside their notebook.

Every misconception is played on the visible checks of its exercise. What they see is
put into the table as a digest, with the hint sealed by it. Where two that exclude each
other give the same result, or where a result says too little, the hint is empty: no
guess is said there either.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.assignment import Material, Misconception, Reference, open_workdir
from unrolled.author.hints.play import set_stage
from unrolled.author.hints.weigh import is_finite, is_telling
from unrolled.lab.checks.errors import Seen
from unrolled.lab.hints.encode import (
    SHIFTS,
    Grid,
    encode_value,
    identify_question,
    list_numbers,
)
from unrolled.lab.hints.seal import derive_key, seal_text
from unrolled.lab.hints.table import FORMAT

STEPS = (-4, -7)
SEPARATOR = " Or: "  # between the hints of two that nobody can tell apart


@dataclass(frozen=True)
class Wrong:
    """A misconception, and what a visible check saw of it."""

    misconception: Misconception
    seen: Seen


def play_catalogue(material: Material, reference: Reference) -> list[Wrong]:
    """What visible checks see of every misconception, where they fail."""
    with open_workdir(material.data):
        stage = set_stage(material, reference)
        return [
            Wrong(m, miss.seen)
            for m in reference.catalogue.misconceptions
            for miss in stage.play(m)
            if miss.seen is not None
        ]


def group_by_question(wrongs: Sequence[Wrong]) -> dict[str, list[Wrong]]:
    """What was seen of each question, by its name."""
    found = defaultdict(list)
    for wrong in wrongs:
        found[identify_question(wrong.seen)].append(wrong)
    return dict(found)


def choose_grid(wrongs: Sequence[Wrong]) -> Grid:
    """The grid on which the results of a question stand apart, far from all edges.

    Of those that tell most of them apart the coarsest, moved so that the number that
    comes nearest to an edge is as far from it as can be.
    """
    numbers = np.concatenate([list_numbers(w.seen.got) for w in wrongs])
    numbers = numbers[np.isfinite(numbers)]
    asked = list_numbers(wrongs[0].seen.want)
    scale = find_scale(asked) if asked.any() else find_scale(numbers)
    grids = [_move_off_edges(Grid(scale, step), numbers) for step in STEPS]
    return max(grids, key=lambda grid: _count_apart(wrongs, grid))


def find_scale(numbers: np.ndarray) -> int:
    """The power of ten below the usual size of the numbers that are not 0."""
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    return int(np.floor(np.log10(np.median(sizes)))) if sizes.size else 0


def _move_off_edges(grid: Grid, numbers: np.ndarray) -> Grid:
    def measure(moved: Grid) -> float:
        places = moved.place(numbers)
        return float(np.abs(places - np.round(places)).min(initial=1.0))

    moved = [Grid(grid.scale, grid.step, shift) for shift in range(SHIFTS)]
    return max(moved, key=measure)


def _count_apart(wrongs: Sequence[Wrong], grid: Grid) -> int:
    """How many results the grid tells apart, from each other and from the right one."""
    results = {encode_value(w.seen.got, grid) for w in wrongs}
    return len(results - {encode_value(wrongs[0].seen.want, grid)})


def sort_hints(wrongs: Sequence[Wrong], grid: Grid) -> dict[bytes, str]:
    """For each result of a question the hint, or "" where nothing is certain."""
    right = encode_value(wrongs[0].seen.want, grid)
    results: dict[bytes, list[Wrong]] = defaultdict(list)
    for wrong in wrongs:
        results[encode_value(wrong.seen.got, grid)].append(wrong)
    results.pop(right, None)
    hints = {result: choose_hint(alike) for result, alike in results.items()}
    return {
        result: hint
        for result, hint in hints.items()
        if hint or is_finite(results[result][0].seen)
    }


def choose_hint(alike: Sequence[Wrong]) -> str:
    """What is said of a result: what fits all that give it, or nothing."""
    if not is_telling(alike[0].seen):
        return ""
    entries = {w.misconception.name: w.misconception for w in alike}
    hints = list(dict.fromkeys(m.hint for m in entries.values()))
    first, *others = entries.values()
    related = all(
        m.name in first.coincides or first.name in m.coincides for m in others
    )
    return SEPARATOR.join(hints) if len(hints) == 1 or related else ""


def make_table(wrongs: Sequence[Wrong], made_from: str) -> bytes:
    """The table as a file, the same bytes wherever it is made from the same results."""
    questions = {}
    for name, alike in group_by_question(wrongs).items():
        grid = choose_grid(alike)
        hints = {}
        for result, hint in sort_hints(alike, grid).items():
            key = derive_key(result, name)
            hints[key.tag] = base64.b64encode(seal_text(hint, key)).decode()
        if hints:
            shape = [grid.scale, grid.step, grid.shift]
            questions[name] = {"grid": shape, "hints": hints}
    document = {"format": FORMAT, "made_from": made_from, "questions": questions}
    return (json.dumps(document, indent=0, sort_keys=True) + "\n").encode()
