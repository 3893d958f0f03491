"""`unrolled canvas check`: every cell's fate, and an exit code to rely on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.cli import Call, command

from unrolled.canvas.grades_csv.preview import check_file

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section"
EXPORT = f"""\
{HEAD},Lab (7),Essay (8)
    Points Possible,,,,,100.00,50.00
"A, Ada",1,,ada,S,90.00,
"B, Bob",2,,bob,S,40.00,EX
"C, Cyd",3,,cyd,S,,12.00
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What Canvas has now."""
    path = tmp_path / "export.csv"
    path.write_text(EXPORT)
    return path


def fates(folder: Path, text: str, template: Path | None) -> dict[str, str]:
    """The fate of each cell, by student and column."""
    path = folder / "file.csv"
    path.write_text(text)
    report = check_file(path, template)
    assert not report.refused
    return {f"{c.student}: {c.column}": c.fate for c in report.cells}


def test_each_cell_has_its_fate(tmp_path: Path, export: Path) -> None:
    """Are new, higher, lower, cleared, excused, ignored and new columns told apart?"""
    text = (
        f"{HEAD},Lab (7),Essay (8),Lab 2\n"
        '"A, Ada",1,,ada,S,80,7,1\n"B, Bob",2,,bob,S,55.5,EX,\n'
        '"C, Cyd",3,,cyd,S,EX,,\n"Z, Zoe",99,,zoe,S,1,1,1\n'
    )
    found = fates(tmp_path, text, export)
    assert found == {
        "A, Ada: Lab (7)": "lower score",
        "A, Ada: Essay (8)": "new score",
        "A, Ada: Lab 2": "new column",
        "B, Bob: Lab (7)": "higher score",
        "B, Bob: Essay (8)": "no change",
        "B, Bob: Lab 2": "new column",
        "C, Cyd: Lab (7)": "excused",
        "C, Cyd: Essay (8)": "cleared",
        "C, Cyd: Lab 2": "new column",
        "nobody in Canvas: Lab (7)": "ignored",
        "nobody in Canvas: Essay (8)": "ignored",
        "nobody in Canvas: Lab 2": "new column",
    }


def test_a_number_over_an_excuse_is_a_danger(tmp_path: Path, export: Path) -> None:
    """Is a student who would have to hand in again told, unlike one newly excused?"""
    text = f'{HEAD},Lab (7),Essay (8)\n"B, Bob",2,,bob,S,EX,0\n'
    found = fates(tmp_path, text, export)
    assert found["B, Bob: Essay (8)"] == "no longer excused"
    assert found["B, Bob: Lab (7)"] == "excused"
    assert not check_file(tmp_path / "file.csv", export).safe


def test_canvas_s_own_export_changes_nothing(export: Path) -> None:
    """Is an untouched export safe, with and without a template?"""
    report = check_file(export, export)
    assert report.safe and set(report.counts) == {"no change"}


def test_without_a_template_a_blank_is_a_danger(tmp_path: Path) -> None:
    """Is it said that a blank clears whatever Canvas has?"""
    text = f"{HEAD},Lab (7)\nA,1,,ada,S,5\nB,2,,bob,S,\n"
    found = fates(tmp_path, text, None)
    assert found["A: Lab (7)"] == "new score"
    assert found["B: Lab (7)"] == "clears a grade, if there is one"


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command."""
    monkeypatch.setenv("COLUMNS", "160")
    return partial(command, capfd)


def test_the_exit_code_tells_whether_it_is_safe(
    tmp_path: Path, export: Path, call: Call
) -> None:
    """Is it 0 for a safe file, 1 for a loss or a refusal, 2 for no file?"""
    safe = tmp_path / "safe.csv"
    safe.write_text(f'{HEAD},Lab (7)\n"C, Cyd",3,,cyd,S,50.00\n')
    words = ["canvas", "check", "--template", str(export)]
    said = call(*words, str(safe))
    assert said.code == 0 and "new score: 50.00" in said.out
    safe.write_text(f'{HEAD},Lab (7)\n"A, Ada",1,,ada,S,50.00\n')
    said = call(*words, str(safe))
    assert said.code == 1 and "lower score" in said.out and "NOT SAFE" in said.out
    safe.write_bytes("Student,ID,é".encode("latin-1"))
    said = call(*words, str(safe))
    assert said.code == 1 and "REFUSED" in said.out and "not UTF-8" in said.out
    said = call(*words, "nowhere.csv")
    assert said.code == 2 and "nowhere.csv: cannot be read" in said.err


def test_json_is_one_document(tmp_path: Path, export: Path, call: Call) -> None:
    """Can a program read the verdict and every cell?"""
    said = call("canvas", "check", str(export), "--template", str(export), "--json")
    document = said.document()
    assert document["safe"] and document["refused"] == ""
    assert len(document["cells"]) == 6 and document["counts"] == {"no change": 6}
