"""The code keeps its rules of form, and each rule notices what breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest
from form import (
    LEFT,
    LONGEST_FILE,
    LONGEST_FUNCTION,
    MEDIAN,
    Finding,
    find_faults,
    measure_median,
)
from imports import read_tree
from tree_support import make_tree


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    """All that breaks a rule in the project's own source."""
    return find_faults(read_tree())


def test_the_code_keeps_its_form(findings: list[Finding]) -> None:
    """Does nothing new break a rule of form?"""
    new = [str(one) for one in findings if one.key not in LEFT]
    if new:
        pytest.fail("\n".join(new), pytrace=False)


def test_what_is_left_is_really_left(findings: list[Finding]) -> None:
    """Is what was mended taken out of LEFT?"""
    assert sorted(LEFT - {one.key for one in findings}) == []


def test_functions_are_short() -> None:
    """Is half of all functions shorter than ten lines?"""
    assert measure_median(read_tree()) < MEDIAN


def make_function(lines: int) -> str:
    """A function of so many lines, docstring and all."""
    return "def grade():\n" + '    """Grade."""\n' + "    pass\n" * (lines - 2)


def make_dataclass(decorator: str, fields: int) -> str:
    """A dataclass of so many fields, and one that no caller gives."""
    names = "".join(f"    field_{number}: int\n" for number in range(fields))
    head = f"from dataclasses import dataclass, field\n{decorator}\nclass Job:\n"
    return f"{head}{names}    seen: int = field(init=False)\n"


WIDE = "def weigh(a, b, c, d, e):\n    pass\nclass Scale:\n    weigh = weigh\n"


@pytest.mark.parametrize(
    ("code", "rule", "name"),
    [
        (make_function(LONGEST_FUNCTION + 1), "long function", "grade"),
        ("\n" * (LONGEST_FILE + 1), "long file", ""),
        (make_dataclass("@dataclass", 5), "wide dataclass", "Job"),
        (make_dataclass("@dataclass(frozen=True)", 5), "wide dataclass", "Job"),
        (WIDE + "weigh(1, 2, 3, 4, 5)", "long call", "weigh(1, 2, 3, 4, 5)"),
        (WIDE + "s.weigh(1, 2, 3, 4, 5)", "long call", "s.weigh(1, 2, 3, 4, 5)"),
        (WIDE + "Scale(1, 2, 3, 4, 5)", "long call", "Scale(1, 2, 3, 4, 5)"),
        ("def f():\n    return [*(1, 2)]", "literal splat", "f"),
        ("class A:\n    def f(self):\n        1 if 2 else 3", "conditional", "A.f"),
    ],
)
def test_a_fault_of_form_is_noticed(
    tmp_path: Path, code: str, rule: str, name: str
) -> None:
    """Is it found, once, by its rule and with a name that stays?"""
    (finding,) = find_faults(make_tree(tmp_path, {"grade/run.py": code}))
    assert finding.rule.startswith(rule)
    assert finding.key == f"{finding.rule}: {tmp_path}/unrolled/grade/run.py {name}"


@pytest.mark.parametrize(
    "code",
    [
        make_function(LONGEST_FUNCTION),
        "\n" * LONGEST_FILE,
        make_dataclass("@dataclass", 4),
        make_dataclass("@dataclass(kw_only=True)", 5),
        WIDE + "weigh(1, 2, 3, d=4, e=5)",
        "plt.plot(1, 2, 3, 4, 5)",
        "def call(*given):\n    pass\ncall(1, 2, 3, 4, 5)",
        "from sqlalchemy import weigh\nweigh(1, 2, 3, 4, 5)",
        "x = [*y, 1]\nz = 1 if x else 2\nf(*x)",
    ],
)
def test_good_form_is_let_through(tmp_path: Path, code: str) -> None:
    """Is nothing found where all is well?"""
    assert find_faults(make_tree(tmp_path, {"grade/run.py": code})) == []


def test_the_median_is_that_of_all_functions(tmp_path: Path) -> None:
    """Is it the length in the middle?"""
    files = {f"m{lines}.py": make_function(lines) for lines in (3, 8, 30)}
    assert measure_median(make_tree(tmp_path, files)) == 8
