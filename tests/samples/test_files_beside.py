"""Hostile ways to hand in: cells torn and moved, files and links beside them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.small_assignment import MISCONCEPTIONS, material

from unrolled.assignment.cells import read_cells
from unrolled.assignment.reference import Reference, build_reference
from unrolled.samples.build_submission import build_notebook, write_submission
from unrolled.samples.recipe import Recipe

SMALL = replace(material(), misconceptions=MISCONCEPTIONS)
PLAIN = Recipe(assignment="small", expected=None)


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The reference of the small assignment."""
    return build_reference(SMALL)


def cells(reference: Reference, **told: Any) -> list[dict[str, Any]]:
    """The cells of a recipe for the small assignment."""
    recipe = replace(PLAIN, **told)
    found: list[dict[str, Any]] = json.loads(build_notebook(recipe, SMALL, reference))[
        "cells"
    ]
    return found


def at(found: list[dict[str, Any]], name: str) -> int:
    """Where the cell of a grade id stands."""
    return [c.grade_id for c in read_cells({"cells": found})].index(name)


def test_split_cuts_a_cell_in_two_and_loses_nothing(reference: Reference) -> None:
    """Is the second half, without a name, right below the first?"""
    before, found = cells(reference), cells(reference, split=("double",))
    here = at(found, "double")
    halves = [found[here]["source"], found[here + 1]["source"]]
    assert "\n".join(halves) == before[at(before, "double")]["source"]
    assert found[here + 1]["metadata"] == {} and len(found) == len(before) + 1


def test_merge_takes_the_next_cell_of_the_kind_in(reference: Reference) -> None:
    """Is the text of the next code cell at the end of this one, and its cell gone?"""
    before, found = cells(reference), cells(reference, merge=("double",))
    here = at(before, "double")
    below = next(c for c in before[here + 1 :] if c["cell_type"] == "code")
    assert found[at(found, "double")]["source"].endswith("\n\n" + below["source"])
    assert below["id"] not in [c["id"] for c in found]


def test_retype_and_metadata_work_on_one_cell(reference: Reference) -> None:
    """Is the kind another, is metadata joined key by key, and all else as it was?"""
    told = {"double": {"tags": ["x"], "nbgrader": {"points": 99}}}
    found = cells(reference, retype={"double": "markdown"}, metadata=told)
    cell = found[at(found, "double")]
    assert cell["cell_type"] == "markdown" and "outputs" not in cell
    assert cell["metadata"]["tags"] == ["x"]
    assert cell["metadata"]["nbgrader"]["points"] == 99
    others = [c for c in cells(reference) if c["id"] != cell["id"]]
    assert [c for c in found if c["id"] != cell["id"]] == others


def test_reverse_turns_the_notebook_over(reference: Reference) -> None:
    """Are the cells the same, from last to first?"""
    assert cells(reference, reverse=True) == cells(reference)[::-1]


def test_everything_lies_beside_the_notebook(
    reference: Reference, tmp_path: Path
) -> None:
    """Are files, links and the time of submission where nbgrader collects them?"""
    recipe = replace(
        PLAIN,
        files={"numpy.py": "1", "deep/er.txt": "2"},
        links={"out": "/etc/hostname", "loop": "loop"},
        stamp="yesterday",
    )
    write_submission(recipe, tmp_path / "work", SMALL, reference)
    found = tmp_path / "work"
    assert (found / "numpy.py").read_text() == "1"
    assert (found / "deep/er.txt").read_text() == "2"
    assert (found / "timestamp.txt").read_text() == "yesterday"
    assert (found / "out").readlink() == Path("/etc/hostname")
    assert (found / "loop").is_symlink()
    notebook = found / f"{SMALL.notebook}.ipynb"
    assert notebook.read_bytes() == build_notebook(recipe, SMALL, reference)


def test_a_link_takes_the_notebook_s_place(
    reference: Reference, tmp_path: Path
) -> None:
    """Is nothing written through a link that has the notebook's name?"""
    (tmp_path / "other").write_text("untouched")
    name = f"{SMALL.notebook}.ipynb"
    recipe = replace(PLAIN, links={name: "../other"})
    write_submission(recipe, tmp_path / "work", SMALL, reference)
    assert (tmp_path / "work" / name).is_symlink()
    assert (tmp_path / "other").read_text() == "untouched"


def test_raw_text_is_written_in_its_encoding(reference: Reference) -> None:
    """Can a recipe hold a file that is not UTF-8?"""
    recipe = replace(PLAIN, raw="é", encoding="latin-1")
    assert build_notebook(recipe, SMALL, reference) == b"\xe9"
