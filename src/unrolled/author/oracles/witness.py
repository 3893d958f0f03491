"""A lesson's witness: each function of its oracle once more, on another route.

The witness stays with the author: no grading task carries it, and no verdict
hangs on it.
"""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from unrolled.assignment.cells import is_exercise
from unrolled.assignment.material import Material
from unrolled.assignment.reference import Reference
from unrolled.course.model import Course

_ROUTE = re.compile(r"(?:\A|\n)[ \t]*Route: (\S.*)\.\s*\Z")
HOW = "its docstring must end with a line `Route: a few words.`"
INPUTS = "(the route of a function that only draws inputs is `none, it draws inputs`)"


@dataclass(frozen=True)
class Witness:
    """The text of lessons/NN/witness.py, and its functions; `error` if it fails."""

    where: str
    text: str
    module: types.ModuleType
    error: str = ""


def witness_text(course: Course, assignment: str) -> str | None:
    """The text of a lesson's witness; None if there is none."""
    path = course.lessons / assignment / "witness.py"
    return path.read_text(encoding="utf-8") if path.exists() else None


def load_witness(assignment: str, text: str | None) -> Witness:
    """Run the text of a witness; whatever is wrong with it becomes its `error`."""
    where = f"lessons/{assignment}/witness.py"
    module = types.ModuleType("witness")
    error = f"{where} is missing" if text is None else ""
    try:
        exec(compile(text or "", where, "exec"), module.__dict__)
    except Exception as problem:
        error = f"{where} cannot be run: {type(problem).__name__}: {problem}"
    return Witness(where, text or "", module, error)


def route_of(function: object) -> str | None:
    """What the last line of a docstring says after `Route:`, without the point."""
    found = _ROUTE.search(getattr(function, "__doc__", None) or "")
    return found[1] if found else None


def draws_inputs(function: object) -> bool:
    """Whether a function of the oracle says that it only draws inputs."""
    return (route_of(function) or "").startswith("none")


def asked_functions(hidden: str, reference: Reference) -> tuple[str, ...]:
    """The functions of the oracle that a hidden part names, in its order."""
    nodes = [
        (node.lineno, node.col_offset, node.attr)
        for node in ast.walk(ast.parse(hidden))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "oracle"
    ]
    names = dict.fromkeys(name for _, _, name in sorted(nodes))
    oracle = reference.oracle
    return tuple(n for n in names if callable(getattr(oracle, n, None)))


def route_problems(
    name: str, material: Material, reference: Reference, witness: Witness
) -> Iterator[str]:
    """Why a function of the oracle has no second, independent route."""
    first: Callable[..., Any] = getattr(reference.oracle, name)
    if route_of(first) is None:
        yield f"oracle.{name} tells no route: {HOW} {INPUTS}"
    if draws_inputs(first):
        return
    second = getattr(witness.module, name, None)
    if not callable(second):
        yield f"{witness.where} has no function {name} {INPUTS}"
        return
    if route_of(second) is None:
        yield f"{name} of {witness.where} tells no route: {HOW}"
    elif route_of(second) == route_of(first):
        yield f"oracle and witness take the same route to {name}: {route_of(first)}"
    code = _code(witness.text, name)
    if code is not None and code == _code(material.oracle, name):
        yield f"{name} of {witness.where} is a copy of the oracle's"
    if code is not None and code in _solutions(material, name):
        yield f"{name} of {witness.where} is a copy of the reference's"


def _solutions(material: Material, name: str) -> list[str | None]:
    """What the reference solution does in functions of this name."""
    cells = material.source["cells"]
    return [_code(c["source"], name) for c in cells if is_exercise(c)]


def _code(text: str, name: str) -> str | None:
    """What a top-level function does, without its docstring; None if there is none."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            body = node.body[ast.get_docstring(node) is not None :]
            return ast.dump(node.args) + "".join(map(ast.dump, body))
    return None
