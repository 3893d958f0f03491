"""Code without what is quickly changed: comments, names, prints, the form of a loop.

Two views of the same code are compared. As *written*, statement by statement: that is
a hand. By its *meaning*: values that are used once stand where they are used, a loop
over `range` is a `while`, and sums and products have no order. Who splits statements
or swaps operands changes the first and leaves the second.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def drop_noise(tree: ast.Module) -> None:
    """Take out docstrings, prints, `pass`, and other statements that do nothing."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                setattr(node, field, [s for s in body if not _is_noise(s)])


def _is_noise(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
        case ast.AnnAssign(value=None):
            return True
    return False


def reduce_to_meaning(tree: ast.Module) -> None:
    """Bring statements into one form, whatever way they were written in."""
    _Plainer().visit(tree)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, functions):
            _inline_singles(node)


class _Plainer(ast.NodeTransformer):
    """`for i in range(n)` as `while`, `x += y` as `x = x + y`, `a, b = c, d` as two."""

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        match node:
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=[*bounds], keywords=[]),
                orelse=[],
            ) if 1 <= len(bounds) <= 2:
                return _make_while(node, name, bounds)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name):
            return node
        old = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        value = ast.copy_location(ast.BinOp(old, node.op, node.value), node)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return node
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        match node:
            case ast.Assign(
                targets=[ast.Tuple(elts=left)], value=ast.Tuple(elts=right)
            ) if len(left) == len(right):
                pairs = zip(left, right, strict=True)
                return [ast.copy_location(ast.Assign([t], v), node) for t, v in pairs]
        return node


def _make_while(node: ast.For, name: str, bounds: list[ast.expr]) -> list[ast.stmt]:
    """A count from the first bound, or 0, up to the last."""

    def load() -> ast.expr:
        return ast.copy_location(ast.Name(name, ast.Load()), node.target)

    begin = bounds[0] if len(bounds) == 2 else ast.Constant(0)
    one = ast.BinOp(load(), ast.Add(), ast.Constant(1))
    test = ast.Compare(load(), [ast.Lt()], [bounds[-1]])
    made = [
        ast.Assign([ast.Name(name, ast.Store())], begin),
        ast.While(
            test, [*node.body, ast.Assign([ast.Name(name, ast.Store())], one)], []
        ),
    ]
    located = (ast.copy_location(statement, node) for statement in made)
    return [ast.fix_missing_locations(statement) for statement in located]


def _inline_singles(function: ast.AST) -> None:
    """Put each value that has a name for one use only in the place of that use."""
    stored: Counter[str] = Counter()
    loaded: Counter[str] = Counter()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            (loaded if isinstance(node.ctx, ast.Load) else stored)[node.id] += 1
        elif isinstance(node, ast.arg):
            stored[node.arg] += 1
    singles = {n for n, times in stored.items() if times == 1 and loaded[n] == 1}
    if singles:
        _Inliner(singles).visit(function)


class _Inliner(ast.NodeTransformer):
    """Keeps the values of `singles` and puts them where their names are read."""

    def __init__(self, singles: set[str]) -> None:
        self.singles = singles
        self.values: dict[str, ast.expr] = {}

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        match node.targets:
            case [ast.Name(id=name)] if name in self.singles:
                self.values[name] = node.value
                return None
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.values:
            return self.values.pop(node.id)
        return node


def find_own_names(tree: ast.Module, fixed: Sequence[str]) -> frozenset[str]:
    """The names that the student chose: of variables, arguments, helpers, attributes.

    An attribute has a dot before it. `fixed` are those that the exercise asks for.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Attribute(attr=attribute, ctx=ast.Store()):
                names.add(f".{attribute}")
            case ast.ExceptHandler(name=str(name)):
                names.add(name)
    return frozenset(names - set(fixed))
