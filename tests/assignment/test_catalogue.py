"""What the lessons' catalogues and oracles import of ours, also inside functions."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
FILES = sorted(
    p
    for p in LESSONS.glob("[0-9][0-9]_*/*.py")
    if p.name in ("misconceptions.py", "oracle.py", "witness.py")
)


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_what_a_lesson_imports_of_ours_is_there(path: Path) -> None:
    """Is every name had? `matches` that cannot import takes its hint from students."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unr"):
            module = importlib.import_module(str(node.module))
            for name in node.names:
                assert hasattr(module, name.name), f"{path}:{node.lineno}: {name.name}"
