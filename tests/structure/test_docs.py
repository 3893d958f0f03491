"""The page about the architecture names modules, folders and functions that exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from imports import ROOT, SOURCE, read_tree

PAGE = ROOT / "docs" / "architecture.md"
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8"))))
PATHS = [s for s in SPANS if re.fullmatch(r"[\w/]+(\.py|/)", s)]
NAMES = [s for s in SPANS if re.fullmatch(r"_?[A-Za-z]\w*[a-z]", s) and s != s.lower()]
NAMES += [s for s in SPANS if re.fullmatch(r"_?[a-z]+(_[a-z]+)+", s)]


@pytest.mark.parametrize("name", PATHS)
def test_a_path_of_the_page_exists(name: str) -> None:
    """Is it there as it is written, from src/unrolled/ or from the project's root?"""
    written = name.replace("NN_topic", "02_forward_pass")
    assert any((place / written).exists() for place in (SOURCE, ROOT))


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
    assert len(PATHS) > 80 and "deadlines/late_penalty.py" in PATHS
    assert {"compute_penalty", "StudentObject", "_find_misconceptions"} < set(NAMES)
