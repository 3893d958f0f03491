"""Which names a cell binds and needs, read from its text: nothing of it is run."""

from __future__ import annotations

import ast
import dis
import re
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

_WORD = re.compile(r"[^\W\d]\w*")
_MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.]+\?+[ \t]*)$", re.MULTILINE)
_BY_TEXT = frozenset({"eval", "exec", "globals", "locals", "vars", "get_ipython"})
_AT_ONCE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_ACTIVE = (
    *(ast.Call, ast.Await, ast.AugAssign, ast.Starred, ast.With, ast.AsyncWith),
    *(ast.For, ast.AsyncFor, ast.comprehension, ast.YieldFrom, ast.Yield),
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


@lru_cache(maxsize=4096)
def cell_names(source: str) -> CellNames:
    """The names of a cell; of text that is no Python, all words count as read.

    Lines for IPython (`%time f(x)`, `!ls`) are left out, and their words read.
    """
    found = _read(source)
    if found is not None:
        return found
    magics = " ".join(m.group() for m in _MAGIC.finditer(source))
    found = _read(_MAGIC.sub(r"\1pass", source))
    if found is None:  # it may be for IPython; else it does not run at all
        return CellNames(now=_words(source), quiet=not re.search("[%!]", source))
    return replace(found, now=found.now | _words(magics), quiet=False)


def syntax_error(source: str) -> SyntaxError | None:
    """What is wrong with a cell that is no Python, lines for IPython left aside."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = _MAGIC.sub(r"\1pass", source)
            compile(text, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _read(source: str) -> CellNames | None:
    """The names of Python code; None if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            code = compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        found = _Found()
        found.read(code)
        quiet = not any(map(_acts, _run_at_once(tree)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    words = _words(source)
    by_text = words if words & _BY_TEXT else frozenset()
    binds, now, late = map(frozenset, (found.binds, found.now, found.late))
    return CellNames(binds, now | by_text, late, quiet)


@dataclass
class _Found:
    """Reads byte code, which stands in the order in which it is run."""

    binds: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    def read(self, code: types.CodeType) -> None:
        """The top level of a cell."""
        for do in dis.get_instructions(code):
            if do.opname.startswith(("STORE_NAME", "STORE_GLOBAL")):
                self.binds.add(str(do.argval))
            elif do.opname.startswith(("LOAD_NAME", "LOAD_GLOBAL")):
                self.now |= {str(do.argval)} - self.binds
            elif isinstance(do.argval, types.CodeType):
                self._read_inner(do.argval)

    def _read_inner(self, code: types.CodeType) -> None:
        """A function is run later; a class body and a comprehension are run now."""
        function = bool(code.co_flags & _OPTIMIZED) and code.co_name not in _AT_ONCE
        own: set[str] = set()
        for do in dis.get_instructions(code):
            if do.opname.startswith(("LOAD_NAME", "LOAD_GLOBAL")):
                if function:
                    self.late.add(str(do.argval))
                else:
                    self.now |= {str(do.argval)} - self.binds - own
            elif do.opname.startswith("STORE_NAME"):
                own.add(str(do.argval))
            elif isinstance(do.argval, types.CodeType):
                self._read_inner(do.argval)


_OPTIMIZED = 1  # CO_OPTIMIZED: the code of a function, not of a class body


def _run_at_once(tree: ast.AST) -> Iterator[ast.AST]:
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


def _acts(node: ast.AST) -> bool:
    """Whether a node can change more than the names of the notebook."""
    if getattr(node, "decorator_list", []):
        return True
    if isinstance(node, ast.Attribute | ast.Subscript):
        return not isinstance(node.ctx, ast.Load)
    return isinstance(node, _ACTIVE)
