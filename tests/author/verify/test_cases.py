"""What verify says of a bad catalogue and of bad checks, by the real judge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.author_course import LESSON, make_course

from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.material import Material
from unrolled.author.build import build_assignments
from unrolled.author.report import (
    Case,
)
from unrolled.author.verify.cases import (
    check_catalogue,
    check_misconception,
    check_release,
    check_solution,
)
from unrolled.author.verify.lazy import check_lazy_solution

MORE = """
# %% check="double_lucky" points=17
### BEGIN HIDDEN TESTS
assert double(3) == 6 or (double(3) == 4 and rng.integers(2) == 0)
### END HIDDEN TESTS


# %% check="double_free" points=2.5
assert double is not None


# %% exercise="quadruple"
def quadruple(x):
    \"\"\"Four times x.\"\"\"
    ### BEGIN SOLUTION
    return double(double(x))
    ### END SOLUTION


# %% check="quadruple_values" points=0.5
assert quadruple(2) == 8

# %% show"""
CATALOGUE = """
from unrolled.assignment.catalogue import misconception


@misconception("double", fails="double_values", hint="Not the square.")
def squares(x):
    return x * x


@misconception("double", fails="double_values", hint="Add x, not 1.")
def adds_one(x):
    return x + 1


@misconception("double", fails="double_values", hint="Right, in truth.")
def right(x):
    return x + x


@misconception(
    "double", fails="double_wrong", matches=lambda observed: False, hint="Never told."
)
def thrice(x):
    return 3 * x
"""
TWIN = """

@misconception("double", fails="double_values", hint="One more.")
def one_more(x):
    return 1 + x
"""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A lesson with a check of luck, one for nothing, and a faulty catalogue."""
    lesson = LESSON.replace("points=60", "points=40").replace("\n# %% show", MORE)
    course = make_course(tmp_path_factory.mktemp("cases"), lesson)
    (course.lessons / "01_tiny" / "misconceptions.py").write_text(CATALOGUE)
    build_assignments(course, ["01_tiny"])
    return load_material(course, "01_tiny")


def of(material: Material, name: str) -> Case:
    """What is said of a misconception, over eight draws."""
    reference = load_reference(material)
    (found,) = (m for m in reference.catalogue.misconceptions if m.name == name)
    return check_misconception(material, reference, found, range(8))


def test_a_misconception_that_passes_is_told(material: Material) -> None:
    """Is a wrong solution that gets the points a miss, named with its check?"""
    (problem,) = of(material, "right").problems
    assert problem == "double_values passes, but must fail (seed 0)"


def test_a_verdict_that_hangs_on_the_draw_is_told(material: Material) -> None:
    """Is a check that fails some students only for the same mistake a miss?"""
    (problem,) = of(material, "adds_one").problems
    assert problem.startswith("double_lucky ") and "but not always" in problem


def test_hints_that_cannot_be_told_apart_are_told(material: Material) -> None:
    """Is a student never given two hints of which one is wrong, unless it is said?"""
    twins = replace(material, misconceptions=CATALOGUE + TWIN)
    problems = of(twins, "one_more").problems
    assert any("double_values gets the hint of adds_one too" in p for p in problems)
    said = (CATALOGUE + TWIN).replace('hint="One', 'coincides=("adds_one",), hint="One')
    problems = of(replace(material, misconceptions=said), "one_more").problems
    assert problems and not any(" too" in p for p in problems)


def test_a_hint_that_is_never_given_is_told(material: Material) -> None:
    """Is a misconception that nothing recognises a miss?"""
    problems = of(material, "thrice").problems
    assert any(p.startswith("double_values fails without its own") for p in problems)


@pytest.mark.parametrize("broken", ["no_helper(observed)", "__import__('no_module')"])
def test_a_matcher_that_misses_a_name_is_told(material: Material, broken: str) -> None:
    """Is it named, and not only guessed from a hint that stays away?"""
    text = CATALOGUE.replace("observed: False", f"observed: {broken}")
    (problem,) = of(replace(material, misconceptions=text), "squares").problems
    assert problem.startswith("`matches` of thrice cannot run: ")
    assert "'no_helper'" in problem or "'no_module'" in problem


def test_a_catalogue_that_is_too_small_or_misspelt_is_told(material: Material) -> None:
    """Are names of checks that are none, and fewer than three entries, misses?"""
    found = {c.name: c for c in check_catalogue(material, load_reference(material))}
    assert "thrice: there is no check double_wrong" in found["double"].problems
    assert "only 0 misconceptions" in found["quadruple"].problems
    two = "\n\n@misconception".join(CATALOGUE.split("\n\n@misconception")[:3])
    small = replace(material, misconceptions=two)
    found = {c.name: c for c in check_catalogue(small, load_reference(small))}
    assert "only 2 misconceptions" in found["double"].problems


def test_points_for_nothing_are_told(material: Material) -> None:
    """Is a check that asks nothing a miss, for the untouched and for the lazy?"""
    reference = load_reference(material)
    lazy = check_lazy_solution(material, reference, "None", range(2))
    assert lazy.problems == ("earns 2.5 points: double_free (2.5)",)
    untouched = check_release(material, reference)
    assert untouched.problems == ("double_free passes on the untouched release",)


def test_a_solution_that_fails_for_some_draws_is_told(material: Material) -> None:
    """Is every seed asked of the reference solution, not only the first?"""
    reference = load_reference(material)
    assert check_solution(material, reference, range(4)).passed
    source = {**material.source}
    source["cells"] = [
        {**c, "source": c["source"].replace("double(3) == 6 or", "")}
        for c in material.source["cells"]
    ]
    strict = replace(material, source=source)
    (problem,) = check_solution(strict, load_reference(strict), range(4)).problems
    assert problem.startswith("double_lucky fails under seed")
