"""Does `unrolled verify` notice a hint that is false, and count those shown?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.author_course import LESSON, make_course

from unrolled.assignment import HINTS_FILE, load_material
from unrolled.assignment.material import Material
from unrolled.author.build import build_assignments
from unrolled.author.hints.play import Miss
from unrolled.author.report import (
    SHOWN,
    SILENT,
    UNSEEN,
    Case,
    HintCase,
    VerifyReport,
)
from unrolled.author.verify.hints import check_hints, is_false
from unrolled.course import Course
from unrolled.lab.checks.errors import Seen

CHECKED = LESSON.replace(
    "assert double(2) == 4\n",
    """from unrolled.lab import check

x = np.array([0.317, -1.204, 2.718])
check.close("twice", check.call(double, x), 2 * x, cause="too little sleep?")
""",
)
CATALOGUE = """
import numpy as np

from unrolled.assignment.catalogue import misconception


@misconception("double", fails="double_values", hint="Not the square.")
def squares(x):
    return x * x


@misconception("double", fails="double_values", hint="Something is missing.")
def zeros(x):
    return 0 * x


@misconception("double", fails="double_values", hint="Also above ten.")
def only_small(x):
    return np.where(np.abs(x) > 10, x, 2 * x)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course whose lesson has three misconceptions, built."""
    made = make_course(tmp_path_factory.mktemp("course"), CHECKED)
    (made.lessons / "01_tiny" / "misconceptions.py").write_text(CATALOGUE)
    build_assignments(made, ["01_tiny"])
    return made


def cases(course: Course, path: Path | None = None) -> dict[str, Case]:
    """What verify says of the hints, by name."""
    material = load_material(course, "01_tiny")
    path = path or course.release / "01_tiny" / HINTS_FILE
    return {c.name: c for c in check_hints(material, path)}


def outcomes(found: dict[str, Case]) -> dict[str, str]:
    """What the notebook says to each misconception."""
    return {n: c.outcome for n, c in found.items() if isinstance(c, HintCase)}


def test_hints_are_counted(course: Course) -> None:
    """Is it told which are shown, which are not, and which no visible check sees?"""
    found = cases(course)
    assert all(c.passed for c in found.values()), found
    assert outcomes(found) == {"squares": SHOWN, "zeros": SILENT, "only_small": UNSEEN}


def test_an_old_table_is_told(course: Course, tmp_path: Path) -> None:
    """Is a table refused that was made from another state of the lesson?"""
    table = json.loads((course.release / "01_tiny" / HINTS_FILE).read_text())
    (tmp_path / HINTS_FILE).write_text(json.dumps(table | {"made_from": "x"}))
    problems = cases(course, tmp_path / HINTS_FILE)["fresh"].problems
    assert problems == (
        "hints.json is not made from this lesson: run `unrolled build`",
    )


def test_without_a_table_guesses_are_told(course: Course, tmp_path: Path) -> None:
    """Is a cause that isn't the true one a miss?"""
    found = cases(course, tmp_path / "none.json")
    assert outcomes(found)["squares"] == SILENT
    assert "tells another cause" in found["squares"].problems[0]
    assert "too little sleep" in found["zeros"].problems[0]


@pytest.mark.parametrize(
    ("reason", "false"),
    [
        ("", False),
        ("\nHint: Mine.", False),
        ("\nHint: Mine. Or: Ours.", False),
        ("\nHint: Yours.", True),
        ("\nHint: Mine. Or: Yours.", True),
        ("\nLikely cause: the sign is flipped", True),
        ("; transposed?", True),
    ],
)
def test_another_cause_is_false(reason: str, false: bool) -> None:
    """Is every reason but the misconception's own one false?"""
    miss = Miss(
        grade_id="x", message=reason, reason=reason, seen=Seen("close", "h", 1.0)
    )
    assert is_false(miss, {"Mine.", "Ours."}) is false


def test_why_it_is_not_finite_may_be_said() -> None:
    """Is the sentence on overflow no false cause?"""
    reason = "\nLikely cause: an overflow?"
    seen = Seen("close", "h", float("nan"))
    assert not is_false(Miss(grade_id="x", message="", reason=reason, seen=seen), set())


def test_the_report_prints_the_counts() -> None:
    """Does the last line say how many show their hint?"""
    made = [
        HintCase("01_tiny", "hint", "a", (), SHOWN),
        HintCase("01_tiny", "hint", "b", (), SHOWN),
        HintCase("01_tiny", "hint", "c", (), UNSEEN),
        Case("01_tiny", "misconception", "a"),
    ]
    report = VerifyReport(1, 0.0, tuple(made))
    counts = report.counts()
    assert counts == "1 misconception, 2 of 3 show their hint in the notebook"
    assert report.unseen == ["01_tiny c"]


def test_a_lesson_is_played_as_in_a_notebook(course: Course) -> None:
    """Is the catalogue's entry run as a student's cell, under the exercise's name?"""
    material: Material = load_material(course, "01_tiny")
    assert HINTS_FILE not in material.data
