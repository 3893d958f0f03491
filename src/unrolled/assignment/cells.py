"""The cells of the notebooks that we make: what each is, and what it is worth."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

HIDDEN_BEGIN = "BEGIN HIDDEN TESTS"
HIDDEN_END = "END HIDDEN TESTS"
# What tells that a file is the instructor's.
LESSON_FILES = frozenset({"misconceptions.py", "oracle.py", "witness.py"})
_MARK = re.compile(r"[#=]+ *(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


Role = Literal[
    "prose",
    "given",
    "helper",  # given; checks take what it defines from the student's process
    "show",  # given; not run in grading unless somebody needs it
    "exercise",  # code that students fill in
    "check",
    "answer",  # written, and marked by hand
    "own",  # added by the student; only in a rebuilt notebook
    "spare",  # a given cell as the student has changed it; only in a rebuilt notebook
    "scheme",  # shown to markers before an answer; only in a graded notebook
]
_MARKS: tuple[tuple[str, Role], ...] = (
    ("spare", "spare"),  # a spare cell is marked as the student's own, too
    ("own", "own"),
    ("marking_scheme", "scheme"),
    ("show", "show"),
    ("helper", "helper"),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a notebook that we have made, read once.

    `index` is its place there, and `grade_id` its name for nbgrader, "" if it has none;
    `exercise` is the one that a check is for.
    """

    index: int
    id: str
    cell_type: str
    role: Role
    source: str
    grade_id: str
    graded: bool
    points: float
    exercise: str
    attachments: Mapping[str, Any]

    @property
    def is_solution(self) -> bool:
        """Whether students fill it in: code, or a written answer."""
        return self.role in ("exercise", "answer")

    @property
    def is_own(self) -> bool:
        """Whether the student has added it."""
        return self.role in ("own", "spare")

    @property
    def runs(self) -> bool:
        """Whether grading runs it in the student's process in any case."""
        mine = self.role in ("given", "helper", "exercise", "own")
        return mine and self.cell_type == "code"


def read_cells(notebook: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The cells of a source, released, rebuilt or graded notebook.

    Not those of a submitted one: its metadata says what the student wants it to say.
    """
    return tuple(_read_cell(i, cell) for i, cell in enumerate(notebook["cells"]))


def _read_cell(index: int, cell: Mapping[str, Any]) -> Cell:
    metadata = cell.get("metadata", {})
    nbgrader, ours = metadata.get("nbgrader", {}), metadata.get("unrolled", {})
    role: Role = "given" if cell["cell_type"] == "code" else "prose"
    role = next((role for mark, role in _MARKS if ours.get(mark)), role)
    if nbgrader.get("solution"):
        role = "exercise" if cell["cell_type"] == "code" else "answer"
    elif nbgrader.get("grade") and cell["cell_type"] == "code":
        role = "check"
    return Cell(
        index=index,
        id=cell.get("id", ""),
        cell_type=cell["cell_type"],
        role=role,
        source="".join(cell["source"]),  # a file may have it as a list of lines
        grade_id=nbgrader["grade_id"] if nbgrader else "",
        graded=bool(nbgrader.get("grade") or nbgrader.get("task")),
        points=float(nbgrader.get("points", 0.0)),
        exercise=ours.get("exercise", ""),
        attachments=cell.get("attachments", {}),
    )


def join_sources(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook with each cell's source as one text."""
    for cell in notebook["cells"]:
        if isinstance(cell["source"], list):
            cell["source"] = "".join(cell["source"])
    return notebook


def read_sources(cells: Iterable[Cell], role: Role) -> dict[str, str]:
    """The texts of the cells of a role, by grade id, in the order of the notebook."""
    return {cell.grade_id: cell.source for cell in cells if cell.role == role}


def parse_code(source: str) -> ast.Module | None:
    """The syntax tree of a text; None if it is no Python, or too deep to be read."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def find_defined_names(source: str) -> tuple[str, ...]:
    """Names that the top level of a cell defines; empty if it is no Python."""
    tree = parse_code(source)
    body = tree.body if tree else []
    return tuple(dict.fromkeys(n for node in body for n in _find_targets(node)))


def _find_targets(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def split_check(source: str) -> tuple[str, str]:
    """The visible and the hidden text of a check, line numbers kept."""
    visible, hidden, inside = [], [], False
    for line in source.split("\n"):
        if HIDDEN_BEGIN in line or HIDDEN_END in line:
            inside = HIDDEN_BEGIN in line
            line = ""
        visible.append("" if inside else line)
        hidden.append(line if inside else "")
    return "\n".join(visible), "\n".join(hidden)


def find_answers(name: str, text: str) -> str:
    """What of a file is not for students, in words; "" if nothing is."""
    mark = _MARK.search(text)
    if mark is not None:
        return repr(mark[0])
    return "what the checks expect" if name in LESSON_FILES else ""


def normalize_text(text: str) -> str:
    """A text for comparing: blanks at the ends of lines do not count."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()
