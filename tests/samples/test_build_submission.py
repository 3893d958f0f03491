"""Made submissions: each step of a recipe does what it says, and nothing else."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import nbformat
import pytest
from support.small_assignment import (
    MISCONCEPTIONS,
    by_id,
    grade,
    material,
    source_notebook,
)

from unrolled.assignment.reference import Reference, build_reference
from unrolled.errors import UserError
from unrolled.grade.submission.rebuild import rebuild_submission
from unrolled.samples.build_submission import build_notebook
from unrolled.samples.recipe import Recipe

STYLES = '''
@style("double")
def doubled_by_sum(x):
    """Adds."""
    return sum([x, x])
'''
SMALL = replace(material(), misconceptions=MISCONCEPTIONS + STYLES)
Fields = dict[str, Any]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The reference of the small assignment."""
    return build_reference(SMALL)


def cooked(reference: Reference, **told: Any) -> Fields:
    """The notebook of a recipe for the small assignment."""
    data = build_notebook(
        Recipe(assignment="small", expected=None, **told), SMALL, reference
    )
    notebook: Fields = json.loads(data)
    nbformat.validate(nbformat.from_dict(notebook))
    return notebook


def sources(notebook: Fields) -> dict[str, str]:
    """Cell texts by grade id, or by cell id where there is none."""
    return {name_of(c): c["source"] for c in notebook["cells"]}


def name_of(cell: Fields) -> str:
    """The grade id of a cell, or its cell id."""
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", cell["id"]))


def changed(notebook: Fields, reference: Reference) -> set[str]:
    """The cells whose text differs from that of a submission without faults."""
    right, found = sources(cooked(reference)), sources(notebook)
    return {n for n in right.keys() | found.keys() if right.get(n) != found.get(n)}


def test_a_plain_recipe_is_all_right(reference: Reference) -> None:
    """Does a recipe that names no fault get every point, and have its answer?"""
    notebook = cooked(reference)
    assert sources(notebook)["why"] == Recipe(assignment="small", expected=None).answers
    assert all(c.passed for c in by_id(grade(notebook)).values())
    assert "HIDDEN" not in json.dumps(notebook)


def test_cooking_is_stable_and_leaves_the_material_alone(reference: Reference) -> None:
    """Do two cooks of one recipe agree, and none of them write in the release?"""
    before = copy.deepcopy(SMALL)
    told: Fields = {"double": ("double",), "strip": ("quadruple",), "first": "pass"}
    recipe = Recipe(
        assignment="small", expected=None, delete=("double_values",), **told
    )
    first = build_notebook(recipe, SMALL, reference)
    assert first == build_notebook(recipe, SMALL, reference) and before == SMALL


def test_raw_is_the_whole_file(reference: Reference) -> None:
    """Is a raw text handed in as it is, whatever else the recipe says?"""
    recipe = Recipe(
        assignment="small", expected=None, raw="Sehr geehrte Ä", first="x = 1"
    )
    assert build_notebook(recipe, SMALL, reference) == "Sehr geehrte Ä".encode()


@pytest.mark.parametrize(
    ("solve", "left"),
    [
        (("all",), set()),
        (("double",), {"quadruple"}),
        ((), {"double", "quadruple"}),
    ],
)
def test_what_is_not_solved_is_as_released(
    reference: Reference, solve: tuple[str, ...], left: set[str]
) -> None:
    """Are exactly the exercises that are not listed left as stubs?"""
    notebook = cooked(reference, solve=solve)
    assert changed(notebook, reference) == left
    released = sources(SMALL.release)
    assert all(sources(notebook)[name] == released[name] for name in left)


def test_answers_are_written_or_left_as_released(reference: Reference) -> None:
    """Does the given text stand in the answer, and an empty one change nothing?"""
    assert sources(cooked(reference, answers="Well."))["why"] == "Well."
    blank = sources(cooked(reference, answers=""))
    assert blank["why"] == sources(SMALL.release)["why"]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"misconceptions": ("squares",)}, "return x * x"),
        ({"styles": ("doubled_by_sum",)}, "return sum([x, x])"),
    ],
)
def test_entries_of_the_catalogue_take_the_function_s_place(
    reference: Reference, told: Fields, text: str
) -> None:
    """Is just this function another, under its right name and without its story?"""
    notebook = cooked(reference, **told)
    assert changed(notebook, reference) == {"double"}
    assert sources(notebook)["double"] == f"def double(x):\n    {text}"


def test_entries_that_the_catalogue_lacks_are_told(reference: Reference) -> None:
    """Are all misspelt entries named, with the assignment?"""
    with pytest.raises(UserError, match="small: the catalogue has no sqares, dubled"):
        cooked(reference, misconceptions=("sqares", "squares"), styles=("dubled",))


