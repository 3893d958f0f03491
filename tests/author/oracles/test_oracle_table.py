"""The table in docs/oracles.md: does it tell what the code does?"""

from __future__ import annotations

from functools import cache

import pytest
from support.author_course import ROOT

from unrolled.assignment.load import load_material, load_reference
from unrolled.author.oracles.cross_check import CrossCheck, plan_cross_checks
from unrolled.author.oracles.table import COLUMNS, COMMAND, MEASURED, format_markdown
from unrolled.author.oracles.witness import read_witness
from unrolled.course.model import load_course

COURSE = load_course(ROOT)
NAMES = list(COURSE.assignments)
DOCUMENT = (ROOT / "docs" / "oracles.md").read_text(encoding="utf-8")
NOISE, ROOMY = (
    1e-13,
    1e4,
)  # what is smaller or larger is last bits, each processor's own
AGAIN = f"docs/oracles.md is not what the code gives; make it again: {COMMAND}"


@cache
def rows_of(name: str) -> tuple[CrossCheck, ...]:
    """All rows of an assignment of the course."""
    work = plan_cross_checks(load_material(COURSE, name), read_witness(COURSE, name))
    return tuple(row for piece in work for row in piece())


def lines_of(document: str) -> list[list[str]]:
    """The cells of each line; a line that is in no table is one cell."""
    lines = [line.strip("|").split(" | ") for line in document.splitlines()]
    return [[cell.strip() for cell in line] for line in lines]


def number(cell: str) -> float:
    """A measured figure; at a limit, the limit itself."""
    return float(cell.strip("<> "))


def alike(old: str, new: str) -> bool:
    """Whether two measured figures are of one order of magnitude, or both last bits."""
    if old == new or "-" in (old, new):
        return old == new
    a, b = number(old), number(new)
    last_bits = max(a, b) <= NOISE or min(a, b) >= ROOMY
    return last_bits or (a > 0 and b > 0 and 0.099 < a / b < 10.1)


@pytest.mark.parametrize("name", NAMES)
def test_the_course_keeps_the_promise(name: str) -> None:
    """Does every expected number come out twice, within its tolerance?"""
    assert {row.check: row.problems for row in rows_of(name) if row.problems} == {}
    assert len(rows_of(name)) >= 10


def section_of(document: str, name: str) -> str:
    """What a document says before its first assignment, and what of this one."""
    parts = document.split("\n## ")
    return "\n".join([parts[0], *(p for p in parts if p.startswith(f"{name}\n"))])


@pytest.mark.parametrize("name", NAMES)
def test_the_document_tells_what_the_code_does(name: str) -> None:
    """Are text, tests, methods and tolerances the same, and all figures of one size?"""
    made = format_markdown(COURSE, [name], rows_of(name))
    pairs = [lines_of(section_of(text, name).strip()) for text in (DOCUMENT, made)]
    assert len(pairs[0]) == len(pairs[1]), AGAIN
    for old, new in zip(*pairs, strict=True):
        figures = len(new) == len(COLUMNS) and new[0].startswith("`")
        for column, pair in enumerate(zip(old, new, strict=True)):
            measured = figures and COLUMNS[column] in MEASURED
            same = alike(*pair) if measured else pair[0] == pair[1]
            assert same, f"{AGAIN}\n{pair[0]}\n{pair[1]}"


def test_the_document_has_every_assignment_and_no_other() -> None:
    """Is there a section for each lesson of the course, in its order?"""
    heads = [line[3:] for line in DOCUMENT.splitlines() if line.startswith("## ")]
    assert heads == list(COURSE.assignments), AGAIN


@pytest.mark.parametrize("name", NAMES)
def test_no_hidden_test_is_left_out(name: str) -> None:
    """Does every check with a hidden part have a line, in one table or the other?"""
    section = section_of(DOCUMENT, name)
    checks = load_reference(load_material(COURSE, name)).checks
    hidden = [c.grade_id for c in checks if c.hidden is not None]
    told = [line.split("`")[1] for line in section.splitlines() if "| `" in line[:3]]
    assert sorted(told) == sorted(hidden)
