"""Text becomes notebooks, the same everywhere; nothing of an author's is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from support.author_course import LESSON, make_course
from support.gradebook_dump import dump

from unrolled.author import build, unchanged
from unrolled.author.build import build_assignments
from unrolled.author.lesson.from_notebook import import_notebook
from unrolled.converters import make_nbgrader_config, run_converter
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.gradebook.queries import ReleasedNotebook

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


def count_conversions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The assignments whose notebooks are made from now on, each time again."""
    made: list[str] = []
    make = build.generate_release

    def counted(root: Path, name: str) -> ReleasedNotebook:
        made.append(name)
        return make(root, name)

    monkeypatch.setattr(build, "generate_release", counted)
    return made


def write_more(path: Path) -> None:
    """Add an empty line."""
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")


CHANGES: dict[str, Callable[[Course], None]] = {
    "lesson": lambda c: write_more(c.lessons / NAME / "tiny.py"),
    "oracle": lambda c: write_more(c.lessons / NAME / "oracle.py"),
    "settings": lambda c: write_more(c.root / "course.toml"),
    "configuration": lambda c: write_more(c.root / "nbgrader_config.py"),
    "source": lambda c: write_more(c.source / NAME / "tiny.ipynb"),
    "release": lambda c: (c.release / NAME / "tiny.ipynb").unlink(),
    "solutions": lambda c: write_more(c.root / "solutions" / NAME / "tiny.ipynb"),
    "beside": lambda c: (c.source / NAME / "notes.txt").touch(),
    "manifest": lambda c: (c.root / "built.sha256").unlink(),
    "gradebook": lambda c: c.gradebook.unlink(),
    "note": lambda c: (c.build / "lessons" / f"{NAME}.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_made_again(
    course: Course, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is an assignment made again after any change, and only then?"""
    made = count_conversions(monkeypatch)
    build_assignments(course, [NAME])
    build_assignments(course, [NAME])
    assert made == [NAME]
    CHANGES[change](course)
    build_assignments(course, [NAME])
    assert made == [NAME, NAME]
    assert build_assignments(course, [NAME], check=True).fresh


def test_another_program_makes_everything_again(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a new version of ours, or of a library that converts, count as a change?"""
    made = count_conversions(monkeypatch)
    build_assignments(course, [NAME])
    monkeypatch.setattr(unchanged, "version", lambda package: "99")
    unchanged._compute_program.cache_clear()
    build_assignments(course, [NAME])
    unchanged._compute_program.cache_clear()
    assert made == [NAME, NAME]


def test_check_believes_no_note(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does --check make everything anew, although nothing has changed?"""
    made = count_conversions(monkeypatch)
    build_assignments(course, [NAME])
    assert build_assignments(course, [NAME], check=True).fresh
    assert made == [NAME, NAME]


def test_what_lies_beside_is_told_each_time(course: Course) -> None:
    """Does a build with nothing to do still say what students get beside the lesson?"""
    build_assignments(course, [NAME])
    (course.source / NAME / "notes.txt").write_text("mine")
    first, second = (
        build_assignments(course, [NAME]).assignments[0].travels for _ in range(2)
    )
    assert first == second == (f"source/{NAME}/notes.txt",)


def test_the_gradebook_s_rows_are_nbgrader_s(course: Course, tmp_path: Path) -> None:
    """Are all rows those that nbgrader's generate_assignment writes, also later on?"""
    build_assignments(course, [NAME])
    stock = make_course(tmp_path / "stock")
    shutil.copytree(course.source, stock.source)
    points = LESSON
    for old, new in (("s=60", "s=70"), ("s=40", "s=30"), ("- 30 p", "- 20 p")):
        points = points.replace(old, new)
    for later in (points, LESSON.replace('answer="why"', 'answer="reason"')):
        config = make_nbgrader_config(stock)
        config.CourseDirectory.assignment_id = NAME
        run_converter(GenerateAssignment, config, force=True)
        with Gradebook(stock.db_url, stock.id) as gradebook:
            due = gradebook.find_assignment(NAME)
            due.duedate = datetime(2027, 2, 6, 5, 59)
            gradebook.db.commit()
        rows = dump(stock)
        assert dump(course) == rows
        (course.lessons / NAME / "tiny.py").write_text(later)
        build_assignments(course, [NAME])
        shutil.copytree(course.source, stock.source, dirs_exist_ok=True)


def test_cells_keep_their_ids(course: Course) -> None:
    """Does registering again change rows where they are, and make only new ones?"""
    build_assignments(course, [NAME])

    def ids() -> dict[str, str]:
        with Gradebook(course.db_url, course.id) as gradebook:
            cells = gradebook.find_notebook("tiny", NAME)._base_cells
            return {f"{type(c).__name__} {c.name}": c.id for c in cells}

    before = ids()
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(LESSON.replace('answer="why"', 'answer="reason"'))
    build_assignments(course, [NAME])
    after = ids()
    assert {n for n, i in after.items() if before.get(n) != i} == {
        "GradeCell reason",
        "SolutionCell reason",
    }
    assert "GradeCell why" in before and "GradeCell why" not in after


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
