"""The pairs without names, to be shown to others."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import replace

from unrolled.assignment.cells import parse_code
from unrolled.similar.model import (
    Author,
    Excerpt,
    LeftOut,
    Pair,
    SharedPart,
    SimilarReport,
)


def hide_pair_names(report: SimilarReport) -> SimilarReport:
    """The report with numbers for names, and no comments and texts in code.

    Code is written anew from its syntax tree; what is no Python, and written answers,
    are left out: a name may stand anywhere in them. The numbers follow neither the
    alphabet nor the scores.
    """
    hider = _Hider(report)
    return replace(
        report,
        nameless=True,
        pairs=tuple(hider.hide_pair(pair) for pair in report.pairs),
        left_out=tuple(
            LeftOut(author=hider.hide(one.author), reason="") for one in report.left_out
        ),
    )


class _Hider:
    """Gives everybody in a report a number."""

    def __init__(self, report: SimilarReport) -> None:
        in_pairs = {a for pair in report.pairs for a in (pair.first, pair.second)}
        authors = in_pairs | {one.author for one in report.left_out}
        salt = report.assignment

        def scramble(author: Author) -> bytes:
            text = f"{salt}\0{author.term}\0{author.student}"
            return hashlib.sha256(text.encode()).digest()

        order = sorted(authors, key=scramble)
        self.numbers = {author: n for n, author in enumerate(order, 1)}
        self.digits = len(str(len(order)))

    def hide(self, author: Author) -> Author:
        name = f"Student {self.numbers[author]:0{self.digits}}"
        term = "an earlier term" if author.term else ""
        return Author(student=name, name=name, term=term)

    def hide_pair(self, pair: Pair) -> Pair:
        return replace(
            pair,
            first=self.hide(pair.first),
            second=self.hide(pair.second),
            parts=tuple(map(_hide_part, pair.parts)),
        )


def _hide_part(part: SharedPart) -> SharedPart:
    first, second = _hide_text(part, part.first), _hide_text(part, part.second)
    return replace(part, first=first, second=second)


def _hide_text(part: SharedPart, excerpt: Excerpt) -> Excerpt:
    """Code without comments and texts; the marks are gone, since its lines move."""
    tree = parse_code(excerpt.text) if part.kind != "text" else None
    if tree is None:
        return Excerpt(text="")
    try:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                node.value, node.kind = "...", None
        return Excerpt(text=ast.unparse(tree))
    except RecursionError:
        return Excerpt(text="")
