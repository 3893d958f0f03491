"""`unrolled similar` as people type it: what it reads, says, writes, leaves alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.cli import Call
from support.gradebook_dump import dump
from support.rich_class import HALF, NAME, RIGHT, hand_in

from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.similar import build_similar_report, hide_pair_names, render_pairs_page

STAMP = "2027-03-13 11:00:00 CST"
ODD = """\
def double(x):
    # {0} <script>alert(1)</script>
    {1} = "<b>{0}</b>" and x ** 2 // x if x else 0
    {2} = [{1} for _ in range(2)]
    open("ran", "w").write("student code ran")
    return sum({2})
"""
WHY = "I think that {0} may be right since a number taken two times is twice it."
BROKEN = {
    "cut": b'{"cells": [',
    "empty": b"",
    "nested": b"[" * 100_000,
    "pdf": b"%PDF-1.7 and more",
    "list": b'{"cells": [3, null, {"source": 4}]}',
}


@pytest.fixture
def course(rich_course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A graded class with two odd works that are alike; one stands in it."""
    monkeypatch.chdir(rich_course.root)
    for n in range(8):
        other = f"def double(x):\n    return x * {n + 2} - {n} * x"
        hand_in(rich_course, f"s{n}", {**RIGHT, "double": other}, STAMP)
    for student, a, b in (("gil", "this", "both"), ("hal", "value", "row")):
        cells = {"double": ODD.format(student, a, b), "why": WHY.format("it")}
        hand_in(rich_course, student, {**RIGHT, **cells}, STAMP)
    return rich_course


def write_raw(course: Course, student: str, content: bytes) -> None:
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True)
    (folder / "tiny.ipynb").write_bytes(content)


def test_the_pair_is_named_and_nothing_changes(course: Course, call: Call) -> None:
    """Is it the first, is a page written and nothing else, and nothing run?"""
    rows = dump(course)
    files = {p for p in course.root.rglob("*") if p.is_file()}
    told = call("similar", NAME)
    assert told.code == 0
    assert "gil and hal" in told.out and "no finding" in told.out
    page = course.build / "class_report" / f"{NAME}.similar.html"
    new = {p for p in course.root.rglob("*") if p.is_file()} - files
    assert {p for p in new if ".nbgrader" not in p.name} == {page}
    assert dump(course) == rows
    text = page.read_text("utf-8")
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "guilty" not in text and "cheat" not in text and "plagia" not in text
    assert text.startswith("<!DOCTYPE html>")


def test_json_has_the_same(course: Course, call: Call) -> None:
    """With both sides, the lines that they share, and nothing written?"""
    told = call("similar", NAME, "--json", "--pairs", "1")
    document = json.loads(told.out)
    (pair,) = document["pairs"]
    assert {pair["first"]["student"], pair["second"]["student"]} == {"gil", "hal"}
    assert pair["score"] > 0
    assert pair["stands_out"] == (pair["score"] >= document["threshold"])
    parts = {part["name"]: part for part in pair["parts"]}
    assert parts["double"]["as_alike"] == 1
    assert parts["double"]["first"]["marked"]
    assert "student code ran" in parts["double"]["second"]["text"]
    assert parts["why"]["kind"] == "text" and parts["why"]["likeness"] == 1
    assert document["compared"] == 14 and document["graded"] == 4
    assert not (course.build / "class_report").exists()


def test_without_names(course: Course) -> None:
    """Does no name stand anywhere, also in comments, texts and answers?"""
    write_raw(course, "zoe_broken", b"")
    report = hide_pair_names(build_similar_report(course, NAME))
    for text in (render_pairs_page(report), json.dumps(report.as_dict())):
        for name in ("gil", "hal", "zoe_broken", "alert"):
            assert name not in text
        assert "Student" in text
    assert [p.score for p in report.pairs] == [
        p.score for p in build_similar_report(course, NAME).pairs
    ]


def test_mistakes_in_common(course: Course) -> None:
    """Once they are graded, does a failure that two share count, and only theirs?"""
    from support.judges import grade_here

    wrong = {**HALF, "quadruple": "def quadruple(x):\n    return {}[x]"}
    for student in ("gil", "hal"):
        hand_in(course, student, wrong, STAMP)
    grade_here(course, NAME)
    report = build_similar_report(course, NAME)
    (pair,) = [
        p for p in report.pairs if {p.first.name, p.second.name} == {"gil", "hal"}
    ]
    (mistake,) = pair.mistakes
    assert mistake.exercise == "quadruple" and mistake.students == 2
    assert mistake.points > 0
    assert report.graded == report.compared == 14
    assert not [p for p in report.pairs if p != pair and p.mistakes]


def test_what_cannot_be_read_is_listed(course: Course) -> None:
    """Does none of it stop the others, or hide a pair?"""
    for student, content in BROKEN.items():
        write_raw(course, student, content)
    (course.submitted / "nothing" / NAME).mkdir(parents=True)
    hand_in(course, "blank", {}, STAMP)
    many = "x = 1\n" * 100_000
    deep = "x = " + "-" * 4000 + "1"
    syntax = "def double(x)\n    return 2"
    for student, code in (("many", many), ("deep", deep), ("syntax", syntax)):
        hand_in(course, student, {**RIGHT, "double": code}, STAMP)
    report = build_similar_report(course, NAME)
    left_out = {one.author.student: one.reason for one in report.left_out}
    assert left_out.keys() == {*BROKEN, "nothing", "blank", "many"}
    assert "only the first 20000 characters were compared: double" in left_out["many"]
    assert left_out["blank"] == "nothing is written in it"
    assert "tiny.ipynb" in left_out["cut"] and str(course.root) not in left_out["cut"]
    assert report.compared == 17
    first = report.pairs[0]
    assert {first.first.student, first.second.student} == {"gil", "hal"}
    assert "<h2" in render_pairs_page(report)


def test_earlier_terms(course: Course, tmp_path: Path) -> None:
    """Are those compared that new-term moved aside, and a folder that is given, only
    with this term's, and nobody with their own?"""
    old = course.build / "terms" / "2026-12-01-101010" / "submitted"
    for source, name in (("gil", "ida"), ("hal", "hal")):
        shutil.copytree(course.submitted / source, old / name)
    other = tmp_path / "sister" / "submitted"
    shutil.copytree(course.submitted / "hal", other / "kim")
    report = build_similar_report(course, NAME, also=[other.parent])
    assert (report.compared, report.earlier) == (14, 3)
    found = {
        (p.first.student, p.second.student, p.second.term) for p in report.pairs[:6]
    }
    assert found >= {
        ("gil", "ida", "2026-12-01-101010"),
        ("hal", "ida", "2026-12-01-101010"),
        ("gil", "kim", "sister"),
    }
    assert not [p for p in report.pairs if p.first.student == p.second.student]
    assert not [p for p in report.pairs if p.first.term]
    with pytest.raises(UserError, match="no submission of 01_tiny lies here"):
        build_similar_report(course, NAME, also=[tmp_path])


def test_without_a_gradebook(course: Course, call: Call) -> None:
    """Is work compared that nobody has graded, and said what is missing?"""
    course.gradebook.unlink()
    told = call("similar", NAME)
    assert told.code == 0
    assert "gil and hal" in told.out and "nothing is graded" in told.out


def test_nobody_has_handed_in(course: Course, call: Call) -> None:
    """Is that a page, too, and an unknown assignment one line?"""
    shutil.rmtree(course.submitted)
    course.submitted.mkdir()
    assert "0 submissions compared" in call("similar", NAME).out
    assert call("similar", "09_none").code == 2
