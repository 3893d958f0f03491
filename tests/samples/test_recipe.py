"""Recipe files: read well, and refused by file and key when they are broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.author_course import ROOT

from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.material import Material
from unrolled.assignment.reference import Reference
from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.samples.build_submission import build_notebook
from unrolled.samples.recipe import Recipe, load_students


def recipe_file(folder: Path, text: str, name: str = "fault") -> Path:
    """A recipe as a file."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_a_student_with_a_table_for_each_assignment(tmp_path: Path) -> None:
    """Are students sorted by file name, and their recipes as the files say?"""
    recipe_file(tmp_path, "[small]\n", "zoe")
    recipe_file(
        tmp_path,
        'about = "left"\n[small]\nexpected = 5\nsolve = ["double"]\nmarks = false\n'
        'days_late = 2\n[small.edit]\nwhy = "pass"\n[other]\nraw = "x"\n',
        "abe",
    )
    abe, zoe = load_students(tmp_path)
    assert (abe.name, abe.about, zoe.name, zoe.about) == ("abe", "left", "zoe", "")
    wanted = Recipe(
        assignment="small",
        expected=5,
        solve=("double",),
        edit={"why": "pass"},
        marks=False,
    )
    assert abe.recipes == {
        "small": replace(wanted, days_late=2),
        "other": Recipe(assignment="other", expected=None, raw="x"),
    }
    assert zoe.recipes == {"small": Recipe(assignment="small", expected=None)}


def test_a_broken_recipe_file_is_told_by_file_and_key(tmp_path: Path) -> None:
    """Does the error name the file, and for an unknown key table and key too?"""
    path = recipe_file(tmp_path, "[small]\nexpcted = 5\n")
    with pytest.raises(UserError) as caught:
        load_students(tmp_path)
    told = f"{path}: small.expcted: unknown; did you mean expected?"
    assert str(caught.value) == told
    recipe_file(tmp_path, "[small\nexpected = 5\n")
    with pytest.raises(UserError, match="line 1") as caught:
        load_students(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hide = []", "small.hide: unknown; did you mean hides?"),
        ("xyz = 1", "small.xyz: unknown; known are solve, "),
        ('repairs = "no list"', "small.repairs: 'no list' is of the wrong kind"),
        ("repairs = [1]", "small.repairs: must be a list of texts"),
        ("counts = { double = 1 }", "small.counts: must be a table of texts"),
        ("hints = { double_values = 1 }", "small.hints.double_values: must be a text"),
        ("hints = { double_values = [1] }", "small.hints.double_values: must be a"),
        ("days_late = true", "small.days_late: True is of the wrong kind"),
        ('marks = "yes"', "small.marks: 'yes' is of the wrong kind"),
    ],
)
def test_a_key_of_the_wrong_kind_is_told(tmp_path: Path, line: str, told: str) -> None:
    """Is a slip in an expectation an error, with its place, and never ignored?"""
    path = recipe_file(tmp_path, f"[small]\n{line}\n")
    with pytest.raises(UserError) as caught:
        load_students(tmp_path)
    assert str(caught.value).startswith(f"{path}: {told}")


def test_what_must_come_back_is_read(tmp_path: Path) -> None:
    """Are all expectations where the checks look for them?"""
    recipe_file(
        tmp_path,
        '[small]\nrepairs = ["a*"]\nreason = "b"\nshows = ["c"]\nhides = ["d"]\n'
        'hints = { e = "f", g = ["h", "i"] }\ncounts = { j = "k" }\n'
        'copies = { j = "l" }\n',
    )
    (student,) = load_students(tmp_path)
    hints = {"e": "f", "g": ["h", "i"]}
    wanted = Recipe(
        assignment="small", expected=None, repairs=("a*",), reason="b", shows=("c",)
    )
    wanted = replace(wanted, hides=("d",), hints=hints, counts={"j": "k"})
    assert student.recipes == {"small": replace(wanted, copies={"j": "l"})}


def test_a_folder_without_recipes_is_told(tmp_path: Path) -> None:
    """Is an empty folder an error that names it, not a class of nobody?"""
    with pytest.raises(UserError) as caught:
        load_students(tmp_path / "nowhere")
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere'}: no recipes")


def real() -> list[tuple[Material, Reference]]:
    """The material of every assignment of the course itself."""
    course = load_course(ROOT)
    found = [load_material(course, name) for name in course.assignments]
    return [(m, load_reference(m)) for m in found]


def test_our_own_recipes_can_be_cooked() -> None:
    """Does every recipe of the demo class load, and fit its assignment?"""
    students = load_students(ROOT / "tests" / "submissions")
    for given, reference in real():
        for student in students:
            recipe = student.recipes.get(given.assignment)
            if recipe is not None:
                assert student.about and build_notebook(recipe, given, reference), (
                    student.name
                )
