"""What a released or source cell is: a check, an exercise, a written answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN_BEGIN = "BEGIN HIDDEN TESTS"
HIDDEN_END = "END HIDDEN TESTS"


def read_nbgrader_meta(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The nbgrader metadata of a trusted cell, empty if it has none."""
    found: dict[str, Any] = cell.get("metadata", {}).get("nbgrader", {})
    return found


def read_unrolled_meta(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Our own metadata of a trusted cell."""
    found: dict[str, Any] = cell.get("metadata", {}).get("unrolled", {})
    return found


def is_check(cell: Mapping[str, Any]) -> bool:
    """Whether a trusted cell is an automatic grade cell."""
    m = read_nbgrader_meta(cell)
    return cell["cell_type"] == "code" and bool(m.get("grade")) and not m["solution"]


def is_exercise(cell: Mapping[str, Any]) -> bool:
    """Whether a trusted cell is a code cell that students fill in."""
    return cell["cell_type"] == "code" and bool(
        read_nbgrader_meta(cell).get("solution")
    )


def is_answer(cell: Mapping[str, Any]) -> bool:
    """Whether a trusted cell is a written answer, marked by hand."""
    return cell["cell_type"] == "markdown" and bool(
        read_nbgrader_meta(cell).get("solution")
    )


def is_helper(cell: Mapping[str, Any]) -> bool:
    """Whether checks take what a trusted cell defines from the student's process."""
    return cell["cell_type"] == "code" and bool(read_unrolled_meta(cell).get("helper"))


def runs_in_grading(cell: Mapping[str, Any]) -> bool:
    """Whether grading runs a trusted or rebuilt cell in the student's process."""
    code = cell["cell_type"] == "code"
    return code and not is_check(cell) and not read_unrolled_meta(cell).get("show")


def find_defined_names(source: str) -> tuple[str, ...]:
    """Names that the top level of a cell defines; empty if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(dict.fromkeys(n for node in tree.body for n in _find_targets(node)))


def _find_targets(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def split_check(source: str) -> tuple[str, str]:
    """The visible and the hidden text of a grade cell, line numbers kept."""
    visible, hidden, inside = [], [], False
    for line in source.split("\n"):
        if HIDDEN_BEGIN in line or HIDDEN_END in line:
            inside = HIDDEN_BEGIN in line
            line = ""
        visible.append("" if inside else line)
        hidden.append(line if inside else "")
    return "\n".join(visible), "\n".join(hidden)


def normalize_text(text: str) -> str:
    """A text for comparing: blanks at the ends of lines do not count."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()
