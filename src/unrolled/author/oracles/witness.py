"""A lesson's witness: an independent implementation of its oracle.

For each function of `oracle.py` that a hidden test asks, `witness.py` beside it has
one of the same name that computes the same in another way; the last line of both
docstrings, `Route: a few words.`, says how. `unrolled verify` cross-checks the two.

The witness stays with the author: no grading job carries it, and no verdict
hangs on it.
"""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from unrolled.assignment import Material, Reference, read_sources
from unrolled.course import Course

_ROUTE = re.compile(r"(?:\A|\n)[ \t]*Route: (\S.*)\.\s*\Z")
ROUTE_HINT = "its docstring must end with a line `Route: a few words.`"
DRAWS_INPUTS = "none, it draws inputs"
INPUT_HINT = f"(for a function that only draws inputs: `Route: {DRAWS_INPUTS}.`)"


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


def read_route(function: object) -> str | None:
    """What the last line of a docstring says after `Route:`, without the full stop."""
    line = _ROUTE.search(getattr(function, "__doc__", None) or "")
    return line[1] if line else None


def is_input_generator(function: object) -> bool:
    """Whether a function of the oracle says that it only draws inputs."""
    return (read_route(function) or "").startswith("none")


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


def find_witness_problems(
    name: str, material: Material, reference: Reference, witness: Witness
) -> Iterator[str]:
    """Why the witness has no independent implementation of an oracle's function."""
    first: Callable[..., Any] = getattr(reference.oracle, name)
    if read_route(first) is None:
        yield f"oracle.{name} does not say how it works: {ROUTE_HINT} {INPUT_HINT}"
    if is_input_generator(first):
        return
    second = getattr(witness.module, name, None)
    if not callable(second):
        yield f"{witness.where} has no function {name} {INPUT_HINT}"
        return
    if read_route(second) is None:
        yield f"{name} of {witness.where} does not say how it works: {ROUTE_HINT}"
    elif read_route(second) == read_route(first):
        yield f"oracle and witness do {name} in the same way: {read_route(first)}"
    code = _dump_function(witness.text, name)
    if code is not None and code == _dump_function(material.oracle, name):
        yield f"{name} of {witness.where} is a copy of the oracle's"
    solutions = read_sources(material.source_cells, "exercise").values()
    if code is not None and code in [_dump_function(s, name) for s in solutions]:
        yield f"{name} of {witness.where} is a copy of the reference's"


def _dump_function(text: str, name: str) -> str | None:
    """What a top-level function does, without its docstring; None if there is none."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            body = node.body[ast.get_docstring(node) is not None :]
            return ast.dump(node.args) + "".join(map(ast.dump, body))
    return None
