"""A build takes away and replaces only what a build wrote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.author_course import LESSON, make_course
from support.cli import Call, contents, own_course

from unrolled.author.build import build_assignments
from unrolled.course.model import Course

NAME = "01_tiny"
HAND_MADE = {
    "source/01_tiny/data/a.csv": "1,2\n",
    "source/01_tiny/notes.md": "Bring chalk.\n",
    "source/01_tiny/images/rnn.png": "a picture",
    "release/01_tiny/hint.txt": "Read the title.\n",
    "release/01_tiny/extra.ipynb": "{}",
    "solutions/01_tiny/remarks.md": "Ada's way is shorter.\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built small course with a file of data, to be copied."""
    course = make_course(tmp_path_factory.mktemp("built"))
    (course.lessons / NAME / "data").mkdir()
    (course.lessons / NAME / "data" / "words.txt").write_text("hello\n")
    build_assignments(course, [NAME])
    return course.root


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A built course of its own; one stands in it."""
    return own_course(built, tmp_path, monkeypatch)


def lay(course: Course, files: dict[str, str]) -> None:
    """Put files into the course by hand."""
    for name, text in files.items():
        (course.root / name).parent.mkdir(parents=True, exist_ok=True)
        (course.root / name).write_text(text)


def change_the_lesson(course: Course) -> None:
    """An edit that makes all three notebooks stale."""
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(LESSON.replace("# Doubling", "# Once more: doubling"))


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_what_somebody_laid_down_stays(
    options: tuple[str, ...], course: Course, unrolled: Call
) -> None:
    """Do data, pictures, notes and notebooks of one's own outlive a build?"""
    lay(course, HAND_MADE)
    change_the_lesson(course)
    said = unrolled("build", *options)
    assert said.code == 0 and "removed" not in said.out
    for name, text in HAND_MADE.items():
        assert (course.root / name).read_text() == text
    assert "left alone, no build wrote it: release/01_tiny/extra.ipynb" in said.out
    assert "Once more" in (course.release / NAME / "tiny.ipynb").read_text()


def test_what_lies_in_source_travels_to_students(
    course: Course, unrolled: Call
) -> None:
    """Do students get it as with nbgrader, is it said, and does it go with it?"""
    lay(course, HAND_MADE)
    lay(course, {"source/01_tiny/.notes.md.swp": "half a thought"})
    said = unrolled("build")
    assert (course.release / NAME / "data" / "a.csv").read_text() == "1,2\n"
    assert (course.release / NAME / "images" / "rnn.png").exists()
    assert not (course.release / NAME / ".notes.md.swp").exists()
    assert "students also get source/01_tiny/data/a.csv" in said.out
    assert unrolled("build", "--check").code == 0
    (course.source / NAME / "data" / "a.csv").unlink()
    assert "removed release/01_tiny/data/a.csv" in unrolled("build").out
    assert (course.release / NAME / "hint.txt").exists()


@pytest.mark.parametrize("options", [(), ("--force",)])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tiny.py", "# %%\n### BEGIN HIDDEN TESTS\nassert double(3) == 6"),
        ("data/solved.txt", "### BEGIN SOLUTION"),
        ("oracle.py", "def double(x):\n    return x + x"),
    ],
)
def test_a_file_with_answers_is_refused_by_name(
    name: str, text: str, options: tuple[str, ...], course: Course, unrolled: Call
) -> None:
    """Does an instructor's text that was laid into source/ not reach students?"""
    lay(course, {f"source/{NAME}/{name}": text})
    before = contents(course.root)
    said = unrolled("build", *options)
    assert said.code == 2 and f"source/{NAME}/{name} holds" in said.err
    assert contents(course.root) == before


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_notebook_of_one_s_own_is_refused_by_name(
    options: tuple[str, ...], course: Course, unrolled: Call
) -> None:
    """Is a second notebook in source/ never deleted, and never given to students?"""
    lay(course, {"source/01_tiny/draft.ipynb": "{}"})
    assert unrolled("build", "--check").code == 1
    before = contents(course.root)
    said = unrolled("build", *options)
    assert said.code == 2 and "source/01_tiny/draft.ipynb: no lesson" in said.err
    assert "--force" not in said.err
    assert contents(course.root) == before


