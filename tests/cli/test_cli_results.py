"""The command line on results: grading, proofs, pages, exports, imports."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.author_course import make_course
from support.cli import NAME, Call, contents, make_class
from support.judges import grade_here

from unrolled.author.oracles.table import MADE
from unrolled.course.model import Course, load_course
from unrolled.samples.demo_report import DemoReport, DemoScore

REASON = f"submitted/bob/{NAME}/tiny.ipynb"
CATALOGUE = """
from unrolled.assignment.catalogue import misconception, style


@misconception("double", fails="double_values", hint="Not the square.")
def squares(x):
    return x * x


@misconception("double", fails="double_values", hint="Not once.")
def once(x):
    return x


@misconception("double", fails="double_values", hint="Not thrice.")
def thrice(x):
    return 3 * x


@style("double")
def adds(x):
    return x + x


@style("double")
def sums(x):
    return sum([x, x])


@style("double")
def shifts(x):
    return x << 1
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built small course with two submissions, to be copied."""
    return make_class(tmp_path_factory.mktemp("built")).root


@pytest.fixture(scope="module")
def marked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same course, graded, to be copied."""
    root = tmp_path_factory.mktemp("marked") / "course"
    grade_here(load_course(shutil.copytree(built, root)), NAME)
    return root


def copied(origin: Path, folder: Path, patch: pytest.MonkeyPatch) -> Course:
    """A copy of a course; one stands in it."""
    root = shutil.copytree(origin, folder / "course")
    patch.chdir(root)
    return load_course(root)


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course of its own, not graded yet."""
    return copied(built, tmp_path, monkeypatch)


@pytest.fixture
def graded(marked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course of its own with ada's grade in its gradebook."""
    return copied(marked, tmp_path, monkeypatch)


def test_one_bad_file_is_listed_and_the_others_graded(
    course: Course, unrolled: Call
) -> None:
    """Is it exit 1 with the reason in JSON, and everybody else's score there?"""
    said = unrolled("grade", NAME, "--json")
    ada, bob = said.document()["submissions"]
    assert said.code == 1 and (ada["student"], bob["student"]) == ("ada", "bob")
    assert (ada["status"], ada["score"], ada["max_score"]) == ("graded", 60, 100)
    assert (bob["status"], bob["score"]) == ("ungraded", None)
    assert REASON in bob["reason"]
    only = unrolled("grade", NAME, "--student", "ada", "--json")
    students = [s["student"] for s in only.document()["submissions"]]
    assert (only.code, students) == (0, ["ada"])