def test_a_function_takes_the_place_of_one_function_only(
    reference: Reference,
) -> None:
    """Does the rest of a solution cell stay when its function is replaced?"""
    source = source_notebook()
    source["cells"][2]["source"] = "two = 2\n\ndef double(x):\n    return two * x"
    wide = replace(SMALL, source=source)
    recipe = Recipe(
        assignment="small",
        expected=None,
        cells={"double": "def double(x):\n    return x"},
    )
    found = sources(json.loads(build_notebook(recipe, wide, reference)))
    assert found["double"] == "two = 2\n\ndef double(x):\n    return x"


@pytest.mark.parametrize("text", ["def double(x)\n    return x", "a = 1\nb = 2", ""])
def test_any_other_text_is_the_whole_cell(reference: Reference, text: str) -> None:
    """Is text that is no function, or no Python, the cell as it is?"""
    notebook = cooked(reference, cells={"double": text})
    assert sources(notebook)["double"] == text
    assert changed(notebook, reference) == {"double"}


def test_edit_changes_a_check_as_a_student_would(reference: Reference) -> None:
    """Is an edited check in the file, even if its new text is one function?"""
    text = "def nothing():\n    pass"
    notebook = cooked(reference, edit={"double_values": text})
    assert sources(notebook)["double_values"] == text
    assert changed(notebook, reference) == {"double_values"}


def test_rename_gives_the_function_another_name(reference: Reference) -> None:
    """Is the function defined under the other name, and nowhere else renamed?"""
    notebook = cooked(reference, rename={"double": "twice"})
    assert sources(notebook)["double"].startswith("def twice(x):")
    assert changed(notebook, reference) == {"double"}


def test_double_puts_the_empty_cell_below_the_written_one(
    reference: Reference,
) -> None:
    """Are there two cells of one name, the stub last, and is the work found?"""
    notebook = cooked(reference, double=("double",))
    names = [name_of(c) for c in notebook["cells"]]
    at = names.index("double")
    assert names[at : at + 2] == ["double"] * 2 and names.count("double") == 2
    written, empty = (c["source"] for c in notebook["cells"][at : at + 2])
    assert (written, empty) == (
        sources(cooked(reference))["double"],
        sources(SMALL.release)["double"],
    )
    assert len({c["id"] for c in notebook["cells"]}) == len(names)
    assert "2 times" in rebuild_submission(SMALL, notebook).repairs[0]


def test_copies_puts_a_second_written_cell_below(reference: Reference) -> None:
    """Are there two cells of one name with texts of their own, and ids of their own?"""
    text = "def double(x):\n    return 3 * x"
    notebook = cooked(reference, copies={"double": text})
    names = [name_of(c) for c in notebook["cells"]]
    at = names.index("double")
    assert names[at : at + 2] == ["double"] * 2 and names.count("double") == 2
    written = sources(cooked(reference))["double"]
    assert [c["source"] for c in notebook["cells"][at : at + 2]] == [written, text]
    assert len({c["id"] for c in notebook["cells"]}) == len(names)


def test_delete_takes_a_cell_out(reference: Reference) -> None:
    """Are just the named cells gone?"""
    notebook = cooked(reference, delete=("double_values", "quadruple"))
    assert changed(notebook, reference) == {"double_values", "quadruple"}
    assert len(notebook["cells"]) == len(SMALL.release["cells"]) - 2


def test_strip_takes_the_name_and_keeps_the_work(reference: Reference) -> None:
    """Has the cell lost metadata and id, but not its text or its place?"""
    notebook = cooked(reference, strip=("double",))
    cell = notebook["cells"][2]
    assert cell["metadata"] == {} and cell["id"] != SMALL.release["cells"][2]["id"]
    assert cell["source"] == sources(cooked(reference))["double"]
    (repair,) = rebuild_submission(SMALL, notebook).repairs
    assert "double had lost its name" in repair


def test_first_is_an_own_cell_at_the_top(reference: Reference) -> None:
    """Does the student's own cell stand first, without a grade id?"""
    notebook = cooked(reference, first="import os")
    own = notebook["cells"][0]
    assert (own["cell_type"], own["source"], own["metadata"]) == (
        "code",
        "import os",
        {},
    )
    assert len(notebook["cells"]) == len(SMALL.release["cells"]) + 1


@pytest.mark.parametrize(
    "told",
    [
        {"cells": {"dubble": ""}},
        {"edit": {"dubble": ""}},
        {"rename": {"dubble": "x"}},
        {"double": ("dubble",)},
        {"copies": {"dubble": ""}},
        {"delete": ("dubble",)},
        {"strip": ("dubble",)},
    ],
    ids=lambda told: next(iter(told)),
)
def test_work_on_a_cell_that_is_not_there_is_told(
    reference: Reference, told: Fields
) -> None:
    """Is a misspelt cell named by every step?"""
    with pytest.raises(UserError, match="no cell 'dubble'"):
        cooked(reference, **told)
