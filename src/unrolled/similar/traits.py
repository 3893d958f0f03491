"""Traits of a text: small pieces of it, by which it is compared with others.

Of code they are the subtrees of its syntax tree, of statements and of expressions, and
neighbouring statements; of an answer, four words in a row. Names that the student chose
are numbered in the order in which a piece mentions them, so that another name changes
nothing, but two variables in each other's place do.

The tree is Python's own (`ast`). Fingerprints of token windows (winnowing, as in MOSS
and copydetect) need no tree, but an exercise here has five lines: a window that is
short enough for it finds the same everywhere.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from unrolled.assignment.cells import parse_code
from unrolled.similar.syntax import drop_noise, find_own_names, reduce_to_meaning

MAX_TEXT = 20_000  # characters of a cell that are compared: hundreds of lines
MIN_SIZE, MAX_SIZE = 6, 250  # nodes of a piece; smaller ones are everywhere
WORDS = 4
TOKENS = 8

# By the trait, the numbers of the first and the last line where it stands.
Traits = Mapping[int, tuple[int, int]]
# Of code: as it is written, and its meaning (syntax.py); of an answer: its words.
Views = tuple[Traits, ...]
_SKIPPED = frozenset(
    {"ctx", "annotation", "returns", "type_comment", "type_params", "kind"}
)
_TOKEN = re.compile(r"\.?\w+|[^\w\s]")
_WORD = re.compile(r"\w+")


def read_code_views(source: str, fixed: Sequence[str] = ()) -> Views:
    """The traits of code; of what is no Python, or too deep for it, by its tokens.

    `fixed` are the names that the exercise asks for.
    """
    text = source[:MAX_TEXT]
    tree = parse_code(text)
    if tree is not None:
        try:
            return _read_tree(tree, fixed)
        except RecursionError:  # a tree that can be parsed may still be deep
            pass
    traits = dict(_read_tokens(text))
    return traits, traits


def read_text_views(text: str) -> Views:
    """The traits of a written answer: its words, four in a row."""
    lines = text[:MAX_TEXT].lower().splitlines()
    words = [(w, n) for n, line in enumerate(lines, 1) for w in _WORD.findall(line)]
    traits = {
        hash(tuple(word for word, _ in few)): (few[0][1], few[-1][1])
        for few in _slide(words, WORDS)
    }
    return (traits,)


def _read_tree(tree: ast.Module, fixed: Sequence[str]) -> Views:
    drop_noise(tree)
    own = find_own_names(tree, fixed)
    written = _Flattener(own)
    written.flatten(tree)
    reduce_to_meaning(tree)
    meaning = _Flattener(own, sort_terms=True)
    meaning.flatten(tree)
    return written.traits, meaning.traits


def _read_tokens(text: str) -> Iterator[tuple[int, tuple[int, int]]]:
    tokens = [
        (token, number)
        for number, line in enumerate(text.splitlines(), 1)
        for token in _TOKEN.findall(line.split("#")[0])
    ]
    for few in _slide(tokens, TOKENS):
        words = (_mark_own(token) for token, _ in few)
        yield hash(_number_names(words)), (few[0][1], few[-1][1])


def _mark_own(token: str) -> str | tuple[str]:
    """A name that the student may have chosen is put into a tuple."""
    return (token,) if token.isidentifier() and not keyword.iskeyword(token) else token


def _slide(
    items: Sequence[tuple[str, int]], width: int
) -> Iterator[Sequence[tuple[str, int]]]:
    return (items[i : i + width] for i in range(len(items) - width + 1))


_Token = str | tuple[str]  # a tuple holds a name that the student chose


def _number_names(tokens: Iterable[_Token]) -> tuple[str | int, ...]:
    """Names of the student's as numbers, in the order in which they come."""
    numbers: dict[_Token, int] = {}
    return tuple(
        token if isinstance(token, str) else numbers.setdefault(token, len(numbers))
        for token in tokens
    )


class _Flattener:
    """Writes a tree as a row of tokens, and gathers the traits on the way."""

    def __init__(self, own: frozenset[str], *, sort_terms: bool = False) -> None:
        self.own = own
        self.sort_terms = sort_terms
        self.traits: dict[int, tuple[int, int]] = {}

    def flatten(self, node: ast.AST) -> list[_Token]:
        tokens = self._flatten_sum(node) or self._flatten_plain(node)
        if isinstance(node, ast.stmt | ast.expr):
            self._add(tokens, node, node)
        return tokens

    def _add(self, tokens: Sequence[_Token], first: ast.AST, last: ast.AST) -> None:
        if MIN_SIZE <= len(tokens) <= MAX_SIZE and hasattr(first, "lineno"):
            trait = hash(_number_names(tokens))
            end = getattr(last, "end_lineno", None) or first.lineno
            self.traits.setdefault(trait, (first.lineno, max(first.lineno, end)))

    def _flatten_plain(self, node: ast.AST) -> list[_Token]:
        tokens: list[_Token] = [type(node).__name__]
        for field, value in ast.iter_fields(node):
            if field in _SKIPPED:
                continue
            if isinstance(value, list):
                tokens += self._flatten_list(value)
            else:
                tokens += self._flatten_value(field, value)
        return tokens

    def _flatten_list(self, items: list[object]) -> list[_Token]:
        rows = [self._flatten_value("", item) for item in items]
        statements = zip(items, items[1:], rows, rows[1:], strict=False)
        for first, second, tokens, more in statements:
            if isinstance(first, ast.stmt) and isinstance(second, ast.stmt):
                self._add(["then", *tokens, *more], first, second)
        return [f"[{len(items)}", *(token for row in rows for token in row)]

    def _flatten_value(self, field: str, value: object) -> list[_Token]:
        if isinstance(value, ast.AST):
            return self.flatten(value)
        if value is None:
            return []
        if not isinstance(value, str) or field == "value":  # a constant
            return [repr(value)[:80]]
        name = f".{value}" if field == "attr" else value
        return [(name,) if name in self.own else name]

    def _flatten_sum(self, node: ast.AST) -> list[_Token]:
        """The terms of a sum or a product in an order of their own; else nothing."""
        match node:
            case ast.BinOp(op=ast.Add() | ast.Mult() as op) if self.sort_terms:
                terms = [self.flatten(t) for t in _list_terms(node, type(op))]
                terms.sort(key=lambda term: list(map(_blind, term)))
                joined = [token for term in terms for token in term]
                return [f"{type(op).__name__}[{len(terms)}", *joined]
        return []


def _blind(token: _Token) -> str:
    return token if isinstance(token, str) else ""


def _list_terms(node: ast.expr, kind: type[ast.operator]) -> list[ast.expr]:
    """The terms of nested sums, or the factors of nested products, from the left."""
    terms: list[ast.expr] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, kind):
            waiting += [one.right, one.left]
        else:
            terms.append(one)
    return terms
