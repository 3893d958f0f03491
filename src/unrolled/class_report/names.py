"""Reports without names, to be shown in class."""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import replace

from unrolled.class_report.model import (
    ClassReport,
    Mistake,
    Sample,
    StudentLine,
    TermReport,
)


def hide_names(report: ClassReport) -> ClassReport:
    """The report with numbers for students, no reasons, and no comments in code.

    The numbers follow neither the alphabet nor the scores.
    """
    alias = _make_aliases((s.student for s in report.students), report.assignment)
    return replace(
        report,
        nameless=True,
        mistakes=tuple(_hide_mistake(m, alias) for m in report.mistakes),
        unexplained=tuple(_hide_mistake(m, alias) for m in report.unexplained),
        students=tuple(
            sorted(
                (_hide_line(s, alias) for s in report.students), key=lambda s: s.student
            )
        ),
    )


def hide_term_names(report: TermReport) -> TermReport:
    """The term with numbers for students; they differ from those of an assignment."""
    alias = _make_aliases((s.student for s in report.students), report.course)
    hidden = (
        replace(s, student=alias(s.student), name=alias(s.student))
        for s in report.students
    )
    students = tuple(sorted(hidden, key=lambda s: s.student))
    return replace(report, students=students, nameless=True)


def _make_aliases(students: Iterable[str], salt: str) -> Callable[[str], str]:
    def scramble(student: str) -> bytes:
        return hashlib.sha256(f"{salt}\0{student}".encode()).digest()

    order = sorted(students, key=scramble)
    digits = len(str(len(order)))
    numbers = {s: f"Student {n:0{digits}}" for n, s in enumerate(order, 1)}
    return numbers.__getitem__


def _hide_line(line: StudentLine, alias: Callable[[str], str]) -> StudentLine:
    hidden = alias(line.student)
    return replace(line, student=hidden, name=hidden, reason="", handed_in="")


def _hide_mistake(mistake: Mistake, alias: Callable[[str], str]) -> Mistake:
    return replace(
        mistake,
        students=tuple(sorted(alias(s) for s in mistake.students)),
        samples=tuple(
            Sample(student=alias(s.student), code=remove_comments(s.code))
            for s in mistake.samples
        ),
    )


def remove_comments(code: str) -> str:
    """The code without its comments; "" if it is no Python, where one cannot tell."""
    lines = code.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return ""
    for token in reversed(tokens):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    return "".join(lines)
