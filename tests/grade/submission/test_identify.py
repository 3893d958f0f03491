"""The wrong file is named as what it is, and earns neither points nor a silent 0."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.author_course import COURSE, LESSON, make_course
from support.gradebook_dump import dump
from support.judges import grade_here
from support.stock_autograde import NAME, RIGHT, hand_in, stock

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.grade.inspect_submission import inspect_result
from unrolled.grade.results import SubmissionResult

OTHER = "02_other"
OTHER_LESSON = (
    LESSON.replace("double_values", "triple_values")
    .replace("double", "triple")
    .replace("2 * x", "3 * x")
    .replace("== 4", "== 6")
    .replace('answer="why"', 'answer="why_three"')
    .replace("# # A lesson", "# # Another lesson")
    .replace(
        "### END SOLUTION\n", "### END SOLUTION\n\n\ndef double(x):\n    return 2 * x\n"
    )
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two built assignments; the second one gives the first one's answer."""
    root = tmp_path_factory.mktemp("wrong") / "course"
    make_course(root)
    second = COURSE[COURSE.index("[assignments") :].replace(NAME, OTHER)
    toml = root / "course.toml"
    toml.write_text(
        f"{toml.read_text()}\n{second}".replace('"Tiny"\ndue', '"Tiny"\ndue')
    )
    folder = root / "lessons" / OTHER
    shutil.copytree(root / "lessons" / NAME, folder)
    (folder / "tiny.py").unlink()
    (folder / "other.py").write_text(OTHER_LESSON)
    for name in ("oracle.py", "witness.py"):
        text = (folder / name).read_text().replace("double", "triple")
        (folder / name).write_text(text.replace("x + x", "x + x + x"))
    course = load_course(root)
    build_assignments(course, [NAME, OTHER])
    return root


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Course:
    """A course of its own."""
    return load_course(shutil.copytree(built, tmp_path / "course"))


def result(course: Course, student: str) -> SubmissionResult:
    """What `unrolled grade` says of a student."""
    (found,) = grade_here(course, NAME, [student]).submissions
    return found


def put(course: Course, student: str, content: bytes, name: str = "tiny.ipynb") -> Path:
    """A file of a submission."""
    path = course.submitted / student / NAME / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def released(course: Course, name: str = NAME) -> dict[str, Any]:
    """An untouched notebook, its sources as single texts."""
    title = course.assignments[name].notebook
    path = course.release / name / f"{title}.ipynb"
    notebook: dict[str, Any] = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def test_another_assignments_notebook_earns_nothing(course: Course) -> None:
    """Is it recognised, with and without names, by us and by stock autograde?"""
    other = released(course, OTHER)
    put(course, "wrong", json.dumps(other).encode())
    for number, cell in enumerate(other["cells"]):
        cell["metadata"], cell["id"] = {}, f"colab{number}"
    put(course, "nameless", json.dumps(other).encode())
    hand_in(course, "ada", RIGHT)
    theirs = load_course(shutil.copytree(course.root, course.root.parent / "stock"))
    for student in ("wrong", "nameless"):
        found = result(course, student)
        assert found.status == "ungraded" and found.score is None
        assert f"this is the notebook of {OTHER}" in found.reason
        advice = inspect_result(course, grade_here(course, NAME, [student])).findings
        assert "Ask" in advice[0].mend
    assert result(course, "ada").score == 60
    done = stock(theirs, "autograde", NAME)
    assert f"this is the notebook of {OTHER}" in done.stderr
    points = [row[3] for row in dump(theirs)["grade"] if "/ada/" not in str(row)]
    assert points and not any(points)


def test_a_notebook_that_a_student_made_is_graded_by_what_it_defines(
    course: Course,
) -> None:
    """Does work in a notebook of one's own count, with a word, its text waiting?"""
    own = {"cell_type": "code", "metadata": {}, "outputs": [], "source": RIGHT}
    text = {"cell_type": "markdown", "metadata": {}, "source": "Because I say so."}
    document = {"cells": [own, text], "nbformat": 4, "nbformat_minor": 4}
    put(course, "ada", json.dumps(document).encode())
    found = result(course, "ada")
    assert found.score == 60 and found.needs_manual
    assert "No released cell" in " ".join(found.repairs)


def solved(course: Course) -> bytes:
    """A solved notebook."""
    path = hand_in(course, "scratch", RIGHT)
    content = path.read_bytes()
    shutil.rmtree(course.submitted / "scratch")
    return content


@pytest.mark.parametrize(
    "name", ["tiny-Copy1.ipynb", "Untitled.ipynb", "work/tiny.ipynb", "solution.py"]
)
def test_an_untouched_notebook_beside_the_work_is_no_silent_0(
    course: Course, name: str
) -> None:
    """Is it ungraded, by both ways, with what lies beside it?"""
    content = RIGHT.encode() if name.endswith(".py") else solved(course)
    put(course, "ada", json.dumps(released(course)).encode())
    put(course, "ada", content, name)
    theirs = load_course(shutil.copytree(course.root, course.root.parent / "stock"))
    found = result(course, "ada")
    assert found.status == "ungraded" and name in found.reason
    assert "nothing is written in it" in found.reason
    done = stock(theirs, "autograde", NAME)
    assert "nothing is written in it" in done.stderr and name in done.stderr
    assert not any(row[3] == 0 for row in dump(theirs)["grade"])


