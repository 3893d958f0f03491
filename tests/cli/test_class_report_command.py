"""`unrolled report` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import Call
from support.gradebook_dump import dump
from support.rich_class import NAME

from unrolled.course.model import Course


@pytest.fixture
def course(rich_course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A graded class; one stands in it."""
    monkeypatch.chdir(rich_course.root)
    return rich_course


def list_files(course: Course) -> set[Path]:
    files = (p.relative_to(course.root) for p in course.root.rglob("*") if p.is_file())
    return {p for p in files if ".nbgrader" not in p.name}


def test_a_page_and_a_table_are_written(course: Course, call: Call) -> None:
    """And nothing else, and no row of the gradebook is another?"""
    files, rows = list_files(course), dump(course)
    told = call("report", NAME)
    assert told.code == 0
    folder = Path("build/class_report")
    assert list_files(course) - files == {
        folder / f"{NAME}.csv",
        folder / f"{NAME}.html",
    }
    assert dump(course) == rows
    assert "quadruple" in told.out and "4 wait for marks" in told.out
    assert str(course.root / folder / f"{NAME}.html") in told.out
    page = (course.root / folder / f"{NAME}.html").read_text("utf-8")
    assert f'href="{NAME}.csv"' in page


def test_without_names(course: Course, call: Call, tmp_path: Path) -> None:
    """Does the page with names stay as it is, and is --out taken?"""
    folder = tmp_path / "elsewhere"
    told = call("report", NAME, "--hide-names", "--out", str(folder))
    assert told.code == 0
    assert {p.name for p in folder.iterdir()} == {
        f"{NAME}.no-names.csv",
        f"{NAME}.no-names.html",
    }
    for path in folder.iterdir():
        assert "zoë" not in path.read_text("utf-8")
    assert not (course.build / "class_report").exists()


def test_json_is_one_document(course: Course, call: Call) -> None:
    """And nothing is written for it?"""
    files = list_files(course)
    document = json.loads(call("report", NAME, "--json").out)
    assert document["assignment"] == NAME
    assert {s["student"] for s in document["students"]} == {"ada", "bob", "cyd", "zoë"}
    term = json.loads(call("report", "--json", "--hide-names").out)
    assert [s["student"] for s in term["students"]] == [
        f"Student {n}" for n in (1, 2, 3, 4)
    ]
    assert list_files(course) == files


def test_the_term(course: Course, call: Call) -> None:
    """Does it link to the assignment's page?"""
    told = call("report")
    assert told.code == 0 and f"{NAME}" in told.out
    page = (course.build / "class_report" / "term.html").read_text("utf-8")
    assert f'href="{NAME}.html"' in page


def test_an_unknown_assignment_is_one_line(course: Course, call: Call) -> None:
    """With those that there are?"""
    told = call("report", "09_none")
    assert told.code == 2 and NAME in told.err and "Traceback" not in told.err
