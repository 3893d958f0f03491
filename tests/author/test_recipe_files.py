"""Recipe files: read well, and refused by file and key when they are broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from author_support import ROOT

from unrolled.author.cooking import cook
from unrolled.author.recipes import Recipe, load_students
from unrolled.course import load_course
from unrolled.errors import UserError
from unrolled.grade.material import load_material, load_reference
from unrolled.grade.reference import Reference
from unrolled.grade.task import Material


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
    wanted = Recipe("small", 5, ("double",), edit={"why": "pass"}, marks=False)
    assert abe.recipes == {
        "small": replace(wanted, days_late=2),
        "other": Recipe("other", None, raw="x"),
    }
    assert zoe.recipes == {"small": Recipe("small", None)}


def test_a_broken_recipe_file_is_told_by_file_and_key(tmp_path: Path) -> None:
    """Does the error name the file, and for an unknown key table and key too?"""
    path = recipe_file(tmp_path, "[small]\nexpcted = 5\n")
    with pytest.raises(UserError) as caught:
        load_students(tmp_path)
    assert str(caught.value) == f"{path}: small: unknown key expcted."
    recipe_file(tmp_path, "[small\nexpected = 5\n")
    with pytest.raises(UserError, match="line 1") as caught:
        load_students(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")


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
                assert student.about and cook(recipe, given, reference), student.name
