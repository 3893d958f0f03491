"""Among 120 submissions of a real lesson, are three copies the pairs at the top?"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.varied_class import (
    change_comments,
    change_names,
    choose_solutions,
    copy_of,
    insert_prints,
    split_statements,
    turn_loops,
    write_class,
    write_honest,
)

from unrolled.assignment import Material, Notebook, load_material
from unrolled.course import load_course
from unrolled.similar.build import Pairing, compare_submissions
from unrolled.similar.read import Place, read_submissions

ROOT = Path(__file__).resolve().parents[2]
SAME = 4  # students who took the same solution of every exercise
DISGUISES = {
    "names, comments and the order": ((change_names, change_comments), True),
    "loops, names and comments": ((turn_loops, change_names, change_comments), False),
    "prints, names and the order": ((insert_prints, change_names), True),
}


def compare(folder: Path, material: Material, works: dict[str, Notebook]) -> Pairing:
    """Read and compare a class, as the command does."""
    write_class(folder, material, works)
    found = list(read_submissions(material, Place("", folder, tuple(sorted(works)))))
    return compare_submissions(material, found, {})


def make_honest(
    material: Material, rng: random.Random, count: int
) -> dict[str, Notebook]:
    """Students with hands of their own; the first few know the same solutions."""
    same = choose_solutions(material, rng)
    return {
        f"s{n:03}": write_honest(material, rng, same if n < SAME else None)
        for n in range(count)
    }


def list_best(pairing: Pairing, count: int) -> list[tuple[str, str]]:
    return [
        (pairing.submissions[i].student, pairing.submissions[j].student)
        for i, j in pairing.list_best(count)
    ]


@pytest.mark.parametrize(
    ("lesson", "seed"),
    [
        *(("02_forward_pass", seed) for seed in (1, 2, 3)),
        *(("05_gates", seed) for seed in (1, 2)),
    ],
)
def test_three_copies_are_the_top_pairs(lesson: str, seed: int, tmp_path: Path) -> None:
    """With every disguise? Do they stand out, and nobody who is honest, also of those
    who took the same solution of everything?"""
    material = load_material(load_course(ROOT), lesson)
    rng = random.Random(seed)
    works = make_honest(material, rng, 117)
    copies = set()
    for number, (disguises, reorder) in enumerate(DISGUISES.values()):
        victim, copier = f"s{10 + number:03}", f"x{number}"
        works[copier] = copy_of(works[victim], rng, disguises, reorder=reorder)
        copies.add((victim, copier))
    pairing = compare(tmp_path, material, works)
    assert (len(pairing.submissions), pairing.pairs.total) == (120, 7140)
    assert set(list_best(pairing, 3)) == copies
    scores = [float(pairing.scores[pair]) for pair in pairing.list_best(4)]
    assert pairing.threshold is not None
    assert scores[2] >= pairing.threshold > scores[3]
    assert scores[2] > 1.5 * scores[3]


def test_split_statements_are_seen_in_long_exercises(tmp_path: Path) -> None:
    """Where a lesson has some, does cutting every line in two hide nothing?"""
    material = load_material(load_course(ROOT), "05_gates")
    rng = random.Random(1)
    works = make_honest(material, rng, 119)
    works["x"] = copy_of(works["s010"], rng, (insert_prints, split_statements))
    pairing = compare(tmp_path, material, works)
    assert list_best(pairing, 1) == [("s010", "x")]
    best = float(pairing.scores[pairing.list_best(1)[0]])
    assert pairing.threshold is not None and best >= pairing.threshold


def test_nobody_stands_out_of_an_honest_class(tmp_path: Path) -> None:
    """Is a page that points at nobody what an honest class gets?"""
    material = load_material(load_course(ROOT), "02_forward_pass")
    works = make_honest(material, random.Random(7), 120)
    pairing = compare(tmp_path, material, works)
    assert pairing.threshold is not None
    assert float(pairing.scores.max()) < pairing.threshold
