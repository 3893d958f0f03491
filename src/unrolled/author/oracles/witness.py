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
ROUTE_HINT = "its docstring must end with a line `Route: a few words.`"
INPUT_HINT = (
    "(the route of a function that only draws inputs is `none, it draws inputs`)"
)


@dataclass(frozen=True)
class Witness:
    """The text of lessons/NN/witness.py, and its functions; `error` if it fails."""

    where: str
    text: str
    module: types.ModuleType
    error: str = ""


def read_witness(course: Course, assignment: str) -> str | None:
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


def find_route(function: object) -> str | None:
    """What the last line of a docstring says after `Route:`, without the point."""
    found = _ROUTE.search(getattr(function, "__doc__", None) or "")
    return found[1] if found else None


def is_input_generator(function: object) -> bool:
    """Whether a function of the oracle says that it only draws inputs."""
    return (find_route(function) or "").startswith("none")


def list_oracle_functions(hidden: str, reference: Reference) -> tuple[str, ...]:
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


def find_route_problems(
    name: str, material: Material, reference: Reference, witness: Witness
) -> Iterator[str]:
    """Why a function of the oracle has no second, independent route."""
    first: Callable[..., Any] = getattr(reference.oracle, name)
    if find_route(first) is None:
        yield f"oracle.{name} tells no route: {ROUTE_HINT} {INPUT_HINT}"
    if is_input_generator(first):
        return
    second = getattr(witness.module, name, None)
    if not callable(second):
        yield f"{witness.where} has no function {name} {INPUT_HINT}"
        return
    if find_route(second) is None:
        yield f"{name} of {witness.where} tells no route: {ROUTE_HINT}"
    elif find_route(second) == find_route(first):
        yield f"oracle and witness take the same route to {name}: {find_route(first)}"
    code = _dump_function(witness.text, name)
    if code is not None and code == _dump_function(material.oracle, name):
        yield f"{name} of {witness.where} is a copy of the oracle's"
    if code is not None and code in _read_solutions(material, name):
        yield f"{name} of {witness.where} is a copy of the reference's"


def _read_solutions(material: Material, name: str) -> list[str | None]:
    """What the reference solution does in functions of this name."""
    cells = material.source["cells"]
    return [_dump_function(c["source"], name) for c in cells if is_exercise(c)]


def _dump_function(text: str, name: str) -> str | None:
    """What a top-level function does, without its docstring; None if there is none."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            body = node.body[ast.get_docstring(node) is not None :]
            return ast.dump(node.args) + "".join(map(ast.dump, body))
    return None
