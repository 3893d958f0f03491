"""The catalogue of an assignment: wrong solutions by name, and correct other styles.

A catalogue is written as plain functions under two decorators, in
``lessons/NN_topic/misconceptions.py``. It proves the hidden tests (each
misconception must fail with its own hint, each style must pass), and it explains
a failed check to a student.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.assignment.cells import parse_code
from unrolled.errors import UserError

Function = Callable[..., Any]  # or a class, or a maker of data: see `misconception`
Matches = Callable[[Sequence[Any]], bool]
_WRONG, _RIGHT = "unrolled_misconception", "unrolled_style"


@dataclass(frozen=True, kw_only=True)
class Misconception:
    """A wrong solution that real students hand in.

    `fails` are the grade ids that must fail, `hint` is what the student reads;
    `exception` and `matches` recognise it where its output alone cannot, and
    `coincides` names entries that no fair test can tell from it. `waits` says that
    its checks wait for it in vain, for seconds in which no processor is busy.
    """

    name: str
    exercise: str
    function: Function
    source: str
    hint: str
    fails: tuple[str, ...]
    exception: type[BaseException] | None = None
    matches: Matches | None = None
    coincides: tuple[str, ...] = ()
    waits: bool = False


@dataclass(frozen=True)
class Style:
    """A correct solution written another way; it must get full points."""

    name: str
    exercise: str
    function: Function
    source: str


@dataclass(frozen=True)
class Catalogue:
    """All misconceptions and styles of one assignment, in the order of the file."""

    misconceptions: tuple[Misconception, ...] = ()
    styles: tuple[Style, ...] = ()

    def of(self, exercise: str) -> tuple[Misconception, ...]:
        """The misconceptions of one exercise."""
        return tuple(m for m in self.misconceptions if m.exercise == exercise)


def misconception(
    exercise: str,
    *,
    fails: str | tuple[str, ...],
    hint: str,
    exception: type[BaseException] | None = None,
    matches: Matches | None = None,
    coincides: tuple[str, ...] = (),
    waits: bool = False,
) -> Callable[[Function], Function]:
    """Mark a function as a wrong solution of `exercise`.

    Where the exercise is a class, mark a class; where it is data, a function without
    arguments that returns the wrong data.
    """
    ids = (fails,) if isinstance(fails, str) else fails

    def mark(function: Function) -> Function:
        details = {
            "exercise": exercise,
            "fails": ids,
            "hint": " ".join(hint.split()),
            "exception": exception,
            "matches": matches,
            "coincides": coincides,
            "waits": waits,
        }
        setattr(function, _WRONG, details)
        return function

    return mark


def style(exercise: str) -> Callable[[Function], Function]:
    """Mark a function as a correct solution of `exercise` in another style."""

    def mark(function: Function) -> Function:
        setattr(function, _RIGHT, {"exercise": exercise})
        return function

    return mark


def load_catalogue(text: str, where: str, names: Mapping[str, Any]) -> Catalogue:
    """Read a catalogue from its text.

    `names` are the functions and data of the reference notebook; the functions
    of the catalogue see them as their globals. Raises UserError, naming `where`.
    """
    namespace: dict[str, Any] = {**names, "__name__": "misconceptions"}
    try:
        tree = ast.parse(textwrap.dedent(text), filename=where)
        exec(compile(tree, where, "exec"), namespace)
    except Exception as error:
        raise UserError(f"{where}: cannot be read as a catalogue: {error}") from error
    nodes = _list_entries(tree)
    wrong, styles = [], []
    for name, node in nodes.items():
        function = namespace[name]
        marks = getattr(function, "__dict__", {})
        if details := marks.get(_WRONG):
            pasted = _paste(node, details["exercise"])
            wrong.append(
                Misconception(name=name, function=function, source=pasted, **details)
            )
        elif details := marks.get(_RIGHT):
            pasted = _paste(node, details["exercise"])
            styles.append(Style(name, details["exercise"], function, pasted))
    return Catalogue(tuple(wrong), tuple(styles))


def _list_entries(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """The functions and classes of a catalogue, by name."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name: node for node in tree.body if isinstance(node, kinds)}


def read_wrong_solutions(text: str) -> dict[str, str]:
    """The wrong solutions of a catalogue by name, as one would hand them in.

    Nothing of the catalogue is run. Empty if its text is no Python.
    """
    return _read_entries(text, "misconception")


def read_right_solutions(text: str) -> dict[str, str]:
    """The correct styles of a catalogue, as `read_wrong_solutions` reads the others."""
    return _read_entries(text, "style")


def _read_entries(text: str, decorator: str) -> dict[str, str]:
    tree = parse_code(text)
    return {
        name: _paste(node, exercise)
        for name, node in (_list_entries(tree) if tree else {}).items()
        if (exercise := _find_exercise(node, decorator))
    }


def _find_exercise(node: ast.FunctionDef | ast.ClassDef, decorator: str) -> str:
    """The exercise that an entry's decorator names; "" if it has another decorator."""
    for mark in node.decorator_list:
        match mark:
            case ast.Call(
                func=ast.Name(id=found), args=[ast.Constant(value=str(name))]
            ) if found == decorator:
                return name
    return ""


def _paste(node: ast.FunctionDef | ast.ClassDef, target: str) -> str:
    """The text of a function or class, under another name and without a docstring."""
    node.decorator_list = []
    node.name = target
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        node.body = node.body[1:]
    return ast.unparse(node)
