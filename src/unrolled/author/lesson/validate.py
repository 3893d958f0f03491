"""What must hold of a lesson text, cell by cell and as a whole."""

from __future__ import annotations

import ast
import re

from unrolled.author.lesson.model import MAX_WIDTH, TOTAL_POINTS, LessonCell, Problems

SCHEME = "**Marking scheme**"
_MARKS = re.compile(r"^- (\d+(?:\.\d+)?) points?\b", re.MULTILINE)


def check_cell(cell: LessonCell, problems: Problems) -> None:
    """Note what is wrong with one cell by itself."""
    if cell.kind == "code":
        _check_code(cell, problems)
    begin, end = _find_region(cell, "HIDDEN TESTS", problems)
    if begin and cell.role != "check":
        where = cell.line + begin
        problems.add(where, "BEGIN HIDDEN TESTS", "only a check may have hidden tests")
    if begin and end and cell.role == "check":
        _check_boundary(cell, begin, end, problems)
    begin, _ = _find_region(cell, "SOLUTION", problems)
    if cell.role == "exercise" and not begin:
        problems.add(cell.line, "exercise", f"{cell.name}: a stub without a solution")
    if begin and cell.role != "exercise":
        problems.add(cell.line + begin, "BEGIN SOLUTION", "only in an exercise cell")
    if cell.role == "check" and cell.exercise is None:
        problems.add(cell.line, "check", f"{cell.name}: no exercise stands before it")
    if cell.role == "answer":
        _check_answer(cell, problems)


def _find_region(cell: LessonCell, what: str, problems: Problems) -> tuple[int, int]:
    """Line offsets of the one region BEGIN ... END in a cell; 0 where missing."""
    begins, ends = [], []
    for number, line in enumerate(cell.source.split("\n"), 1):
        if f"BEGIN {what}" in line:
            begins.append(number)
        elif f"END {what}" in line:
            ends.append(number)
    begin, end = (begins or [0])[0], (ends or [0])[0]
    if len(begins) > 1:
        problems.add(cell.line + begins[-1], f"BEGIN {what}", "one region a cell")
    elif len(ends) > 1:
        problems.add(cell.line + ends[-1], f"END {what}", "one region a cell")
    elif begin and not end:
        problems.add(cell.line + begin, f"BEGIN {what}", f"no END {what} follows")
    elif (end and not begin) or end < begin:
        problems.add(cell.line + end, f"END {what}", f"no BEGIN {what} before it")
    return begin, end


def _check_code(cell: LessonCell, problems: Problems) -> None:
    for number, line in enumerate(cell.source.split("\n"), 1):
        if len(line) > MAX_WIDTH:
            problems.add(cell.line + number, cell.role, f"over {MAX_WIDTH} columns")
    if "%" in cell.source and re.search(r"^[%!]", cell.source, re.MULTILINE):
        return
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        at = cell.line + (error.lineno or 0)
        problems.add(at, cell.role, f"not Python: {error.msg}")


def _check_boundary(cell: LessonCell, begin: int, end: int, problems: Problems) -> None:
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return
    for node in body:
        last = node.end_lineno or node.lineno
        if node.lineno < begin < last or node.lineno < end < last:
            line = cell.line + node.lineno
            problems.add(line, "hidden tests", "cut through a statement")


def _check_answer(cell: LessonCell, problems: Problems) -> None:
    if SCHEME not in cell.source:
        problems.add(cell.line, "answer", f"{cell.name}: no line {SCHEME}")
        return
    total = sum(float(m) for m in _MARKS.findall(cell.source.split(SCHEME, 1)[1]))
    if total != cell.points:
        problems.add(
            cell.line,
            "answer",
            f"{cell.name}: the marking scheme's bullets (`- 2 points: ...`) give "
            f"{total:g}, the marker says {cell.points or 0:g}",
        )


def check_lesson(cells: tuple[LessonCell, ...], problems: Problems) -> None:
    """Note names that are used twice, and a sum of points that is not 100."""
    seen: dict[str, int] = {}
    for cell in cells:
        if cell.name is not None and cell.name in seen:
            first = seen[cell.name]
            problems.add(cell.line, cell.role, f"{cell.name} is taken by line {first}")
        elif cell.name is not None:
            seen[cell.name] = cell.line
    total = sum(c.points or 0.0 for c in cells)
    if total != TOTAL_POINTS:
        line = cells[-1].line if cells else 1
        problems.add(line, "points", f"sum to {total:g}, must be {TOTAL_POINTS:g}")
