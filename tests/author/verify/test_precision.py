"""Does float32 in one function cost points only there, whatever is drawn?"""

from __future__ import annotations

from pathlib import Path

from support.author_course import LESSON, make_course

from unrolled.assignment.load import load_material, load_reference
from unrolled.author.build import build_assignments
from unrolled.author.report import Case
from unrolled.author.verify.precision import check_float32

TWO = """# %% exercise="halves"
def halves(n):
    \"\"\"1/2, 1/4 ... as an array.\"\"\"
    ### BEGIN SOLUTION
    return 0.1 * 0.5 ** np.arange(n)
    ### END SOLUTION


# %% check="halves_values" points=20
assert CHECK
### BEGIN HIDDEN TESTS
assert ASKED
### END HIDDEN TESTS


# %% exercise="total"
def total(n):
    \"\"\"Their sum.\"\"\"
    ### BEGIN SOLUTION
    return float(np.sum(halves(n), dtype=float))
    ### END SOLUTION


# %% check="total_value" points=20
assert abs(total(2) - 0.15) < 1e-12


"""


def case(folder: Path, check: str, hidden: str = "True") -> Case:
    """Float32 in `halves`, whose check asks `check` and, hidden, `hidden`."""
    text = LESSON.replace("points=60", "points=20")
    place = '# %% exercise="double"'
    own = TWO.replace("CHECK", check).replace("ASKED", hidden)
    course = make_course(folder, text.replace(place, own + place))
    build_assignments(course, ["01_tiny"])
    material = load_material(course, "01_tiny")
    return check_float32(material, load_reference(material), "halves", range(8))


def test_a_loss_that_shows_up_later_is_named(tmp_path: Path) -> None:
    """Is it told that a later function pays for digits that its checks let go?"""
    (problem,) = case(tmp_path, "abs(halves(1)[0] - 0.1) < 1e-4").problems
    assert problem.startswith("total_value of another exercise fails")


def test_float32_that_is_refused_where_it_is_made_costs_no_more(tmp_path: Path) -> None:
    """Does the later function pass, with the right one in its place?"""
    assert case(tmp_path, 'halves(1).dtype == "float64"').passed


def test_a_verdict_that_hangs_on_the_draw_is_named(tmp_path: Path) -> None:
    """Is it told that some students lose points for it, and some don't?"""
    hidden = 'halves(1).dtype == "float64" or rng.integers(2) > 0'
    found = case(tmp_path, "abs(halves(1)[0] - 0.1) < 1e-4", hidden).problems
    assert "halves_values passes for some draws only" in found
