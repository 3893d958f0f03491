"""Do exercises in which nothing happens earn nothing?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.author_course import LESSON, make_course

from unrolled.assignment.load import load_material, load_reference
from unrolled.author.build import build_assignments
from unrolled.author.report import Case
from unrolled.author.verify import lazy_kit
from unrolled.author.verify.lazy import (
    KINDS,
    STUB,
    check_lazy_solution,
    make_lazy_notebook,
)

CARELESS = LESSON.replace(
    "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nnumber = int(rng.integers(100))\n"
    "assert double(number) == oracle.double(number)\n### END HIDDEN TESTS",
    "assert {}",
)


def cases(folder: Path, condition: str | None) -> dict[str, Case]:
    """The lazy cases of the small lesson, whose check asks only `condition`."""
    course = make_course(
        folder, LESSON if condition is None else CARELESS.format(condition)
    )
    build_assignments(course, ["01_tiny"])
    material = load_material(course, "01_tiny")
    reference = load_reference(material)
    return {k: check_lazy_solution(material, reference, k, range(2)) for k in KINDS}


def test_a_check_that_asks_a_value_stands(tmp_path: Path) -> None:
    """Does nobody earn a point where the check wants the right number?"""
    assert all(case.passed for case in cases(tmp_path, None).values())


@pytest.mark.parametrize(
    ("condition", "caught"),
    [
        ("double(2) is None", {STUB, "None"}),
        ("type(double(2)) is int", {"zeros", "ones", *lazy_kit.KINDS[3:]}),
        ("double(2) == 0", {"zeros"}),
        ("double(2) == 1", {"ones"}),
        ("double(2) == 2", set(lazy_kit.KINDS[3:])),
    ],
)
def test_a_check_that_asks_too_little_is_named(
    condition: str, caught: set[str], tmp_path: Path
) -> None:
    """Which lazy ways earn its points, and is it told by name and points?"""
    found = {k: c.problems for k, c in cases(tmp_path, condition).items() if c.problems}
    assert set(found) == caught
    for problems in found.values():
        assert problems == ("earns 60 points: double_values (60)",)


def test_every_kind_has_a_notebook(tmp_path: Path) -> None:
    """Is the exercise's name bound in each, and the right one kept aside?"""
    course = make_course(tmp_path)
    build_assignments(course, ["01_tiny"])
    material = load_material(course, "01_tiny")
    for kind in KINDS:
        texts = [c["source"] for c in make_lazy_notebook(material, kind)["cells"]]
        assert not any("raise NotImplementedError" in text for text in texts)


class Counter:
    """Counts up from a start."""

    def __init__(self, start: int) -> None:
        self.number = start

    def __iter__(self) -> Counter:
        return self

    def __next__(self) -> int:
        self.number += 1
        return self.number

    def close(self) -> str:
        return "closed"


def test_a_class_is_lazy_in_all_its_methods() -> None:
    """Do its methods return nothing, or zeros of the right kind?"""
    for kind, item, said in (("None", None, None), ("zeros", 0, " " * 6)):
        made = lazy_kit.lazy(kind, Counter)(5)
        assert iter(made) is made
        assert (next(made), made.close()) == (item, said)


def test_arguments_come_back_where_they_fit() -> None:
    """Is each result the first argument of its form, and zeros where none is?"""

    def clip(grads: dict[str, object], most: float) -> tuple[object, float, str]:
        return dict.fromkeys(grads, 0.5), 3.0, "abc"

    grads, most = {"w": np.ones(2)}, 2.0
    assert lazy_kit.lazy("matching argument", clip)(grads, most) == (grads, most, "   ")
    assert lazy_kit.lazy("first argument", clip)(grads, most) is grads
