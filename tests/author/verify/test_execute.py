"""Solved notebooks are run once for each state of everything that they hang on."""

from __future__ import annotations

import copy
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from support.shared import make_built_course

import unrolled.author.verify.execute
from unrolled.assignment.load import load_material
from unrolled.assignment.material import Material
from unrolled.author.verify.cases import make_solved_notebook
from unrolled.author.verify.execute import (
    ExecutedNotebook,
    check_notebook,
    execute_if_changed,
)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A small assignment."""
    course = make_built_course(tmp_path_factory.mktemp("tiny") / "course")
    return load_material(course, "01_tiny")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The assignments that are run, in order; nothing is, this takes seconds."""
    seen: list[str] = []

    def execute(material: Material) -> ExecutedNotebook:
        seen.append(material.assignment)
        return ExecutedNotebook(nbformat.from_dict(make_solved_notebook(material)))

    monkeypatch.setattr(unrolled.author.verify.execute, "_execute", execute)
    return seen


def test_what_has_not_changed_is_not_run_again(
    material: Material, runs: list[str], tmp_path: Path
) -> None:
    """Is the second answer the first one, and does a change make a third?"""
    first = check_notebook(material, tmp_path / "rendered")
    assert first == check_notebook(material, tmp_path / "rendered")
    assert all(case.passed for case in first) and len(runs) == 1
    assert {p.name for p in (tmp_path / "rendered").iterdir()} == {
        "01_tiny.html",
        "01_tiny.ipynb",
    }
    execute_if_changed(
        replace(material, data={"more.txt": b"new"}), tmp_path / "rendered"
    )
    assert len(runs) == 2


def test_a_kept_notebook_is_whole_or_made_anew(
    material: Material, runs: list[str], tmp_path: Path
) -> None:
    """Is a damaged file no obstacle, nor one of another state?"""
    kept = tmp_path / "rendered" / "01_tiny.ipynb"
    for broken in ("", "[]", '{"nbformat": 4}', "{"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(broken)
        assert execute_if_changed(material, kept.parent).notebook.cells
    assert len(runs) == 4
    shutil.copyfile(kept, tmp_path / "other.ipynb")
    other = replace(material, oracle=material.oracle + "\n# changed")
    execute_if_changed(other, kept.parent)
    shutil.copyfile(tmp_path / "other.ipynb", kept)
    execute_if_changed(other, kept.parent)
    assert len(runs) == 6


def test_a_notebook_that_fails_is_not_kept(material: Material, tmp_path: Path) -> None:
    """Is the failure told, and the notebook run again the next time?"""
    source = copy.deepcopy(material.source)
    for cell in source["cells"]:
        if "return" in cell["source"] and cell["cell_type"] == "code":
            cell["source"] = "raise ValueError('broken')"
    bad = replace(material, source=source)
    case, _ = check_notebook(bad, tmp_path / "rendered")
    assert case.problems == ("a cell fails: ValueError: broken",)
    assert [p.name for p in (tmp_path / "rendered").iterdir()] == ["01_tiny.html"]
