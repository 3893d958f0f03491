"""The rules of form that a script can hold: lengths, calls, dataclasses, expressions.

CONTRIBUTING.md says what they are for. Each finding says where and what to do; LEFT has
those that are still to be mended, by their keys, and may only shrink.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from figures import POSITIONAL
from imports import Tree, show_path

LONGEST_FUNCTION, LONGEST_FILE, MEDIAN = 40, 400, 10
FEW_FIELDS = 4
LEFT = frozenset(
    Path(__file__).with_name("form_left.txt").read_text(encoding="utf-8").splitlines()
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that breaks a rule of form."""

    rule: str
    file: str
    line: int
    name: str  # of the function or class, or the code itself where there is none
    advice: str

    @property
    def key(self) -> str:
        """What LEFT calls it: lines move, names stay."""
        return f"{self.rule}: {self.file} {self.name}"

    def __str__(self) -> str:
        """The finding, as an editor opens it."""
        return f"{self.file}:{self.line}: {self.rule}, {self.name}. {self.advice}"


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the functions and classes of the tree are called, and what they take."""

    functions: frozenset[str]  # also classes: calling one calls its __init__
    wide: frozenset[str] = field(default_factory=frozenset)  # five or more in a row


def find_faults(tree: Tree) -> list[Finding]:
    """All that breaks a rule in a source tree."""
    sources = {show_path(p): p.read_text(encoding="utf-8") for p in _list_files(tree)}
    syntaxes = {file: ast.parse(text, file) for file, text in sources.items()}
    names = _collect_names(list(syntaxes.values()))
    found: list[Finding] = []
    for file, syntax in syntaxes.items():
        found += _check_file(file, len(sources[file].splitlines()))
        own = replace(names, functions=names.functions - _find_foreign(syntax, tree))
        for owner, node in _walk(syntax):
            found += _check_node(node, file, owner, own)
    return found


def measure_median(tree: Tree) -> float:
    """The median length of the tree's functions, in lines."""
    syntaxes = [ast.parse(p.read_text(encoding="utf-8")) for p in _list_files(tree)]
    nodes = (node for syntax in syntaxes for node in ast.walk(syntax))
    return statistics.median(_count_lines(n) for n in nodes if isinstance(n, Function))


def _list_files(tree: Tree) -> list[Path]:
    return list(tree.modules.values())


def _collect_names(syntaxes: list[ast.Module]) -> Names:
    """The names of all functions and classes, and those with many parameters."""
    nodes = [node for syntax in syntaxes for node in ast.walk(syntax)]
    # Who takes any number of values, as a system call does, wants them in a row.
    functions = [n for n in nodes if isinstance(n, Function) and not n.args.vararg]
    wide = {f.name for f in functions if len(f.args.args) >= POSITIONAL}
    classes = {n.name for n in nodes if isinstance(n, ast.ClassDef)}
    known = classes | {f.name for f in functions}
    return Names(functions=frozenset(known), wide=frozenset(wide))


def _find_foreign(syntax: ast.Module, tree: Tree) -> set[str]:
    """The names that a file takes from other packages: those are not ours to call."""
    return {
        alias.asname or alias.name
        for node in ast.walk(syntax)
        if isinstance(node, ast.ImportFrom) and not node.level
        if not (node.module or "").startswith(tree.name)
        for alias in node.names
    }


def _walk(node: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node with the name of the function or class that holds it."""
    for child in ast.iter_child_nodes(node):
        name = owner
        if isinstance(child, Function | ast.ClassDef):
            name = f"{owner}.{child.name}".strip(".")
        yield name, child
        yield from _walk(child, name)


def _check_file(file: str, lines: int) -> Iterator[Finding]:
    if lines > LONGEST_FILE:
        advice = f"{lines} lines, and at most {LONGEST_FILE} are read as one whole."
        yield Finding(rule="long file", file=file, line=1, name="", advice=advice)


def _check_node(
    node: ast.AST, file: str, owner: str, names: Names
) -> Iterator[Finding]:
    """What is wrong with one node: a rule, and what to do."""
    for rule, advice in _list_rules(node, names):
        line = getattr(node, "lineno", 0)
        where = owner or ast.unparse(node)[:60]
        yield Finding(rule=rule, file=file, line=line, name=where, advice=advice)


def _list_rules(node: ast.AST, names: Names) -> Iterator[tuple[str, str]]:
    """The rules that a node breaks, each with what to do."""
    if isinstance(node, Function) and (lines := _count_lines(node)) > LONGEST_FUNCTION:
        yield "long function", f"{lines} lines: give a part of it a name of its own."
    if isinstance(node, ast.ClassDef) and _is_wide_dataclass(node):
        yield "wide dataclass", f"More than {FEW_FIELDS} fields want kw_only=True."
    if isinstance(node, ast.Call) and _is_long_call(node, names):
        yield "long call", f"{len(node.args)} arguments in a row: name them."
    if isinstance(node, ast.Starred) and isinstance(node.value, ast.Tuple | ast.List):
        yield "literal splat", "Write the elements themselves, without *( )."
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.IfExp):
        yield "conditional statement", "Write if and else."


def _count_lines(node: Function) -> int:
    """How long a function is, from its `def` on, docstring and all."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_wide_dataclass(node: ast.ClassDef) -> bool:
    """Does its __init__ take more than a few values by their place?"""
    decorators = [ast.unparse(d) for d in node.decorator_list]
    is_open = any("dataclass" in d and "kw_only=True" not in d for d in decorators)
    fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
    return is_open and sum(not _is_set_inside(n) for n in fields) > FEW_FIELDS


def _is_set_inside(node: ast.AnnAssign) -> bool:
    """Is it a field that no caller gives: init=False, or of the class itself?"""
    value = ast.unparse(node.value) if node.value else ""
    return "init=False" in value or "ClassVar" in ast.unparse(node.annotation)


def _is_long_call(node: ast.Call, names: Names) -> bool:
    """Is it a call of a function of ours with many arguments by their place?

    A method is known by its name only; it is ours if one of ours takes as many.
    """
    if len(node.args) < POSITIONAL:
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in names.wide
    return isinstance(node.func, ast.Name) and node.func.id in names.functions
