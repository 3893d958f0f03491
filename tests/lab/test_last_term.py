"""Notebooks that students keep from last term go on running with the lab of today.

tests/last_term/ holds the released notebooks of a term that is over, as they were. No
build writes over them: whoever changes a name or a parameter of `unrolled.lab` is told
here what breaks for those who kept their work.
"""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "last_term").glob("*.ipynb"))


def read_code(notebook: Path) -> list[str]:
    """The texts of the code cells."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def list_our_imports(notebook: Path) -> Iterator[ast.stmt]:
    """The import statements of a notebook that name this package."""
    for text in read_code(notebook):
        for node in ast.walk(ast.parse(text)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.partition(".")[0] == "unrolled" for name in names):
                assert isinstance(node, ast.stmt)
                yield node


def import_names(notebook: Path) -> dict[str, Any]:
    """What the import statements of a notebook bind, from this package only."""
    names: dict[str, Any] = {}
    for statement in list_our_imports(notebook):
        exec(ast.unparse(statement), names)
    names.pop("__builtins__")
    return names


def find_misfits(notebook: Path) -> Iterator[str]:
    """Each use of an imported name that the lab of today has no answer to."""
    names = import_names(notebook)
    for text in read_code(notebook):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = names.get(node.value.id)
                if isinstance(module, ModuleType) and not hasattr(module, node.attr):
                    yield f"{ast.unparse(node)}: {module.__name__} has no such name"
            if isinstance(node, ast.Call):
                yield from find_call_misfits(node, names)


def find_call_misfits(call: ast.Call, names: dict[str, Any]) -> Iterator[str]:
    """Why a call of an imported function does not fit its parameters."""
    function = call.func
    if isinstance(function, ast.Name):
        target = names.get(function.id)
    elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        module = names.get(function.value.id)
        is_ours = isinstance(module, ModuleType)
        target = getattr(module, function.attr, None) if is_ours else None
    else:
        return
    if not callable(target):
        return
    # A star hides how many arguments there are: the rest of the call is asked then.
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    starred |= any(k.arg is None for k in call.keywords)
    args = [a for a in call.args if not isinstance(a, ast.Starred)]
    keywords = {k.arg: None for k in call.keywords if k.arg}
    signature = inspect.signature(target)
    try:
        (signature.bind_partial if starred else signature.bind)(*args, **keywords)
    except TypeError as error:
        yield f"{ast.unparse(call)}: {error}"


def test_there_are_notebooks_with_imports() -> None:
    """Is there something to hold against the lab at all?"""
    assert len(NOTEBOOKS) == 7
    assert all(list(list_our_imports(notebook)) for notebook in NOTEBOOKS)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_import_still_works(notebook: Path) -> None:
    """Does each import line work, in a process that has imported nothing before?"""
    statements = [ast.unparse(node) for node in list_our_imports(notebook)]
    script = "\n".join(f"exec({statement!r})" for statement in statements)
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_name_and_parameter_is_still_there(notebook: Path) -> None:
    """Do all names that a notebook takes from the lab exist, with these parameters?"""
    assert not list(find_misfits(notebook))


def test_a_name_and_a_parameter_that_are_gone_are_found(tmp_path: Path) -> None:
    """Does the search see a name and a parameter that do not exist?"""
    source = "from unrolled.lab import style, show\nstyle.gone\nshow(1, colour=2)"
    cell = {"cell_type": "code", "source": source.splitlines(keepends=True)}
    notebook = tmp_path / "made.ipynb"
    notebook.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    assert len(list(find_misfits(notebook))) == 2


def test_given_cells_still_run() -> None:
    """Does a notebook run from its top to where the student's own work begins?"""
    (notebook,) = (n for n in NOTEBOOKS if n.stem == "forward_pass")
    names: dict[str, Any] = {"__name__": "__main__"}
    with mpl.rc_context():  # a lesson sets the style of its figures for good
        for text in read_code(notebook):
            if "YOUR CODE HERE" in text:
                break
            exec(text, names)
    assert "check" in names
