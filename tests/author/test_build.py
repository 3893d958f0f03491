"""Text becomes notebooks, the same everywhere; nothing of an author's is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from support.author_course import LESSON, make_course

from unrolled.author.build import build_assignments
from unrolled.author.lesson.from_notebook import import_notebook
from unrolled.course.model import Course
from unrolled.errors import UserError

NAME = "01_tiny"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A small course, not built yet."""
    return make_course(tmp_path)


def files(course: Course) -> dict[str, bytes]:
    """Everything that build makes."""
    found = {}
    for step in ("source", "release", "solutions"):
        for path in sorted((course.root / step).rglob("*.ipynb")):
            found[str(path.relative_to(course.root))] = path.read_bytes()
    return found


def text(course: Course, step: str) -> str:
    """All cell texts of a built notebook."""
    notebook = nbformat.read(course.root / step / NAME / "tiny.ipynb", as_version=4)
    nbformat.validate(notebook)
    return "\n".join(c.source for c in notebook.cells)


def test_students_get_stubs_and_no_hidden_test(course: Course) -> None:
    """Is the release free of solutions, hidden tests, oracle and model answers?"""
    build_assignments(course, [NAME])
    release = text(course, "release")
    assert 'raise NotImplementedError("double is not written yet")' in release
    for secret in ("return 2", "oracle", "HIDDEN", "SOLUTION", "Because", "Marking"):
        assert secret not in release
    assert "return 2 * x" in text(course, "solutions")
    assert "oracle.double" in text(course, "source")
    assert "digest" not in (course.release / NAME / "tiny.ipynb").read_text()


def test_two_builds_give_the_same_bytes(course: Course, tmp_path: Path) -> None:
    """Is the build byte-stable, also in another folder?"""
    build_assignments(course, [NAME])
    first = files(course)
    other = make_course(tmp_path / "elsewhere" / "deep")
    build_assignments(other, [NAME])
    assert files(other) == first and len(first) == 3
    report = build_assignments(course, [NAME])
    assert report.fresh and files(course) == first


def test_solutions_have_no_outputs(course: Course) -> None:
    """Are outputs and their timestamps kept out of what is committed?"""
    build_assignments(course, [NAME])
    for content in files(course).values():
        cells = json.loads(content)["cells"]
        assert not any(c.get("outputs") for c in cells)
        assert not any(c.get("execution_count") for c in cells)


def test_check_writes_nothing_and_names_what_is_stale(course: Course) -> None:
    """Does --check leave the folder alone, and list stale files and ones not ours?"""
    before = sorted(course.root.rglob("*"))
    report = build_assignments(course, [NAME], check=True)
    assert not report.fresh and sorted(course.root.rglob("*")) == before
    build_assignments(course, [NAME])
    (course.release / NAME / "tiny.ipynb").write_text("{}")
    (course.release / NAME / "old.ipynb").write_text("{}")
    (found,) = build_assignments(course, [NAME], check=True).assignments
    assert found.stale == ("release/01_tiny/tiny.ipynb",)
    assert found.superfluous == () and found.kept == ("release/01_tiny/old.ipynb",)
    assert (course.release / NAME / "old.ipynb").exists()


def test_fresh_files_are_registered_all_the_same(course: Course) -> None:
    """Does a new clone, which has files but no gradebook, get one?"""
    build_assignments(course, [NAME])
    course.gradebook.unlink()
    (found,) = build_assignments(course, [NAME]).assignments
    assert found.registered and not found.stale
    with Gradebook(course.db_url, course.id) as gradebook:
        notebook = gradebook.find_notebook("tiny", NAME)
        assert {c.name: c.max_score for c in notebook.grade_cells} == {
            "double_values": 60,
            "why": 40,
        }
        assert str(notebook.assignment.duedate) == "2027-02-06 05:59:00"
    assert not build_assignments(course, [NAME]).assignments[0].registered


