"""`unrolled canvas check` and what Canvas's importer does beyond plain grade cells."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.author_course import make_course
from support.cli import Call, command

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section"
EXPORT = f"""\
{HEAD},Notes,Private,Lab (123),Essay (8),Override Score
    Points Possible,,,,,,(read only),50.00,20.00,
"A, Ada",1,,ada,S,be kind,secret,30.00,12.00,77.50
"B, Bob",2,,bob,S,,,,N/A,
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What Canvas has now."""
    path = tmp_path / "export.csv"
    path.write_text(EXPORT)
    return path


@pytest.fixture
def call(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Call:
    """The command, far from any course."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return partial(command, capfd)


def checked(
    call: Call, export: Path, header: str, *rows: str, options: tuple[str, ...] = ()
) -> tuple[int, dict[str, str], list[str]]:
    """Exit code, the fates by "row column", and what is said of whole columns."""
    path = export.with_name("file.csv")
    path.write_bytes("".join(f"{line}\n" for line in (header, *rows)).encode())
    words = ("canvas", "check", str(path), "--template", str(export), "--json")
    said = call(*words, *options)
    document = said.document()
    assert not document["refused"], document["refused"]
    fates = {f"{c['row']} {c['column']}": c["fate"] for c in document["cells"]}
    return said.code, fates, document["problems"]


def lab(call: Call, export: Path, cell: str) -> tuple[int, str]:
    """Exit code and fate of a cell of Ada's, who has 30 of 50 points."""
    code, fates, _ = checked(
        call, export, f"{HEAD},Lab (123)", f'"A, Ada",1,,ada,S,{cell}'
    )
    return code, fates["2 Lab (123)"]


@pytest.mark.parametrize(
    "cell",
    [
        "\u00a040",
        "40\u00a0",
        "\u200940",
        "\u202f",
        "\u0664\u0660",
        "\uff14\uff10",
        "40\u066b5",
        "Complete",
        "passed",
        "4e1",
        "40 points",
        "0x28",
        "\ufeff40",
    ],
)
def test_what_canvas_takes_for_no_number_clears_the_grade(
    call: Call, export: Path, cell: str
) -> None:
    """Are other blanks and digits than ASCII's, and words, no grade?"""
    assert lab(call, export, cell) == (1, "cleared")


@pytest.mark.parametrize(
    ("cell", "code", "fate"),
    [
        ("incomplete", 1, "lower score"),
        ("fail", 1, "lower score"),
        ("complete", 0, "higher score"),
        (" pass ", 0, "higher score"),
        ("\t40 ", 0, "higher score"),
        ("60%", 0, "no change"),
        ('"30,00"', 0, "no change"),
        (".5", 1, "lower score"),
        ("Excused", 0, "excused"),
    ],
)
def test_words_and_blanks_that_canvas_knows(
    call: Call, export: Path, cell: str, code: int, fate: str
) -> None:
    """Are complete and pass full points, incomplete and fail none, in any type?"""
    assert lab(call, export, cell) == (code, fate)


def test_a_grade_that_does_not_arrive_is_shown(call: Call, export: Path) -> None:
    """Is "1e-05" where there is no grade yet told, though nothing is lost?"""
    path = export.with_name("file.csv")
    path.write_text(f'{HEAD},Lab (123)\n"B, Bob",2,,bob,S,1e-05\n')
    said = call("canvas", "check", str(path), "--template", str(export))
    assert said.code == 0 and "no number, no score" in said.out


NOTES = f"{HEAD},Notes,Lab (123)"


@pytest.mark.parametrize(
    ("ada", "bob", "code", "fates"),
    [
        ("be kind", "", 0, ["no change", "no change"]),
        ("", "", 1, ["text emptied", "no change"]),
        ("be strict", "", 1, ["text replaced", "no change"]),
        ("be kind", "new", 0, ["no change", "new text"]),
        ("be kind ", "", 1, ["text replaced", "no change"]),
    ],
)
def test_a_column_of_notes_is_written(
    call: Call, export: Path, ada: str, bob: str, code: int, fates: list[str]
) -> None:
    """Does an import empty, replace and write what instructors noted?"""
    rows = (f'"A, Ada",1,,ada,S,{ada},30.00', f'"B, Bob",2,,bob,S,{bob},')
    found = checked(call, export, NOTES, *rows)
    assert (found[0], [found[1][f"{n} Notes"] for n in (2, 3)]) == (code, fates)


def test_a_read_only_column_of_notes_is_left_alone(call: Call, export: Path) -> None:
    """Is nothing lost where Canvas writes nothing?"""
    header = f"{HEAD},Private,Lab (123)"
    code, fates, _ = checked(call, export, header, '"A, Ada",1,,ada,S,,30.00')
    assert code == 0 and list(fates) == ["2 Lab (123)"]


def test_an_override_of_the_final_grade_is_no_dropped_column(
    call: Call, export: Path
) -> None:
    """Is a final grade that the file would set or empty a danger?"""
    header = f"{HEAD},Lab (123),Override Score"
    for cell, fate in (("77,50", "no change"), ("", "text emptied")):
        row = f'"A, Ada",1,,ada,S,30.00,"{cell}"'
        code, fates, _ = checked(call, export, header, row)
        assert (code, fates["2 Override Score"]) == (int(cell == ""), fate)


