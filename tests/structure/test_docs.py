"""The page about the architecture names modules, folders and functions that exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from imports import ROOT, SOURCE, read_tree

PAGE = ROOT / "docs" / "architecture.md"
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8"))))
PATHS = [s for s in SPANS if re.fullmatch(r"[\w/]+(\.py|/)", s) and "NN_" not in s]
NAMES = [s for s in SPANS if re.fullmatch(r"_?[A-Za-z]\w*[a-z]", s) and s != s.lower()]
NAMES += [s for s in SPANS if re.fullmatch(r"_?[a-z]+(_[a-z]+)+", s)]
FILES = [path for path in SOURCE.rglob("*") if "__pycache__" not in path.parts]


@pytest.mark.parametrize("name", PATHS)
def test_a_path_of_the_page_exists(name: str) -> None:
    """Is it in src, in the project's root, or a file of a lesson or beside another?"""
    places = [SOURCE / name, ROOT / name, *(ROOT / "lessons").glob(f"*/{name}")]
    beside = [path for path in FILES if path.name == name.rstrip("/")]
    assert beside or any(place.exists() for place in places)


@cache
def find_definitions() -> frozenset[str]:
    """The names of all functions and classes of ours."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return frozenset(
        node.name
        for path in read_tree().modules.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, kinds)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_page_is_defined(name: str) -> None:
    """Is there a function or class of that name?"""
    assert name in find_definitions()


def test_the_page_names_much() -> None:
    """Does the test look at the page's words?"""
    assert len(PATHS) > 80 and "grade/late_penalty.py" in PATHS
    assert {"compute_penalty", "StudentObject", "_find_misconceptions"} < set(NAMES)
