"""Mistakes at the edges end in one clear line, never in a traceback or in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.cli import Call, command
from support.shared import make_built_course

from unrolled.course.model import Course, load_course
from unrolled.course.secret import load_course_secret
from unrolled.errors import UserError
from unrolled.feedback.generate import generate_feedback
from unrolled.samples.recipe import load_students

NAME = "01_tiny"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built small course, to be copied."""
    return make_built_course(tmp_path_factory.mktemp("built")).root


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Course:
    """A course of its own."""
    return load_course(shutil.copytree(built, tmp_path / "course"))


@pytest.fixture
def call(
    course: Course, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Call:
    """`unrolled` in the course folder."""
    monkeypatch.chdir(course.root)
    return lambda *words: command(capfd, *words)


@pytest.mark.parametrize("content", ["", "abc", "0" * 63, "é" * 64])
def test_a_secret_that_is_not_ours_is_refused(course: Course, content: str) -> None:
    """Is an empty or cut secret named, not used?"""
    course.secret_file.write_bytes(content.encode())
    course.secret_file.chmod(0o600)
    with pytest.raises(UserError, match=r"course\.secret: not 64 hexadecimal"):
        load_course_secret(course)
    course.secret_file.unlink()
    assert len(load_course_secret(course)) == 64
    assert [p.name for p in course.root.glob(".secret*")] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max = 50", "max = false", "max: False is of the wrong kind"),
        ("grace_minutes = 15", "grace_minutes = 1.5", "1.5 is no whole number"),
        ('"America/Chicago"', '"America"', "'America' is no time zone"),
        ('"America/Chicago"', f'"{"x" * 300}"', "is no time zone"),
    ],
)
def test_course_toml_says_what_is_wrong(
    course: Course, old: str, new: str, said: str
) -> None:
    """Is a value of the wrong kind named instead of taken for a number?"""
    path = course.root / "course.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=said):
        load_course(course.root)


COMMANDS = {
    "no such folder": ("--course", "nowhere", "build"),
    "unknown": ("build", "[/red]"),
    "Is a directory": ("import", "source/01_tiny"),
    "nothing of 01_tiny is graded": ("feedback", NAME, "--student", "typo"),
    "cannot be written": ("canvas", "export", "--out", "nowhere/canvas.csv"),
}


@pytest.mark.parametrize("said", COMMANDS)
def test_a_mistake_is_one_line_and_exit_code_2(call: Call, said: str) -> None:
    """Does each of these say what is wrong, in one line that names it?"""
    result = call(*COMMANDS[said])
    assert result.code == 2 and "Traceback" not in result.err
    assert (said if said != "unknown" else "no assignment [/red]") in result.err
    assert len(result.err.strip().split("\n")) == 1


def test_no_temporary_file_stays_when_the_target_is_a_folder(
    course: Course, call: Call
) -> None:
    """Is nothing left behind when the CSV cannot take its name?"""
    (course.root / "grades").mkdir()
    result = call("canvas", "export", "--out", "grades", "--force")
    assert result.code == 2 and "grades: cannot be written" in result.err
    assert not list(course.root.glob(".grades*"))


def test_a_broken_gradebook_is_named(course: Course, call: Call) -> None:
    """Is a file that is no database told apart from a bug of ours?"""
    (course.submitted / "ada" / NAME).mkdir(parents=True)
    course.gradebook.write_text("not a database, but long enough to be one" * 50)
    result = call("grade", NAME)
    assert result.code == 2 and "gradebook.db cannot be used" in result.err


def test_feedback_for_an_unknown_student_is_refused(course: Course) -> None:
    """Is a misspelt student named rather than passed over?"""
    (course.autograded / "ada" / NAME).mkdir(parents=True)
    with pytest.raises(UserError, match="graded for typo"):
        generate_feedback(course, NAME, ["typo"])


def test_a_student_whose_name_is_a_pattern_is_graded(
    course: Course, call: Call
) -> None:
    """Is a name with brackets a name like any other?"""
    folder = course.submitted / "eve[1]" / NAME
    folder.mkdir(parents=True)
    shutil.copyfile(course.release / NAME / "tiny.ipynb", folder / "tiny.ipynb")
    result = call("grade", NAME)
    assert result.code == 0 and "eve[1]" in result.out
    assert (course.autograded / "eve[1]" / NAME / "tiny.ipynb").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"expected = 3", "expected: must be a table"),
        (b"\xff", "utf-8"),
        (b"about = 3", "about: 3 is of the wrong kind"),
        (b'[x]\nsolve = "double"', "x.solve: 'double'"),
        (b'[x]\nexpected = "100"', "x.expected: '100'"),
        (b"[x]\nb = 1\na = 1", "x.b: unknown; known are"),
    ],
)
def test_a_broken_recipe_is_named(tmp_path: Path, text: bytes, said: str) -> None:
    """Does each mistake in a recipe name the file and the key?"""
    (tmp_path / "ann.toml").write_bytes(text)
    with pytest.raises(UserError, match=r"ann\.toml") as caught:
        load_students(tmp_path)
    assert said in str(caught.value)