def test_an_assignment_that_is_not_assigned_takes_nothing(
    call: Call, export: Path
) -> None:
    """Is a cell of a student whose cell Canvas exports as N/A ignored?"""
    header = f"{HEAD},Essay (8)"
    code, fates, _ = checked(call, export, header, '"B, Bob",2,,bob,S,15')
    assert (code, fates) == (0, {"2 Essay (8)": "ignored"})


def test_two_headers_of_one_assignment(call: Call, export: Path) -> None:
    """Is it told that only the later column counts, with its grade?"""
    header = f"{HEAD},Lab (123),Laboratory (123)"
    code, fates, problems = checked(call, export, header, '"A, Ada",1,,ada,S,45,40')
    assert code == 1 and set(fates.values()) == {"higher score"}
    assert "does not read column 6 (Lab (123))" in problems[0]
    assert "Laboratory (123)" in problems[0]


def test_two_rows_of_one_student(call: Call, export: Path) -> None:
    """Is it told that only the later row counts?"""
    rows = ('"A, Ada",1,,ada,S,45', "x,,,ada,S,40")
    code, _, problems = checked(call, export, f"{HEAD},Lab (123)", *rows)
    assert code == 1 and "does not read row 2 (A, Ada): row 3" in problems[0]


@pytest.mark.parametrize("number", ["00123", "0123"])
def test_leading_zeros_are_the_same_id(call: Call, export: Path, number: str) -> None:
    """Is (00123) assignment 123, and 001 student 1?"""
    header = f"{HEAD},Whatever ({number})"
    code, fates, _ = checked(call, export, header, "x,001,,,S,40")
    assert (code, list(fates.values())) == (0, ["higher score"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"\n{HEAD},Lab (123)\nA,1,,ada,S,40\n", "first line is blank"),
        (f'{HEAD},Lab (123)\nA "Lady" B,1,,ada,S,40\n', "a quote inside an unquoted"),
        (f'{HEAD},Lab (123)\n"A" B,1,,ada,S,40\n', "after a quoted cell"),
        (f'{HEAD},Lab (123)\n"A,1,,ada,S,40\n', "a quote is not closed"),
        (f"{HEAD},Lab (123)\nA,1,,ada,S,40\r\n", "mixed line ends"),
        ("", "it is empty"),
        (f"\ufeffLastName,FirstName,{HEAD[8:]},Lab (123)\nA,,1,,,S,40\n", "header"),
    ],
)
def test_files_that_the_import_refuses(
    call: Call, export: Path, text: str, said: str
) -> None:
    """Is it refused as Canvas refuses it, with the reason?"""
    path = export.with_name("file.csv")
    path.write_bytes(text.encode())
    told = call("canvas", "check", str(path), "--template", str(export))
    words = " ".join(told.out.split())
    assert told.code == 1 and "REFUSED" in words and said in words


def test_names_in_two_columns_are_read(call: Call, export: Path) -> None:
    """Is the header that an account may choose taken, and the name put together?"""
    header = "LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,Lab (123)"
    export.write_text(f"{header}\n    Points Possible,,,,,,50.00\nA,Ada,1,,ada,S,30\n")
    for row in ("A,Ada,1,,,S,40", "A,Ada,,,ada,S,40", "A,Ada,,,,S,40"):
        code, fates, _ = checked(call, export, header, row)
        assert (code, list(fates.values())) == (0, ["higher score"])


@pytest.mark.parametrize(
    ("points", "cell", "wrong"),
    [
        ("50.00", "44", False),
        ("50.00", "55", False),
        ("", "44", False),
        ("100.00", "44", True),
        ("", "83.5", True),
    ],
)
def test_another_scale_is_no_success(
    call: Call, export: Path, points: str, cell: str, wrong: bool
) -> None:
    """Is it found by the file's own points, or by grades far above Canvas's?"""
    rows = (f"    Points Possible,,,,,{points}", f'"A, Ada",1,,ada,S,{cell}')
    code, _, problems = checked(call, export, f"{HEAD},Lab (123)", *rows)
    assert (code, bool(problems)) == (int(wrong), wrong)
    assert all("scale" in p for p in problems)


def test_in_a_course_its_points_are_held_against_canvas_s(
    call: Call, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are 100 points here and 50 there told, unless the file was scaled?"""
    root = make_course(export.parent / "course").root
    monkeypatch.chdir(root)
    export.write_text(EXPORT.replace("Lab (123)", "Tiny (123)"))
    row = '"A, Ada",1,,ada,S,40'
    code, _, problems = checked(call, export, f"{HEAD},Tiny (123)", row)
    assert code == 1 and "50 points possible in Canvas, but 100 in" in problems[0]
    code, _, problems = checked(
        call, export, f"{HEAD},Tiny (123)", row, options=("--scale",)
    )
    assert code == 0 and not problems
