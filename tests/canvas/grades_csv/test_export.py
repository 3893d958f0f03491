"""nbgrader's own `export` with our exporter: the same file, the same care."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.shared import make_built_course

from unrolled.canvas import ExportOptions, export_canvas
from unrolled.canvas.grades_csv.exported_csv import read_exported_csv
from unrolled.canvas.grades_csv.import_model import simulate_import
from unrolled.canvas.grades_csv.verify import build_canvas_state
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError

NAME = "01_tiny"
HEAD = "Student,ID,SIS User ID,SIS Login ID,Section"
IDENTITY = {
    "ada": '"Lovelace, Ada",11,S-11,ada,"A ""1"""',
    "bob": '"=""B, Bob""", 12 ,,bob,A',
    "eve": '"李, é  ",13,007,eve,',
    "zed": '"Nobody, Zed",99,S99,zed,B',
}


def enrol(
    course: Course, student: str, number: int, score: float, mark: float | None
) -> None:
    """A student with 60 automatic points at most, and 40 by a marker's hand."""
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.update_or_create_student(
            student,
            first_name=student.title(),
            last_name="L",
            lms_user_id=str(number),
        )
        submission = gradebook.add_submission(NAME, student)
        (notebook,) = submission.notebooks
        by_name = {g.name: g for g in notebook.grades}
        by_name["double_values"].auto_score = score
        by_name["double_values"].needs_manual_grade = False
        by_name["why"].manual_score = mark
        by_name["why"].needs_manual_grade = mark is None
        notebook.late_submission_penalty = 9.5 if student == "bob" else None
        gradebook.db.commit()


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada has 95 points, Bob 60 less 9.5 for lateness, Eve waits for her mark."""
    course = make_built_course(tmp_path_factory.mktemp("class"))
    enrol(course, "ada", 11, 60, 35)
    enrol(course, "bob", 12, 60, 0)
    enrol(course, "eve", 13, 0, None)
    return course.root


@pytest.fixture
def course(class_: Path, tmp_path: Path) -> Course:
    """A graded course of its own."""
    return load_course(shutil.copytree(class_, tmp_path / "course"))


def export(course: Course, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `nbgrader export` with our exporter in the course folder."""
    nbgrader = Path(sys.executable).parent / "nbgrader"
    command = [str(nbgrader), "export", "--exporter=unrolled.canvas.CanvasExport"]
    return subprocess.run(
        [*command, *options],
        cwd=course.root,
        capture_output=True,
        text=True,
        timeout=600,
    )


def exported(course: Course, *present: str, title: str = "Tiny (7)") -> Path:
    """A gradebook from Canvas with the present grades of ada, bob, eve and zed."""
    rows = [f"{i},{p}" for i, p in zip(IDENTITY.values(), present, strict=True)]
    lines = [f"{HEAD},{title}", "    Points Possible,,,,,100.00", *rows]
    path = course.root / "exported.csv"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def table(path: Path) -> list[list[str]]:
    """The cells of a written file, read without any code of ours."""
    text = path.read_bytes().decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_without_a_template_both_commands_write_the_same(course: Course) -> None:
    """Is the file byte for byte that of `unrolled canvas export`?"""
    ran = export(course, "--CanvasExport.new=True")
    assert ran.returncode == 0, ran.stderr
    ours = course.root / "ours.csv"
    plan = export_canvas(course, [NAME], None, ours)
    written = course.root / "canvas.csv"
    assert written.read_bytes() == ours.read_bytes()
    assert table(written) == [
        [*HEAD.split(","), "Tiny"],
        ["    Points Possible", "", "", "", "", "100.00"],
        ["L, Ada", "11", "", "ada", "", "95.00"],
        ["L, Bob", "12", "", "bob", "", "50.50"],
        ["L, Eve", "13", "", "eve", "", ""],
    ]
    for line in plan.as_text().split("\n"):
        assert line in ran.stderr


def test_a_template_is_filled_and_its_identity_kept(course: Course) -> None:
    """Are ready grades filled in, and all other bytes of our rows as Canvas wrote?"""
    template = exported(course, "99.00", "20.00", "3.00", "88.00")
    ran = export(course, "--to=out.csv", f"--CanvasExport.template={template}")
    assert ran.returncode == 0, ran.stderr
    data = (course.root / "out.csv").read_bytes()
    lines = template.read_bytes().split(b"\n")
    wanted = {"ada": "99.00", "bob": "50.50", "eve": "3.00"}
    rows = [f"{IDENTITY[name]},{cell}".encode() for name, cell in wanted.items()]
    assert data == b"\n".join([*lines[:2], *rows, b""])
    cells = table(course.root / "out.csv")
    assert [r[:5] for r in cells] == [r[:5] for r in table(template)[:-1]]
    assert [r[5] for r in cells[2:]] == list(wanted.values())