def test_a_changed_test_is_registered(course: Course) -> None:
    """Does the gradebook follow when only a hidden test changes?"""
    build_assignments(course, [NAME])
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(LESSON.replace("integers(100)", "integers(200)"))
    (found,) = build_assignments(course, [NAME]).assignments
    assert found.registered and found.stale == (f"source/{NAME}/tiny.ipynb",)


def test_new_cells_under_graded_submissions_are_refused_whole(course: Course) -> None:
    """Is the gradebook left as it was until somebody agrees to other cells?"""
    build_assignments(course, [NAME])
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(NAME, "ada")
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(LESSON.replace('"double_values"', '"double_numbers"'))
    with pytest.raises(UserError, match="other cells than the gradebook"):
        build_assignments(course, [NAME])
    with Gradebook(course.db_url, course.id) as gradebook:
        names = {c.name for c in gradebook.find_notebook("tiny", NAME).grade_cells}
        assert names == {"double_values", "why"}
        assert gradebook.find_submission(NAME, "ada")


def edit_in_jupyter(course: Course, old: str, new: str) -> Path:
    """Change a text in the source notebook, as Jupyter would save it."""
    path = course.source / NAME / "tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]
    nbformat.write(notebook, path)
    return path


def test_an_edit_in_jupyter_is_not_overwritten_but_imported(course: Course) -> None:
    """Does build refuse, import show, --force write, and build go on?"""
    build_assignments(course, [NAME])
    path = edit_in_jupyter(course, "return 2 * x", "return x + x")
    with pytest.raises(UserError, match="unrolled import"):
        build_assignments(course, [NAME])
    report = import_notebook(course, path)
    assert not report.written and "+    return x + x" in report.diff
    assert (course.lessons / NAME / "tiny.py").read_text() == LESSON
    assert import_notebook(course, path, force=True).written
    wanted = LESSON.replace("return 2 * x", "return x + x")
    assert (course.lessons / NAME / "tiny.py").read_text() == wanted
    assert len(list((course.build / "backups").glob("tiny-*.py"))) == 1
    build_assignments(course, [NAME], force=True)
    assert "return x + x" in text(course, "solutions")


def test_outputs_alone_are_no_edit(course: Course) -> None:
    """May an instructor run the source notebook without blocking the build?"""
    build_assignments(course, [NAME])
    edit_in_jupyter(course, "nothing of this", "kind")
    build_assignments(course, [NAME])


def test_import_gives_back_our_own_lessons_exactly(tmp_path: Path) -> None:
    """Is import(build(lesson)) the lesson, byte for byte?"""
    root = Path(__file__).parents[2]
    for path in sorted((root / "source").glob("*/*.ipynb")):
        course = make_course(tmp_path / path.parent.name)
        target = course.source / path.parent.name / path.name
        target.parent.mkdir(parents=True)
        shutil.copyfile(path, target)
        report = import_notebook(course, target, force=True)
        lesson = root / "lessons" / path.parent.name / f"{path.stem}.py"
        assert report.lesson.read_text() == lesson.read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', "\x00"])
def test_a_broken_notebook_is_refused_by_name(course: Course, content: str) -> None:
    """Does import say which file is no notebook?"""
    path = course.source / NAME / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(UserError, match=r"tiny\.ipynb"):
        import_notebook(course, path)


def test_a_student_s_notebook_is_not_imported(course: Course) -> None:
    """Can a release never replace the lesson?"""
    build_assignments(course, [NAME])
    with pytest.raises(UserError, match="no solutions"):
        import_notebook(course, course.release / NAME / "tiny.ipynb", force=True)


def test_our_own_notebooks_are_fresh() -> None:
    """Are the committed notebooks what the lessons make?"""
    from unrolled.course.model import load_course

    course = load_course(Path(__file__).parents[2])
    report = build_assignments(course, list(course.assignments), check=True)
    assert report.fresh, report.as_text()