def test_a_forced_build_keeps_a_copy_of_the_edit(
    course: Course, unrolled: Call
) -> None:
    """Is an edited notebook that --force drops found again in build/backups/?"""
    path = course.source / NAME / "tiny.ipynb"
    edited = path.read_text().replace("Doubling", "My own words, doubling")
    path.write_text(edited)
    assert "keeps a copy in build/backups/" in unrolled("build").err
    assert path.read_text() == edited
    said = unrolled("build", "--force")
    (copy,) = course.build.glob("backups/build-*/source/01_tiny/tiny.ipynb")
    assert copy.read_text() == edited and path.read_text() != edited
    assert str(copy.parents[2]) in said.out


@pytest.mark.parametrize(
    "text", ["", '{"cells": [{"cell_type": "markdown", "sou', "[]", '{"cells": []}']
)
def test_an_unreadable_source_notebook_is_nobody_s_to_drop(
    text: str, course: Course, unrolled: Call
) -> None:
    """Is a source notebook that was cut off, say by a full disk, refused by name?"""
    path = course.source / NAME / "tiny.ipynb"
    path.write_text(text)
    said = unrolled("build")
    assert said.code == 2 and f"{path} was edited" in said.err
    assert path.read_text() == text


def test_points_edited_in_jupyter_are_an_edit(course: Course, unrolled: Call) -> None:
    """Is a change of nbgrader's own marks of a cell, with no text changed, refused?"""
    path = course.source / NAME / "tiny.ipynb"
    edited = path.read_text().replace('"points": 60', '"points": 55')
    path.write_text(edited)
    said = unrolled("build")
    assert said.code == 2 and "unrolled import" in said.err
    assert path.read_text() == edited


def test_a_notebook_from_elsewhere_is_not_imported(
    course: Course, unrolled: Call, tmp_path: Path
) -> None:
    """Can a colleague's solved notebook, laid anywhere, never replace the lesson?"""
    source = (course.source / NAME / "tiny.ipynb").read_text()
    before = contents(course.lessons)
    for place in (tmp_path / "mail", course.solutions / NAME):
        place.mkdir(exist_ok=True)
        (place / "tiny.ipynb").write_text(source.replace("2 * x", "3 * x"))
        said = unrolled("import", str(place / "tiny.ipynb"), "--force")
        assert said.code == 2 and f"not a notebook of {course.source}" in said.err
    assert contents(course.lessons) == before


def test_new_points_and_dates_reach_the_gradebook(
    course: Course, unrolled: Call
) -> None:
    """Does it follow points alone and a due date alone, with a copy kept?"""
    text = LESSON.replace("points=60", "points=59.5").replace(
        "points=40", "points=40.5"
    )
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(text.replace("- 10 ", "- 10.5 "))
    assert "registered in the gradebook" in unrolled("build").out
    assert len(list(course.build.glob("backups/gradebook-*.db"))) == 1
    toml = course.root / "course.toml"
    toml.write_text(toml.read_text().replace("2027-02-05 23:59", "2027-07-05 23:59"))
    assert f"{NAME}: fresh; registered" in unrolled("build").out
    with Gradebook(course.db_url, course.id) as gradebook:
        found = gradebook.find_notebook("tiny", NAME)
        points = {c.name: c.max_score for c in found.grade_cells}
        assert points == {"double_values": 59.5, "why": 40.5}
        assert str(found.assignment.duedate) == "2027-07-06 04:59:00"


@pytest.mark.parametrize("step", ["release", "solutions"])
def test_a_changed_product_is_kept_aside(
    step: str, course: Course, unrolled: Call
) -> None:
    """Is a hand-mended released notebook put right, and its copy named?"""
    path = course.root / step / NAME / "tiny.ipynb"
    path.write_text(path.read_text().replace("Doubling", "Twofold"))
    said = unrolled("build")
    (copy,) = course.build.glob(f"backups/build-*/{step}/{NAME}/tiny.ipynb")
    assert said.code == 0 and "Twofold" in copy.read_text()
    assert str(copy.parents[2]) in said.out and "Twofold" not in path.read_text()


