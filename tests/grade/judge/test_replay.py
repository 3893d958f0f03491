"""Exercises that are classes, iterators or data: graded and explained."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import pytest
from support.small_assignment import QUICK, by_id, cell, check, graded

from unrolled.assignment.catalogue import load_catalogue
from unrolled.assignment.material import Material
from unrolled.assignment.reference import Reference, build_reference
from unrolled.author.verify.cases import (
    check_catalogue,
    check_misconception,
    check_solution,
    check_style,
    make_solved_notebook,
)
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.replay import calls_of
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput
from unrolled.grade.session.recorded_calls import Call, ObjectRef, replace_objects

Notebook = dict[str, Any]

TALLY = """
class Tally:
    def __init__(self, start):
        self.total = start

    def add(self, n):
        self.total += n
        return self.total

    def __call__(self, n):
        return [self.total] * n
"""
PAIRS = """
def pairs(items):
    for a, b in zip(items, items[1:]):
        yield a, b
"""
SHAPES = 'SHAPES = {"caption": "one-to-many", "mood": "many-to-one"}'
TRAIN = """
def train(model, steps):
    for _ in range(steps):
        model.move(1)
"""
HELPER = """
import math

class Toy:
    def __init__(self):
        self.place = 0

    def move(self, by):
        self.place += by * math.ceil(0.5)
"""
CATALOGUE = '''
from unrolled.assignment.catalogue import misconception, style

@misconception("Tally", fails="tally_adds", hint="Add to what there is.")
class Overwrites:
    """Forgets the total."""
    def __init__(self, start):
        self.total = start
    def add(self, n):
        self.total = n
        return self.total
    def __call__(self, n):
        return [self.total] * n

@misconception("Tally", fails="tally_called", hint="A copy for each.")
class CalledOnce:
    def __init__(self, start):
        self.total = start
    def add(self, n):
        self.total += n
        return self.total
    def __call__(self, n):
        return [self.total]

@style("Tally")
class Hidden:
    def __init__(self, start):
        self._kept = [start]
    total = property(lambda self: sum(self._kept))
    def add(self, n):
        self._kept.append(n)
        return self.total
    def __call__(self, n):
        return [self.total for _ in range(n)]

@misconception("pairs", fails="pairs_values", hint="Neighbours overlap.")
def disjoint(items):
    for i in range(0, len(items) - 1, 2):
        yield items[i], items[i + 1]

@style("pairs")
def as_list(items):
    return [(items[i], items[i + 1]) for i in range(len(items) - 1)]

@misconception("SHAPES", fails="shapes_mood", hint="A mood is one thing.")
def mood_is_many():
    return {"caption": "one-to-many", "mood": "many-to-many"}

@style("SHAPES")
def written_otherwise():
    return dict(mood="many-to-one", caption="one-to-many")

@misconception("train", fails="train_moves", hint="All steps, not one.")
def one_step(model, steps):
    model.move(1)

@style("train")
def at_once(model, steps):
    model.move(steps)
'''


def solution(name: str, source: str) -> Notebook:
    """A solution cell."""
    return cell("code", source.strip(), nbgrader=graded(name, False, True))


CHECKS = (
    (
        "tally_adds",
        "Tally",
        "t = Tally(3)\nassert t.add(4) == 7",
        "t = Tally(rng.integers(9).item())\nbefore = t.total\n"
        "assert t.add(2) == before + 2 and t.total == before + 2",
    ),
    (
        "tally_called",
        "Tally",
        "t = Tally(2)\nassert t(3) == [2, 2, 2]",
        "",
    ),
    (
        "pairs_values",
        "pairs",
        "assert list(pairs([1, 2, 3])) == [(1, 2), (2, 3)]",
        "x = rng.integers(9, size=5).tolist()\n"
        "assert list(pairs(x)) == list(zip(x, x[1:]))",
    ),
    ("shapes_mood", "SHAPES", 'assert SHAPES["mood"] == "many-to-one"', ""),
    (
        "train_moves",
        "train",
        "toy = Toy()\ntrain(toy, 3)\nassert toy.place == 3",
        "toy, n = Toy(), rng.integers(2, 9).item()\ntrain(toy, n)\n"
        "assert toy.place == n",
    ),
)


def source() -> Notebook:
    """A notebook with a class, a generator, data, and a function that takes objects."""
    cells = [
        cell("code", HELPER.strip(), unrolled={"helper": True}),
        solution("Tally", TALLY),
        *(check(*c, 5) for c in CHECKS[:2]),
        solution("pairs", PAIRS),
        check(*CHECKS[2], 5),
        solution("SHAPES", SHAPES),
        check(*CHECKS[3], 5),
        solution("train", TRAIN),
        check(*CHECKS[4], 5),
    ]
    for number, made in enumerate(cells):
        made["id"] = f"cell-{number}"
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def make_material(notebook: dict[str, Any]) -> Material:
    """The trusted side of a notebook: students get it as it is."""
    return Material(
        assignment="kinds",
        notebook="kinds",
        source=notebook,
        release=copy.deepcopy(notebook),
        misconceptions=CATALOGUE,
    )


@pytest.fixture(scope="module")
def material() -> Material:
    """The trusted side."""
    return make_material(source())


@pytest.fixture(scope="module")
def reference(material: Material) -> Reference:
    """Its reference."""
    return build_reference(material)


def verdicts(
    material: Material, reference: Reference, **cells: str
) -> dict[str, CellVerdict]:
    """The verdicts on the solution with whole cells replaced; `first` runs before."""
    notebook = make_solved_notebook(material)
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in cells:
            made["source"] = textwrap.dedent(cells[name])
    if "first" in cells:
        notebook["cells"].insert(1, cell("code", textwrap.dedent(cells["first"])))
    return by_id(
        judge_submission(
            JudgeInput(material, notebook, 1, QUICK),
            reference,
            select_trusted_worker(),
        )
    )


def test_solution_and_styles_pass(material: Material, reference: Reference) -> None:
    """Do classes, generators and data get their points, in other styles too?"""
    assert not check_solution(material, reference, [0, 1]).problems
    for s in reference.catalogue.styles:
        assert not check_style(material, reference, [s], [0, 1]).problems


def test_each_misconception_gets_its_hint(
    material: Material, reference: Reference
) -> None:
    """Is each recognised by what was asked of the objects it makes?"""
    assert len(reference.catalogue.misconceptions) == 5
    for m in reference.catalogue.misconceptions:
        assert not check_misconception(material, reference, m, [0, 1]).problems


def test_the_catalogue_is_counted_for_every_kind(
    material: Material, reference: Reference
) -> None:
    """Does verify see the entries of classes and data, and miss those that lack?"""
    found = {c.name: c.problems for c in check_catalogue(material, reference)}
    assert found["Tally"] == ("only 2 misconceptions", "only 1 styles")
    assert found["SHAPES"] == ("only 1 misconceptions", "only 1 styles")


def test_a_check_keeps_its_own_names(material: Material) -> None:
    """Is a name that the check sets not asked of a student whose cell sets it, too?"""
    changed = copy.deepcopy(source())
    shapes = next(c for c in changed["cells"] if c["source"].startswith("SHAPES"))
    shapes["source"] += "\nhelp_ = 1"
    tally = next(c for c in changed["cells"] if c["source"].startswith("t = Tally(3)"))
    tally["source"] = "help_ = 4\n" + tally["source"].replace("add(4)", "add(help_)")
    made = make_material(changed)
    found = verdicts(made, build_reference(made), SHAPES=SHAPES)
    assert found["tally_adds"].passed


def test_another_mistake_gets_no_hint(material: Material, reference: Reference) -> None:
    """Is a class that fails otherwise left without a guess?"""
    wrong = TALLY.replace("self.total += n", "self.total -= n")
    found = verdicts(material, reference, Tally=wrong)
    assert not found["tally_adds"].passed and not found["tally_adds"].hint
    assert found["tally_called"].passed


def test_a_replaced_helper_is_not_believed(
    material: Material, reference: Reference
) -> None:
    """Is a student's own `Toy`, which is always where it should be, left aside?"""
    lie = """
        class Toy:
            place = property(lambda self: 3)
            def move(self, by): pass
        """
    found = verdicts(material, reference, first=lie, train="def train(m, s): pass")
    assert not found["train_moves"].passed
    assert found["tally_adds"].passed


