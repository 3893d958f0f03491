"""Which names a cell binds and needs, read from its text: nothing of it is run.

Nor is it compiled: byte code of nested `finally` doubles with each level, and the text
is a student's.
"""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

_WORD = re.compile(r"[^\W\d]\w*")
_MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.]+\?+[ \t]*)$", re.MULTILINE)
_BY_TEXT = frozenset({"eval", "exec", "globals", "locals", "vars", "get_ipython"})
_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# What may run code of others: a call, an iterator, a context manager, an operator.
_ACTIVE = (
    ast.Call,
    ast.Await,
    ast.AugAssign,
    ast.Starred,
    ast.With,
    ast.AsyncWith,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.YieldFrom,
    ast.Yield,
)


@dataclass(frozen=True)
class CellNames:
    """What a cell has to do with the names of its notebook.

    `binds` are the names that it gives a value, `now` those that it reads before it
    has bound them itself, and `late` those that its functions read when they are
    called. A `quiet` cell binds names, and changes nothing else.
    """

    binds: frozenset[str] = frozenset()
    now: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    quiet: bool = False

    @property
    def from_above(self) -> frozenset[str]:
        """The names that cells above must have made, if any cell has."""
        return self.now | (self.late - self.binds)


def read_cell_names(source: str) -> CellNames:
    """The names of a cell; of text that is no Python, all words count as read.

    Lines for IPython (`%time f(x)`, `!ls`) are left out, and their words read.
    """
    found = _parse_names(source)
    if found is not None:
        return found
    magics = " ".join(m.group() for m in _MAGIC.finditer(source))
    found = _parse_names(_MAGIC.sub(r"\1pass", source))
    if found is None:  # it may be for IPython; else it does not run at all
        return CellNames(now=_find_words(source), quiet=not re.search("[%!]", source))
    return replace(found, now=found.now | _find_words(magics), quiet=False)


def find_syntax_error(source: str) -> SyntaxError | None:
    """What is wrong with a cell that is no Python, lines for IPython left aside."""
    try:
        with _ignore_warnings():
            symtable.symtable(_MAGIC.sub(r"\1pass", source), "<cell>", "exec")
    except SyntaxError as error:
        return error
    except _UNREADABLE:
        return None
    return None


@contextmanager
def _ignore_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _find_words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _parse_names(source: str) -> CellNames | None:
    """The names of Python code; None if it is none."""
    try:
        with _ignore_warnings():
            tree = ast.parse(source)
            table = symtable.symtable(source, "<cell>", "exec")
        found = _NameVisitor()
        found.visit(tree)
        late = frozenset(_list_late_globals(table))
        made = _find_new_containers(tree)
        quiet = not any(
            _has_side_effects(node, made) for node in _walk_outside_functions(tree)
        )
    except _UNREADABLE:
        return None
    words = _find_words(source)
    by_text = words if words & _BY_TEXT else frozenset()
    return CellNames(
        frozenset(found.binds), frozenset(found.now) | by_text, late, quiet
    )


def _list_late_globals(table: symtable.SymbolTable) -> Iterator[str]:
    """The globals that functions read; comprehensions are run at once."""
    for inner in table.get_children():
        later = inner.get_type() != "class" and inner.get_name() not in _COMPREHENSIONS
        yield from _list_globals(inner) if later else _list_late_globals(inner)


def _list_globals(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _list_globals(inner)


@dataclass
class _NameVisitor(ast.NodeVisitor):
    """Follows a cell in the order in which it is run; function bodies are not.

    `inner` holds the names of the class bodies and comprehensions it is in.
    """

    binds: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)
    inner: list[set[str]] = field(default_factory=list)

    def _bind(self, name: str | None) -> None:
        if name is not None:
            (self.inner[-1] if self.inner else self.binds).add(name)

    def _visit_all(self, *nodes: ast.AST | None) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """A name is read, or bound."""
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        elif isinstance(node.ctx, ast.Load):
            self._record_read(node.id)

    def _record_read(self, name: str) -> None:
        if not any(name in names for names in (self.binds, *self.inner)):
            self.now.add(name)

    def visit_Assign(self, node: ast.Assign) -> None:
        """The value comes first."""
        self._visit_all(node.value, *node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """The target is read, too."""
        if isinstance(node.target, ast.Name):
            self._record_read(node.target.id)
        self._visit_all(node.value, node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Without a value nothing is bound."""
        self._visit_all(node.annotation)
        if node.value is not None:
            self._visit_all(node.value, node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """The value comes first."""
        self._visit_all(node.value, node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """What is iterated over comes first."""
        self._visit_all(node.iter, node.target, *node.body, *node.orelse)

    visit_AsyncFor = visit_For

    def visit_alias(self, node: ast.alias) -> None:
        """An import binds a module, or a name of it."""
        self._bind((node.asname or node.name).split(".")[0])

    def visit_ExceptHandler(
        self, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar
    ) -> None:
        """The exception has a name while it is handled; parts of a pattern may have."""
        self._bind(node.name)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = visit_ExceptHandler

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """The rest of a pattern has a name."""
        self._bind(node.rest)
        self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its defaults are read now, its body is not."""
        self._visit_all(*node.args.defaults, *node.args.kw_defaults)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Decorators, defaults and annotations are read now, its body is not."""
        self._visit_all(*node.decorator_list, node.args, node.returns)
        self._bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class body is run now, with names of its own."""
        self._visit_all(*node.decorator_list, *node.bases, *node.keywords)
        self.inner.append(set())
        self._visit_all(*node.body)
        self.inner.pop()
        self._bind(node.name)

    def visit_DictComp(
        self, node: ast.DictComp | ast.ListComp | ast.SetComp | ast.GeneratorExp
    ) -> None:
        """A comprehension is run now, with names of its own."""
        self.inner.append(set())
        for part in node.generators:
            self._visit_all(part.iter, part.target, *part.ifs)
        results = (
            [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        )
        self._visit_all(*results)
        self.inner.pop()

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp


def _walk_outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those of function bodies."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name, inner in ast.iter_fields(node):
            if isinstance(node, _FUNCTIONS) and name == "body":
                continue
            parts = inner if isinstance(inner, list) else [inner]
            waiting += [part for part in parts if isinstance(part, ast.AST)]


def _find_new_containers(tree: ast.Module) -> dict[str, int]:
    """Containers that are written out in the cell, with the lines that make them."""
    bound = Counter(
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_stored(n)
    )
    return {
        target.id: node.lineno
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict | ast.List | ast.Set)
        for target in node.targets
        if isinstance(target, ast.Name) and bound[target.id] == 1
    }


def _is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _has_side_effects(node: ast.AST, made: dict[str, int]) -> bool:
    """Whether a node can change more than the names of the notebook.

    What the cell itself has `made` above, nothing else stands on yet.
    """
    if getattr(node, "decorator_list", []):
        return True
    if isinstance(node, ast.Attribute | ast.Subscript):
        here = isinstance(node.value, ast.Name) and made.get(node.value.id, 10**9)
        return _is_stored(node) and not (here and here < node.lineno)
    return isinstance(node, _ACTIVE)