def test_changed_data_are_not_written_over(course: Course, unrolled: Call) -> None:
    """Is data edited in source/ refused by name, with the place where it belongs?"""
    path = course.source / NAME / "data" / "words.txt"
    path.write_text("hello world\n")
    said = unrolled("build")
    assert said.code == 2 and str(path) in said.err
    assert f"{course.lessons}/01_tiny/data/words.txt" in said.err
    assert path.read_text() == "hello world\n"
    assert unrolled("build", "--force").code == 0
    (copy,) = course.build.glob("backups/build-*/source/01_tiny/data/words.txt")
    assert copy.read_text() == "hello world\n" and path.read_text() == "hello\n"


def test_a_file_in_the_way_is_not_written_over(course: Course, unrolled: Call) -> None:
    """Is one's own file kept where a lesson begins to bring one of that name?"""
    lay(course, {"source/01_tiny/data/more.txt": "mine", "release/01_tiny/a.md": "me"})
    lay(course, {"lessons/01_tiny/data/more.txt": "its", "source/01_tiny/a.md": "it"})
    before = contents(course.root)
    said = unrolled("build")
    assert said.code == 2 and contents(course.root) == before
    for name in ("source/01_tiny/data/more.txt", "release/01_tiny/a.md"):
        assert name in said.err
    assert unrolled("build", "--force").code == 0
    (copy,) = course.build.glob("backups/build-*/source/01_tiny/data/more.txt")
    assert copy.read_text() == "mine"


def test_what_a_build_wrote_goes_with_its_lesson(
    course: Course, unrolled: Call
) -> None:
    """Are data that a lesson no longer has removed from all three folders?"""
    (course.lessons / NAME / "data" / "words.txt").unlink()
    found = unrolled("build", "--check")
    assert found.code == 1 and "superfluous release/01_tiny/data/words.txt" in found.out
    said = unrolled("build")
    for step in ("source", "release", "solutions"):
        assert f"removed {step}/01_tiny/data/words.txt" in said.out
        assert not (course.root / step / NAME / "data" / "words.txt").exists()
    assert "words.txt" not in (course.root / "built.sha256").read_text()


@pytest.mark.parametrize("state", ["missing", "in conflict"])
def test_a_clone_without_the_list_builds_all_the_same(
    state: str, course: Course, unrolled: Call
) -> None:
    """Is the list made again where it is missing, or where a merge left both sides?"""
    listed = course.root / "built.sha256"
    whole = listed.read_text()
    if state == "missing":
        listed.unlink()
    else:
        first, rest = whole.split("\n", 1)
        other = f"<<<<<<< ours\n{'0' * 64}{first[64:]}\n=======\n{first}\n>>>>>>> b\n"
        listed.write_text(other + rest)
    found = unrolled("build", "--check")
    if state == "missing":
        assert found.code == 1 and "stale built.sha256" in found.out
    assert unrolled("build").code == 0
    assert listed.read_text() == whole
    assert unrolled("build", "--check").code == 0


def test_the_list_is_of_sha256sum(course: Course) -> None:
    """Does the usual tool read the list, and no file in source/ give it away?"""
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum here: install coreutils")
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "built.sha256"],
        cwd=course.root,
        check=True,
        timeout=600,
    )
    assert not [p for p in course.source.rglob("*") if "sha256" in p.name]


def test_nothing_is_written_through_a_link(
    course: Course, unrolled: Call, tmp_path: Path
) -> None:
    """Is a folder that leads elsewhere refused, and what lies there left alone?"""
    shutil.rmtree(course.source / NAME / "data")
    elsewhere = tmp_path / "shared"
    elsewhere.mkdir()
    (elsewhere / "words.txt").write_text("everybody's")
    (course.source / NAME / "data").symlink_to(elsewhere)
    for options in ((), ("--force",)):
        said = unrolled("build", *options)
        assert said.code == 2 and "source/01_tiny/data is a link" in said.err
    assert (elsewhere / "words.txt").read_text() == "everybody's"


def test_a_file_where_a_folder_belongs_is_named(course: Course, unrolled: Call) -> None:
    """Is a file that a folder of the lesson's would replace told without traceback?"""
    shutil.rmtree(course.source / NAME / "data")
    lay(course, {"source/01_tiny/data": "no folder"})
    said = unrolled("build")
    assert said.code == 2 and "source/01_tiny/data" in said.err
    assert (course.source / NAME / "data").read_text() == "no folder"