@pytest.mark.parametrize("excused", ["EX", "excused"])
def test_a_higher_grade_is_lowered_when_asked(course: Course, excused: str) -> None:
    """Is allow_lower obeyed, EX kept, and the file that of our own command?"""
    template = exported(course, "99.00", excused, "", "")
    ran = export(
        course,
        "--to=theirs.csv",
        "--CanvasExport.template=exported.csv",
        "--CanvasExport.allow_lower=True",
    )
    assert ran.returncode == 0, ran.stderr
    theirs, ours = course.root / "theirs.csv", course.root / "ours.csv"
    options = ExportOptions(allow_lower=True)
    export_canvas(course, [NAME], template, ours, options=options)
    assert theirs.read_bytes() == ours.read_bytes()
    assert [row[5] for row in table(theirs)[2:]] == ["95.00", excused, ""]


def test_an_unknown_student_s_row_is_left_alone(course: Course) -> None:
    """Is a row of nobody's named, left out, and its grade in Canvas untouched?"""
    template = exported(course, "", "", "", "88.00")
    ran = export(course, "--to=out.csv", f"--CanvasExport.template={template}")
    assert "row 6 (Nobody, Zed): not a student of the gradebook" in ran.stderr
    data = (course.root / "out.csv").read_bytes()
    assert b"Zed" not in data and b"99" not in data
    effects = simulate_import(
        data, build_canvas_state(read_exported_csv(template))
    ).effects
    assert {e.student for e in effects} == {"11", "12", "13"}
    scored = {e.student: e.score for e in effects if e.effect == "scored"}
    assert scored == {"11": 95.0, "12": 50.5}


def test_one_student_may_be_chosen(course: Course) -> None:
    """Does nbgrader's own choice of students hold for our file too?"""
    ran = export(course, "--CanvasExport.student=bob", "--CanvasExport.new=True")
    assert ran.returncode == 0, ran.stderr
    rows = table(course.root / "canvas.csv")[2:]
    assert [row[3] for row in rows] == ["bob"]


def test_a_missing_template_is_told(course: Course) -> None:
    """Does the last line name the file and the reason, and is nothing written?"""
    ran = export(course, "--to=out.csv", "--CanvasExport.template=nowhere.csv")
    assert ran.returncode != 0
    last = ran.stderr.strip().splitlines()[-1]
    assert "nowhere.csv: cannot be read: No such file" in last
    assert not (course.root / "out.csv").exists()


def test_a_penalty_above_the_score_is_no_debt(course: Course) -> None:
    """Is nobody below 0 in Canvas, whose mark was lowered after the penalty?"""
    with Gradebook(course.db_url, course.id) as gradebook:
        (part,) = gradebook.find_submission(NAME, "bob").notebooks
        part.late_submission_penalty = 80
        gradebook.db.commit()
    export_canvas(course, [NAME], None, course.root / "canvas.csv")
    cells = {row[1]: row[5] for row in table(course.root / "canvas.csv")}
    assert cells["12"] == "0.00"


def test_more_decimals_than_canvas_shows_are_no_change(course: Course) -> None:
    """Is a grade that Canvas has with three decimals not new, and not lowered?"""
    template = exported(course, "95.004", "50.496", "", "")
    plan = export_canvas(course, [NAME], template, course.root / "out.csv")
    assert [f.student for f in plan.filled] == ["ada", "bob"]
    assert plan.changed == ()


def test_a_file_that_canvas_would_misread_is_not_written(course: Course) -> None:
    """Is nothing written where a row would be taken for somebody else's?"""
    enrol(course, "twin", 14, 60, 40)
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.update_or_create_student("twin", lms_user_id=None)
    template = exported(course, "", "", "", "")
    row = '"Twin, T",,007,twin,A,'  # with the SIS id of eve
    head, points, *rows = template.read_text().splitlines()
    template.write_text("\n".join([head, points, row, *rows]))
    with pytest.raises(UserError, match="nothing was written"):
        export_canvas(course, [NAME], template, course.root / "out.csv")
    assert not (course.root / "out.csv").exists()
