"""`unrolled demo` notices whatever a recipe expects and did not come back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from support.author_course import make_course
from support.cli import command

from unrolled.course.model import Course
from unrolled.samples.demo import run_demo
from unrolled.samples.demo_report import DemoReport

MISCONCEPTIONS = '''
from unrolled.assignment.catalogue import misconception

@misconception("double", fails="double_values", hint="Two times, not the square.")
def squares(x):
    """Squares."""
    return x * x
'''
ALL_RIGHT = """
[01_tiny]
expected = 40
misconceptions = ["squares"]
first = "print('a < b')"
answers = "<b>So</b><script>alert(1)</script>"
repairs = ["Cell double (there 2 times): the written one*"]
counts = { double = "return x * x * 1" }
hints = { double_values = ["squares", "not the square"] }
shows = ["Two times, not the square.", "a < b", "double (there 2 times)"]
hides = ["<script>alert(1)", "oracle.double"]
[01_tiny.copies]
double = "def double(x):\\n    return x * x * 1"
"""
# What is wrong in each of these is the key that it is named by.
WRONG = {
    "expected": ALL_RIGHT.replace("expected = 40", "expected = 39"),
    "repairs": ALL_RIGHT.replace("the written one*", "the empty one*"),
    "counts.double": ALL_RIGHT.replace('= "return x * x * 1"', '= "return 2 * x"'),
    "hints.double_values": ALL_RIGHT.replace('"squares", "not', '"cubes", "not'),
    "shows": ALL_RIGHT.replace('"a < b"', '"a > b"'),
    "hides": ALL_RIGHT.replace('"oracle.double"', '"not the square"'),
    "reason": '[01_tiny]\nraw = "Dear Sir"\nreason = "not handed in"\n',
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A tiny course with a made student for each key that can be wrong."""
    course = make_course(tmp_path_factory.mktemp("expectations") / "course")
    lesson = course.root / "lessons" / "01_tiny"
    (lesson / "misconceptions.py").write_text(MISCONCEPTIONS)
    recipes = course.root / "tests" / "submissions"
    recipes.mkdir(parents=True)
    unreadable = '[01_tiny]\nraw = "Dear Sir"\nreason = "tiny.ipynb*notebook"\n'
    texts = {"all_right": ALL_RIGHT, "unreadable": unreadable}
    texts |= {_student(key): text for key, text in WRONG.items()}
    for name, text in texts.items():
        (recipes / f"{name}.toml").write_text(f'about = "it"\n{text}')
    return course


@pytest.fixture(scope="module")
def report(course: Course) -> DemoReport:
    """That class as the demo saw it."""
    return run_demo(course, Console(file=io.StringIO()))


def _student(key: str) -> str:
    return "wrong_" + key.partition(".")[0]


def _said(report: DemoReport) -> list[str]:
    console = Console(width=500, file=io.StringIO(), record=True)
    console.print(report.table())
    return console.export_text().splitlines()


@pytest.mark.parametrize("name", ["all_right", "unreadable"])
def test_a_recipe_that_expects_the_truth_is_met(report: DemoReport, name: str) -> None:
    """Do right expectations of all keys pass, a missing page of none among them?"""
    (score,) = [s for s in report.scores if s.student == name]
    assert score.misses == () and score.as_expected
    assert not [line for line in _said(report) if f"{name}.toml" in line]


@pytest.mark.parametrize("key", WRONG)
def test_each_key_that_is_wrong_is_told_in_a_line(report: DemoReport, key: str) -> None:
    """Are recipe file, assignment, key, expected and got there, and the demo failed?"""
    name = _student(key)
    lines = [line for line in _said(report) if f"/{name}.toml" in line]
    start = f"DIFFERENT tests/submissions/{name}.toml: 01_tiny.{key}: expected "
    assert lines and all(line.startswith(start) for line in lines), lines
    assert all(", got " in line for line in lines)
    assert not report.passed


def test_the_last_line_counts_what_differs(report: DemoReport) -> None:
    """Does the verdict count the lines, and say so when there is none?"""
    told = [line for line in _said(report) if line.startswith("DIFFERENT")]
    assert f"{len(told)} differ" in _said(report)
    met = tuple(s for s in report.scores if s.as_expected)
    assert "everything as expected" in _said(DemoReport(met, ()))


def test_the_list_of_scores_holds_what_differs(
    report: DemoReport, course: Course
) -> None:
    """Has scores.json each miss, and is it not "as expected" there?"""
    path = course.root / "build" / "demo" / "scores.json"
    found = {d["student"]: d for d in json.loads(path.read_text())}
    (miss,) = found["wrong_shows"]["misses"]
    assert miss == {"key": "shows", "expected": "a > b", "got": "a page without it"}
    assert not found["wrong_shows"]["as_expected"]
    assert found["all_right"]["misses"] == [] and found["all_right"]["as_expected"]


def test_a_misspelt_key_is_refused_before_the_class_is_made(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does `unrolled demo` end with 2 and "did you mean", and make nothing?"""
    other = make_course(tmp_path / "course")
    recipes = other.root / "tests" / "submissions"
    recipes.mkdir(parents=True)
    (recipes / "ann.toml").write_text('[01_tiny]\nrepair = ["x"]\n')
    monkeypatch.chdir(other.root)
    told = command(capfd, "demo")
    said = " ".join(told.err.split())
    assert told.code == 2
    assert "ann.toml: 01_tiny.repair: unknown; did you mean repairs?" in said
    assert not (other.root / "build" / "demo").exists()