def test_what_is_slow_to_import_and_not_needed_is_not_imported(graded: Course) -> None:
    """Does an assistant who grades wait for no figures, no proofs and no PyTorch?"""
    program = (
        "import runpy, sys\n"
        f"sys.argv = ['unrolled', 'grade', {NAME!r}]\n"
        "try:\n    runpy.run_module('unrolled', run_name='__main__')\n"
        "finally:\n    print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=graded.root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    slow = {"matplotlib", "torch", "keras", "unrolled.author.verify.run", "lark"}
    assert "unrolled.grade.run" in loaded and not loaded & slow


def test_progress_that_a_program_reads(course: Course, unrolled: Call) -> None:
    """Is each submission a line of JSON on standard error, beside the document?"""
    said = unrolled("grade", NAME, "--json", "--progress", "lines")
    told = [json.loads(line) for line in said.err.splitlines()]
    assert [(t["done"], t["total"]) for t in told] == [(0, 2), (1, 2), (2, 2)]
    assert {t["student"]: t["status"] for t in told[1:]} == {
        "ada": "graded",
        "bob": "ungraded",
    }
    assert len(said.document()["submissions"]) == 2
    pages = unrolled("feedback", NAME, "--progress", "lines")
    told = [json.loads(line) for line in pages.err.splitlines() if line[0] == "{"]
    assert [(t["done"], t["total"], t["talk"]) for t in told] == [
        (0, 1, "ada"),
        (1, 1, ""),
    ]


def test_what_releasing_feedback_needs(course: Course, unrolled: Call) -> None:
    """Is the submission's secret beside the graded notebook and the page, anew?"""
    for secret in ("5e" * 64, "ab" * 64):
        place = course.submitted / "ada" / NAME / "submission_secret.txt"
        place.write_text(secret)
        unrolled("grade", NAME, "--student", "ada")
        unrolled("feedback", NAME, "--student", "ada", "--force")
        for folder in (course.autograded, course.feedback):
            kept = folder / "ada" / NAME / "submission_secret.txt"
            assert kept.read_text() == secret


def test_the_table_names_the_ungraded(graded: Course, unrolled: Call) -> None:
    """Does a person see who has no grade and why, and how many?"""
    said = unrolled("grade", NAME)
    assert said.code == 1 and "1 graded, 1 ungraded" in said.out
    assert "UNGRADED" in said.out and "bob" in said.out and "ada" in said.out
    assert unrolled("grade", NAME, "--student", "cyd").code == 2


def test_verify_json_is_one_document(course: Course, unrolled: Call) -> None:
    """Is a lesson without a catalogue exit 1, with what it lacks?"""
    said = unrolled("verify", "--seeds", "1", "--json")
    document = said.document()
    assert said.code == 1 and (document["passed"], document["seeds"]) == (False, 1)
    (missed,) = [c for c in document["cases"] if not c["passed"]]
    assert missed["problems"] == ["only 0 misconceptions", "only 0 styles"]
    kinds = {c["kind"] for c in document["cases"] if c["passed"]}
    assert kinds == {
        *("notebook", "solution", "release", "cross-check", "lazy", "float32"),
    }


def test_verify_holds_for_a_proved_lesson(course: Course, unrolled: Call) -> None:
    """Is a lesson whose catalogue holds exit 0, with every case counted?"""
    (course.lessons / NAME / "misconceptions.py").write_text(CATALOGUE)
    assert unrolled("build").code == 0  # seals the hints
    said = unrolled("verify", NAME, "--seeds", "2", "--jobs", "1")
    assert said.code == 0 and "everything holds" in said.out, said.out
    for kind in ("misconception", "style"):
        assert f"{NAME}: what {kind}; cases 3; passed 3" in said.out.splitlines()
    proved = "3 misconceptions, 3 styles, 1 hidden test cross-checked, "
    assert f"everything holds: {proved}" in said.out


def test_the_table_of_oracles_is_written_where_all_holds(
    course: Course, unrolled: Call
) -> None:
    """Is the file written by a green run only, and is a place that is none exit 2?"""
    path, witness = course.root / "oracles.md", course.lessons / NAME / "witness.py"
    said = unrolled("verify", "--oracles", "oracles.md", "--jobs", "1")
    assert said.code == 0 and "everything holds: 1 hidden test" in said.out
    row = "| `double_values` | `double` | a sum of two | a difference | a condition |"
    assert row in path.read_text()
    nowhere = unrolled("verify", "--oracles", "none/oracles.md", "--jobs", "1")
    assert nowhere.code == 2 and "none/oracles.md cannot be written" in nowhere.err
    path.write_text(f"{MADE} as it was")
    witness.unlink()
    missed = unrolled("verify", "--oracles", "oracles.md", "--jobs", "1")
    assert missed.code == 1 and path.read_text() == f"{MADE} as it was"
    told = " ".join(missed.out.split())
    assert f"MISS {NAME} cross-check witness.py: lessons/{NAME}/witness.py is" in told


def test_feedback_names_the_pages_it_wrote(graded: Course, unrolled: Call) -> None:
    """Does every printed line lead to a page?"""
    said = unrolled("feedback", NAME)
    assert said.code == 0
    (page,) = said.out.splitlines()
    assert Path(page) == graded.feedback / "ada" / NAME / "tiny.html"
    assert "<html" in Path(page).read_text()


def test_feedback_is_data_as_well(graded: Course, unrolled: Call) -> None:
    """Does --json print what the pages say, student by student?"""
    said = unrolled("feedback", NAME, "--json")
    (ada,) = json.loads(said.out)
    assert (ada["student"], ada["assignment"], ada["max_score"]) == ("ada", NAME, 100)
    assert ada["mistakes"] == [] and len(ada["passed"]) == 1


def test_feedback_before_grading_is_refused(course: Course, unrolled: Call) -> None:
    """Is one told to grade first?"""
    said = unrolled("feedback", NAME)
    assert (said.code, said.out) == (2, "") and f"unrolled grade {NAME}" in said.err


def test_the_demo_asks_for_its_recipes(course: Course, unrolled: Call) -> None:
    """Is a course without recipes told so, and left as it is?"""
    before = contents(course.root)
    said = unrolled("demo")
    assert said.code == 2 and "no recipes" in said.err
    assert contents(course.root) == before


@pytest.mark.parametrize(("score", "code"), [(99.99, 1), (None, 1), (100.0, 0)])
def test_a_demo_exits_by_its_scores(
    score: float | None,
    code: int,
    tmp_path: Path,
    unrolled: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is a hundredth of a point, or no grade at all, exit 1 with both scores told?"""
    monkeypatch.chdir(make_course(tmp_path).root)
    made = DemoScore(
        student="ada", about="all right", assignment=NAME, expected=100.0, score=score
    )
    report = DemoReport((made,), ())
    monkeypatch.setattr("unrolled.samples.demo.run_demo", lambda *_, **__: report)
    said = unrolled("demo")
    assert said.code == code and ("expected 100, got" in said.out) == bool(code)


def test_an_export_never_overwrites_unasked(graded: Course, unrolled: Call) -> None:
    """Is a file that is there kept until --force is said?"""
    path = graded.root / "canvas.csv"
    path.write_text("my own notes\n")
    said = unrolled("canvas", "export")
    assert (said.code, said.out) == (2, "")
    assert "canvas.csv: already exists. Use --force to overwrite it." in said.err
    assert path.read_text() == "my own notes\n"
    assert unrolled("canvas", "export", "--new", "--force").code == 0
    assert path.read_text().startswith("Student,ID,")
    before = contents(graded.root)
    assert unrolled("canvas", "export", "--new", "--out", "other.csv").code == 0
    written = contents(graded.root)
    assert written.pop(graded.root / "other.csv") == path.read_bytes()
    assert written == before


def test_export_json_is_one_document(graded: Course, unrolled: Call) -> None:
    """Does a program read what was filled and what was left out?"""
    (graded.root / "exported.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Tiny (7)\n"
        "    Points Possible,,,,,100.00\n"
        '"A, Ada",1,,ada,S,\n"C, Cyd",2,,cyd,S,7\n'
    )
    words = ["canvas", "export", "--template", "exported.csv", "--json"]
    document = unrolled(*words).document()
    (filled,) = document["filled"]
    assert (filled["student"], filled["assignment"]) == ("ada", NAME)
    assert (filled["canvas_student"], filled["canvas_assignment"]) == ("1", "7")
    assert filled["old"] is None and filled["new"] == 60.0
    assert document["header"][-1] == "Tiny (7)"
    (left,) = document["left_out"]
    assert (left["kind"], left["what"]) == ("row", "4 (C, Cyd)")
    assert left["why"] == "not a student of the gradebook"


def test_import_writes_only_when_told(course: Course, unrolled: Call) -> None:
    """Is an edit shown without --force, and written with it, the old text kept?"""
    path = course.source / NAME / "tiny.ipynb"
    path.write_text(path.read_text().replace("A lesson", "A [red]lesson"))
    lesson = course.lessons / NAME / "tiny.py"
    old, before = lesson.read_text(), contents(course.root)
    shown = unrolled("import", str(path))
    assert shown.code == 0 and contents(course.root) == before
    assert "+# # A [red]lesson" in shown.out and "not written; --force" in shown.out
    assert unrolled("import", str(path), "--force").code == 0
    assert lesson.read_text() == old.replace("A lesson", "A [red]lesson")
    (kept,) = (course.build / "backups").glob("tiny-*.py")
    assert kept.read_text() == old
    assert "nothing to bring back" in unrolled("import", str(path)).out


def test_import_of_something_else_is_refused(course: Course, unrolled: Call) -> None:
    """Is a student's notebook exit 2 in one line?"""
    said = unrolled("import", f"release/{NAME}/tiny.ipynb", "--force")
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1 and "have no solutions" in said.err