def test_helpers_leave_the_students_names_alone(
    material: Material, reference: Reference
) -> None:
    """Do the student's functions see the student's own names still?"""
    own = "def Toy(): return 'mine'"
    train = TRAIN.replace("for _", "assert Toy() == 'mine'\n    for _")
    found = verdicts(material, reference, first=own, train=train)
    assert found["train_moves"].passed


def test_a_helper_that_leans_on_other_cells_is_refused() -> None:
    """Is the author told that a helper cell must stand alone?"""
    broken = source()
    broken["cells"].insert(0, cell("code", "import math"))
    broken["cells"][1]["source"] = HELPER.replace("import math", "math.pi")
    made = make_material(broken)
    with pytest.raises(UserError, match="helper cell must run without"):
        build_reference(made)


def test_what_hangs_on_an_exercise() -> None:
    """Are questions to objects that went through a function evidence about it?"""
    model = Call(name="Model", before=((), {}), verb="call")
    trained = Call(name="train", before=((ObjectRef(7), 3), {}))
    asked = Call(
        name="Model", before=(("place",), {}), verb="attribute", target=ObjectRef(7)
    )
    other = Call(
        name="Model", before=(("place",), {}), verb="attribute", target=ObjectRef(8)
    )
    assert calls_of([asked, model, trained, asked, other], "train") == [trained, asked]


def test_records_hold_no_handles() -> None:
    """Are plain arguments recorded as they are?"""
    assert replace_objects([1, {"a": (2.0, None)}]) == [1, {"a": (2.0, None)}]


def test_pasted_classes_take_the_name_of_the_exercise() -> None:
    """Does a class of the catalogue come under the exercise's name, undocumented?"""
    found = load_catalogue(CATALOGUE, "here", {})
    text = found.of("Tally")[0].source
    assert text.startswith("class Tally:") and "Forgets" not in text