def test_what_comes_with_the_assignment_is_no_work(course: Course) -> None:
    """Is an untouched notebook 0 where only untouched and machine-made files lie?"""
    untouched = json.dumps(released(course)).encode()
    put(course, "ada", untouched, "tiny-Copy1.ipynb")
    put(course, "ada", untouched, ".ipynb_checkpoints/tiny-checkpoint.ipynb")
    put(course, "ada", b"<html>", "feedback/2027-02-05/tiny.html")
    put(course, "ada", b"2027-02-05 10:00:00 UTC", "timestamp.txt")
    put(course, "ada", untouched)
    found = result(course, "ada")
    assert (found.status, found.score, found.needs_manual) == ("graded", 0, False)


def test_a_second_notebook_with_work_is_said(course: Course) -> None:
    """Does a solved copy beside a solved notebook come up, and cost nothing?"""
    put(course, "ada", solved(course))
    put(course, "ada", solved(course), "tiny-Copy1.ipynb")
    found = result(course, "ada")
    assert found.score == 60 and "tiny-Copy1.ipynb" in " ".join(found.repairs)


@pytest.mark.parametrize("name", ["answers.docx", "photo 1.jpg", "work/why.txt"])
def test_answers_in_a_file_of_their_own_are_said(course: Course, name: str) -> None:
    """Is a marker told where to look, where an empty answer would be a silent 0?"""
    notebook = json.loads(solved(course))
    put(course, "bob", json.dumps(notebook).encode())
    (written,) = (
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why"
    )
    written["source"] = released(course)["cells"][notebook["cells"].index(written)][
        "source"
    ]
    put(course, "ada", json.dumps(notebook).encode())
    for student in ("ada", "bob"):
        put(course, student, b"Because.", name)
    (told,) = result(course, "ada").repairs
    assert "why" in told and name in told
    assert result(course, "bob").repairs == ()


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_are_no_change(course: Course, end: str) -> None:
    """Is a notebook with CR LF, or CR, in every line graded without a word?"""
    lines = '# %% check="double_lines" points=20\nassert double(1) == 2\n'
    text = LESSON.replace("points=60", "points=40")
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(
        text.replace("# %% show", f"{lines}assert double(3) == 6\n\n# %% show")
    )
    build_assignments(course, [NAME])
    notebook = json.loads(solved(course))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", end)
    put(course, "ada", json.dumps(notebook).encode())
    found = result(course, "ada")
    assert found.score == 60 and found.repairs == ()


def test_repairs_are_one_line_a_kind(course: Course) -> None:
    """Are many changed checks counted and the first named, in one sentence?"""
    lesson = course.lessons / NAME / "tiny.py"
    many = "".join(
        f'# %% check="double_{n}" points=1\nassert double({n}) == {2 * n}\n\n'
        for n in range(35)
    )
    text = LESSON.replace("# %% show=true", many + "# %% show=true")
    lesson.write_text(text.replace("points=60", "points=25"))
    build_assignments(course, [NAME])
    notebook = json.loads(solved(course))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["source"] = "".join(cell["source"]) + "\n# mine"
    put(course, "ada", json.dumps(notebook).encode())
    (line,) = result(course, "ada").repairs
    assert line.startswith("36 checks were changed; the released ones were used:")
    assert "double_values" in line and "and 30 more" in line


def archive(name: str) -> bytes:
    """A zip archive with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, "{}")
    return buffer.getvalue()


CONFLICT = b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n]}'
KINDS = {
    "empty": (b"", "it is empty"),
    "blank": (b" \r\n\n", "it is empty"),
    "nulls": (b"\0" * 4096, "it is empty"),
    "zip": (archive("tiny.ipynb"), "a zip archive (of tiny.ipynb)"),
    "docx": (archive("[Content_Types].xml"), "an Office document"),
    "torn_zip": (archive("tiny.ipynb")[:30], "a damaged zip archive"),
    "gzip": (b"\x1f\x8b\x08\0\0\0", "a compressed archive"),
    "pdf": (b"%PDF-1.7\n\xff", "a PDF"),
    "photo": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture (JPEG)"),
    "conflict": (CONFLICT, "(<<<<<<<, line 2)"),
    "html": (b"\n<!DOCTYPE html>\n<html><body>", "an HTML page"),
    "old_html": (b"<html lang='en'>\n<body>", "an HTML page"),
    "script": (b"import numpy as np\n\ndef double(x):\n    return 2 * x\n", "a Python"),
    "exported": (b"# %%\nimport numpy\n%matplotlib inline\n", "a Python script"),
    "utf16": ('{"cells": []}'.encode("utf-16"), "UTF-16"),
}


def test_each_kind_of_file_is_named(course: Course) -> None:
    """Does the reason say what it is, and `--show` what to do?"""
    for student, (content, _) in KINDS.items():
        put(course, student, content)
    folder = course.submitted / "folder" / NAME / "tiny.ipynb"
    folder.mkdir(parents=True)
    (folder / "mine.ipynb").write_text("{}")
    report = grade_here(course, NAME)
    said = {s.student: s for s in report.submissions}
    kinds = {
        **{n: words for n, (_, words) in KINDS.items()},
        "folder": "it is a folder",
    }
    for student, words in kinds.items():
        assert said[student].status == "ungraded"
        assert words in said[student].reason and "otebook" in said[student].reason
        (finding,) = inspect_result(
            course, grade_here(course, NAME, [student])
        ).findings
        assert finding.mend and "{" not in finding.mend
    assert "mine.ipynb" in said["folder"].reason


def test_a_merge_that_was_not_finished_inside_a_cell_is_said(course: Course) -> None:
    """Is it named where the marks stand in the text of an exercise?"""
    code = f"<<<<<<< local\n{RIGHT}\n=======\n{RIGHT}\n>>>>>>> remote"
    hand_in(course, "ada", code)
    assert "merge in git" in " ".join(result(course, "ada").repairs)
