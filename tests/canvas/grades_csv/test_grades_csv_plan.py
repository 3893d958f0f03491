"""The export: every ready grade arrives, nothing else moves."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from unrolled.canvas.grades_csv.exported_csv import read_exported_csv
from unrolled.canvas.grades_csv.plan import (
    ExportOptions,
    ExportPlan,
    plan_export,
    plan_starter,
)
from unrolled.canvas.records import ExportedAssignment, Grade, Student
from unrolled.errors import UserError

HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
POINTS = ["    Points Possible", "", "", "", ""]
LAB = ExportedAssignment("01_lab", "The Lab", 100.0)


def export(
    folder: Path,
    rows: list[list[str]],
    columns: list[str] = ["The Lab (7)"],  # noqa: B006
    points: list[str] | None = None,
    **style: Any,
) -> Path:
    """A gradebook as Canvas exports it."""
    path = folder / "exported.csv"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", **style)
    table = [HEAD + columns, POINTS + (points or ["100.00"] * len(columns)), *rows]
    writer.writerows(table)
    path.write_bytes(text.getvalue().encode("utf-8"))
    return path


def person(number: int, *cells: str, name: str = "") -> list[str]:
    """A row of the export."""
    return [
        name or f"Name, {number}",
        str(number),
        f"S{number}",
        f"p{number}",
        "A",
        *cells,
    ]


def pupil(number: int) -> Student:
    """The student of a row, known by Canvas id."""
    return Student(name=f"p{number}", canvas_id=str(number))


def plan(path: Path, grades: dict[str, Grade], **options: Any) -> ExportPlan:
    """The plan for the students p1 to p9 and one assignment."""
    by_key = {(name, LAB.name): grade for name, grade in grades.items()}
    numbers = sorted(int(n[1:]) for n in grades)
    pupils = [pupil(n) for n in numbers]
    allowed = ExportOptions(**options)
    template = read_exported_csv(path)
    return plan_export(template, pupils, [LAB], by_key, options=allowed)


def cells(made: ExportPlan) -> dict[str, str]:
    """The written cell by Canvas id."""
    return {row[1]: row[-1] for row in made.rows[1:]}


def test_ready_grades_are_raw_points_with_two_decimals(tmp_path: Path) -> None:
    """Are points written as 83.50, never as percent or with thousands marks?"""
    path = export(tmp_path, [person(1, ""), person(2, "")])
    made = plan(path, {"p1": Grade(83.5), "p2": Grade(1234.567)})
    assert cells(made) == {"1": "83.50", "2": "1234.57"}


def test_what_is_not_ready_keeps_canvas_s_value(tmp_path: Path) -> None:
    """Does no submission, or one that waits for marks, leave the grade alone?"""
    path = export(tmp_path, [person(n, "12.00") for n in (1, 2, 3)])
    made = plan(
        path,
        {"p1": Grade(None), "p2": Grade(90, waits=True), "p3": Grade(float("nan"))},
    )
    assert set(cells(made).values()) == {"12.00"} and not made.filled
    assert "waits for marks" in made.as_text() and "nan" in made.as_text()


def test_a_higher_grade_is_lowered_only_when_asked(tmp_path: Path) -> None:
    """Is a grade that an instructor raised in Canvas kept, and said so?"""
    path = export(tmp_path, [person(1, "95.00")])
    assert cells(plan(path, {"p1": Grade(80)})) == {"1": "95.00"}
    assert "--allow-lower" in plan(path, {"p1": Grade(80)}).as_text()
    lowered = plan(path, {"p1": Grade(80)}, allow_lower=True)
    assert cells(lowered) == {"1": "80.00"}


def test_excused_students_stay_excused(tmp_path: Path) -> None:
    """Is EX in Canvas not overwritten by a score?"""
    path = export(tmp_path, [person(1, "EX")])
    assert cells(plan(path, {"p1": Grade(80)})) == {"1": "EX"}


def test_identity_cells_are_copied_as_they_are(tmp_path: Path) -> None:
    """Do formulas, quotes and other scripts come back byte for byte?"""
    names = ['="=cmd()"', 'O"Neil, "Al"', "李, 小龍", "أحمد", " spaced "]
    path = export(tmp_path, [person(n, "", name=x) for n, x in enumerate(names, 1)])
    made = plan(path, {f"p{n}": Grade(50) for n in range(1, 6)})
    table = list(csv.reader(io.StringIO(made.to_csv().decode())))
    assert [row[0] for row in table[2:]] == names


def test_a_european_export_is_read_and_written_for_canvas(tmp_path: Path) -> None:
    """Are a BOM, semicolons and decimal commas understood, and none written?"""
    path = export(tmp_path, [person(1, "12,50"), person(2, "")], delimiter=";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    made = plan(path, {"p1": Grade(None), "p2": Grade(7)})
    assert cells(made) == {"1": "12.50", "2": "7.00"}
    data = made.to_csv()
    assert not data.startswith(b"\xef") and b";" not in data and b"\r" not in data


def test_only_our_columns_and_students_are_written(tmp_path: Path) -> None:
    """Are other assignments and other students left out of the file?"""
    rows = [person(1, "3", ""), person(8, "4", "")]
    path = export(tmp_path, rows, ["Essay (6)", "The Lab (7)"])
    made = plan(path, {"p1": Grade(50)})
    assert made.header == (*HEAD, "The Lab (7)") and list(cells(made)) == ["1"]
    assert "Name, 8" in made.as_text()


@pytest.mark.parametrize(
    ("columns", "points", "said"),
    [
        (["Essay (6)"], None, "no column"),
        (["The Lab (7)", "The Lab (8)"], None, "2 columns"),
        (["The Lab (7)"], ["(read only)"], "read only"),
        (["The Lab (7)"], ["50.00"], "50 points possible in Canvas"),
    ],
)
def test_columns_that_do_not_fit_are_reported(
    tmp_path: Path, columns: list[str], points: list[str] | None, said: str
) -> None:
    """Is every column that cannot be filled named, with the reason?"""
    row = person(1, *("" for _ in columns))
    made = plan(export(tmp_path, [row], columns, points), {"p1": Grade(50)})
    assert said in made.as_text()


def test_an_anonymous_assignment_is_left_out(tmp_path: Path) -> None:
    """Does the row of posting policies tell, as each cell is N/A then?"""
    path = export(tmp_path, [person(1, "N/A")])
    policy = "Manual Posting (scores hidden from instructors)"
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first}\n,,,,,{policy}\n{rest}")
    made = plan(path, {"p1": Grade(50)})
    assert not made.filled and "graded anonymously in Canvas" in made.as_text()


def test_a_dropped_title_is_not_exported(tmp_path: Path) -> None:
    """Is a title that Canvas drops silently left out loudly?"""
    path = export(tmp_path, [person(1, "")], ["Final Points quiz (7)"])
    wanted = ExportedAssignment("01_lab", "Final Points quiz", 100)
    grades = {("p1", "01_lab"): Grade(5)}
    made = plan_export(read_exported_csv(path), [pupil(1)], [wanted], grades)
    assert "Canvas ignores columns" in made.as_text() and not made.filled


def test_a_student_on_two_rows_is_never_guessed(tmp_path: Path) -> None:
    """Are doubled rows and doubled matches left out?"""
    path = export(tmp_path, [person(1, ""), person(1, "")])
    assert not plan(path, {"p1": Grade(5)}).filled
    path = export(tmp_path, [person(1, "")])
    pupils = [Student(name="x", canvas_id="1"), Student(name="p1")]
    grades = {("x", LAB.name): Grade(5), ("p1", LAB.name): Grade(6)}
    made = plan_export(read_exported_csv(path), pupils, [LAB], grades)
    assert not made.filled and "both x and p1" in made.as_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"Name,Grade\nx,1\n", "row 1"),
        ("Student,ID,Section,é".encode("latin-1"), "UTF-8"),
        (b"Student,ID,Section,Lab\nx,1,S\n", "row 2"),
    ],
)
def test_a_broken_template_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    """Does the error name the file and the place?"""
    path = tmp_path / "exported.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as caught:
        read_exported_csv(path)
    assert str(path) in str(caught.value)


def test_the_starter_file_says_that_a_template_is_safer() -> None:
    """Does a file without template hold ready grades only, and a warning?"""
    ada = Student(name="p1", canvas_id="1", last_name="L", first_name="Ada")
    pupils = [ada, Student(name="p2")]
    grades = {("p1", LAB.name): Grade(5), ("p2", LAB.name): Grade(6)}
    made = plan_starter(pupils, [LAB], grades)
    assert made.rows[1] == ("L, Ada", "1", "", "p1", "", "5.00")
    assert len(made.rows) == 2 and "--template" in made.as_text()
