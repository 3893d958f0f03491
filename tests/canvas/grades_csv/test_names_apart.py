"""An export with last and first name in two columns, as an account may choose it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.cli import Call
from support.push import make_class, points

from unrolled.course.model import Course, load_course

HEAD = "LastName,FirstName,ID,SIS User ID,SIS Login ID,Section"
BOB = '"de la N2","Bob ""B"""'
FORMULA = '"=""=N3"""'
EXPORT = f"""\
{HEAD},Tiny (501),More (502),Final Score
,,,,,,Manual Posting,,
    Points Possible,,,,,,100.00,50.00,(read only)
N1,Ada,1,S1,s1,A,,,
{BOB},2,S2,s2,A,12.00,N/A,
{FORMULA},,3,S3,s3,A,,,
Student,Test,99,,{"0f" * 20},A,,,
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of three."""
    return make_class(tmp_path_factory.mktemp("class"), 3).root


@pytest.fixture
def course(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A class of its own with such an export; one stands in its folder."""
    root = shutil.copytree(made, tmp_path / "course")
    (root / "apart.csv").write_text(EXPORT)
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")
    return load_course(root)


def test_the_roster_takes_students_and_nobody_else(course: Course, call: Call) -> None:
    """Is nobody called Points Possible or Test Student enrolled, each name right?"""
    (course.root / "apart.csv").write_text(EXPORT.replace(",s3,", ",new,"))
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.find_student("s3").lms_user_id = None
        gradebook.db.commit()
    said = call("canvas", "roster", "apart.csv", "--json", "--yes")
    (added,) = said.document()["added"]
    assert added["student"] == "new" and added["values"]["lms_user_id"] == "3"
    (left,) = said.document()["left_out"]
    assert "row 7 (Student, Test): Canvas's test student" in left
    with Gradebook(course.db_url, course.id) as gradebook:
        names = {s.id: (s.last_name, s.first_name) for s in gradebook.students}
    assert names["s1"] == ("N1", "Ada")
    assert names["s2"] == ("de la N2", 'Bob "B"')
    assert names["new"] == ("=N3", None)
    assert set(names) == {"s1", "s2", "s3", "new"}


def test_the_export_is_filled_and_its_identity_kept(course: Course, call: Call) -> None:
    """Are grades in, N/A and higher grades as they were, hidden grades told?"""
    said = call("canvas", "export", "--template", "apart.csv")
    assert said.code == 0
    assert "Tiny (501): posted by hand" in said.out
    assert "02_more, s2: not assigned to the student in Canvas" in said.out
    with (course.root / "canvas.csv").open(newline="") as file:
        header, possible, *rows = csv.reader(file)
    assert header == [*HEAD.split(","), "Tiny (501)", "More (502)"]
    assert possible[0] == "    Points Possible" and possible[6:] == ["100.00", "50.00"]
    wanted = [[f"{points(n, a):.2f}" for a in course.assignments] for n in (1, 2, 3)]
    wanted[1][1] = "N/A"
    assert [r[6:] for r in rows] == wanted
    original = [r for r in csv.reader(EXPORT.splitlines()) if r[2].isdigit()]
    assert [r[:6] for r in rows] == [r[:6] for r in original[:3]]


def test_what_was_exported_is_checked_as_safe(course: Course, call: Call) -> None:
    """Does the model read the same file as Canvas would?"""
    assert call("canvas", "export", "--template", "apart.csv").code == 0
    said = call("canvas", "check", "canvas.csv", "--template", "apart.csv", "--json")
    counts = said.document()["counts"]
    assert said.code == 0
    assert counts == {"new score": 4, "higher score": 1, "ignored": 1}
    own = call("canvas", "check", "apart.csv", "--template", "apart.csv", "--json")
    assert own.code == 0 and set(own.document()["counts"]) <= {"no change", "ignored"}


def test_a_list_of_people_may_have_such_columns_too(course: Course, call: Call) -> None:
    """Is a list without Section still a list, and are others left out as well?"""
    text = (
        "LastName,FirstName,ID,Login ID,Role\n    Points Possible,,,,\n"
        f"Student,Test,99,{'0f' * 20},\nView,Student,98,view,StudentViewEnrollment\n"
        "Hopper,Grace,7,grace,StudentEnrollment\n"
    )
    (course.root / "list.csv").write_text(text)
    said = call("canvas", "roster", "list.csv", "--dry-run", "--keep", "--json")
    document = said.document()
    assert [e["student"] for e in document["added"]] == ["grace"]
    assert len(document["left_out"]) == 3
    assert "Canvas's row of points possible" in str(document["left_out"])
