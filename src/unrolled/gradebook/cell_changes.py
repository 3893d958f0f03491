"""Checks and questions that were added, renamed or dropped after grading.

nbgrader can't change the cells of an assignment that has submissions. Here it is shown
first what would change; marks, scores and comments of all other cells stay, those of a
renamed cell go with it, and those of a dropped one are kept in a file.
"""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path
from typing import Any

from nbgrader import api

from unrolled.assignment import Cell, read_cells
from unrolled.assignment.cells import normalize_text
from unrolled.course import Assignment, Course
from unrolled.errors import UserError
from unrolled.files import make_stamp, write_file
from unrolled.gradebook.open import has_gradebook, open_gradebook

MIN_SIMILARITY = 0.9  # how much of its text a renamed cell has kept
Kind = str  # "grade" or "solution", as nbgrader has a row for each
_KINDS: Mapping[Kind, type[api.BaseCell]] = {
    "grade": api.GradeCell,
    "solution": api.SolutionCell,
}


@dataclass(frozen=True, kw_only=True)
class RecordCounts:
    """What the gradebook holds of a cell that goes: how many of each."""

    scores: int = 0
    marks: int = 0
    comments: int = 0

    def __str__(self) -> str:
        numbers = asdict(self).items()
        parts = [f"{n} {many[:-1] if n == 1 else many}" for many, n in numbers]
        return f"{parts[0]}, {parts[1]} by hand and {parts[2]}"


@dataclass(frozen=True, kw_only=True)
class CellChanges:
    """What would change in the gradebook; `renamed` are recognised, or `requested`."""

    assignment: str
    submissions: int
    renamed: Mapping[str, str] = field(default_factory=dict)
    requested: frozenset[str] = frozenset()
    added: frozenset[tuple[str, Kind]] = frozenset()
    dropped: frozenset[tuple[str, Kind]] = frozenset()
    lost: Mapping[str, RecordCounts] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What would change, a line a cell."""
        lines = [
            f"renamed  {old} -> {new}: scores, marks and comments go with it "
            f"({'as you say' if old in self.requested else 'its text is the same'})"
            for old, new in self.renamed.items()
        ]
        for name, kinds in _group_by_name(self.added):
            worth = f" ({self.points[name]:g} points)" if "grade" in kinds else ""
            lines.append(f"new      {name}{worth}: waits until it is graded")
        for name, _ in _group_by_name(self.dropped):
            lines.append(
                f"dropped  {name}: {self.lost[name]} go; kept in build/backups/"
            )
        return lines

    def format_question(self) -> str:
        """The refusal: what would change, and how to do it."""
        again = f"unrolled build {self.assignment}"
        graded = "submission is" if self.submissions == 1 else "submissions are"
        rename = (
            f"\nIs a new cell a dropped one under another name? Then say so: {again} "
            "--rename OLD=NEW"
            if self.added and self.dropped
            else ""
        )
        lines = "\n".join(f"  {line}" for line in self.lines())
        return (
            f"{self.assignment}: {self.submissions} {graded} graded, and the lesson "
            "has other cells than the gradebook. Nothing is changed yet. It would be:\n"
            f"{lines}\nEverything else stays: scores, marks by hand, comments. To do "
            f"it: {again} --update-gradebook (the gradebook is copied first), then "
            f"unrolled grade {self.assignment}.{rename}"
        )


def plan_changes(
    course: Course,
    assignment: Assignment,
    cells: Sequence[Cell],
    renames: Mapping[str, str] | None = None,
) -> CellChanges | None:
    """What the new source notebook's `cells` change in a gradebook with submissions.

    None if there is nothing to ask about. `renames` are a person's, old to new.
    Raises UserError for one that does not fit.
    """
    if not has_gradebook(course):
        return None
    coming, requested = _list_cell_kinds(cells), dict(renames or {})
    with open_gradebook(course) as gradebook:
        try:
            notebook = gradebook.find_notebook(assignment.notebook, assignment.name)
        except api.MissingEntry:
            return None
        stored = _list_stored_cells(notebook)
        if not notebook.submissions or stored == coming:
            return None
        before = _read_stored_texts(course, assignment, notebook)
        gone, new = _find_unmatched(stored, coming), _find_unmatched(coming, stored)
        _take_renames(requested, gone, new)
        after = _read_texts(cells)
        renamed = requested | _recognise_renames(before, after, gone=gone, new=new)
        moved = {(renamed.get(name, name), kind) for name, kind in stored}
        lost = {name: _count_records(notebook, name) for name, _ in moved - coming}
        submissions = len(notebook.submissions)
    return CellChanges(
        assignment=assignment.name,
        submissions=submissions,
        renamed=renamed,
        requested=frozenset(requested),
        added=frozenset(coming - moved),
        dropped=frozenset(moved - coming),
        lost=lost,
        points={c.grade_id: c.points for c in cells if c.grade_id},
    )


def apply_cell_changes(
    course: Course, assignment: Assignment, cells: Sequence[Cell], changes: CellChanges
) -> None:
    """Make the gradebook's cells those of the lesson, in one transaction.

    What dropped cells held is written to build/backups/ first. The autograded
    notebooks follow, so that formgrader and feedback find their cells.
    """
    sources = {c.grade_id: c for c in cells if c.grade_id}
    with open_gradebook(course) as gradebook:
        notebook = gradebook.find_notebook(assignment.notebook, assignment.name)
        _save_dropped_cells(course, notebook, changes)
        for cell in (*notebook._base_cells, *notebook.source_cells):
            cell.name = changes.renamed.get(cell.name, cell.name)
        for name, kind in changes.dropped:
            for cell in _find_cells(notebook, name, _KINDS[kind]):
                for table in (api.Grade, api.Comment):
                    rows = gradebook.db.query(table)
                    rows.filter(table.cell_id == cell.id).delete()
                notebook._base_cells.remove(cell)
                gradebook.db.delete(cell)
        gradebook.db.flush()
        for name, kind in changes.added:
            _add_cell(gradebook.db, notebook, sources[name], kind)
        _match_sources(gradebook.db, notebook, sources)
        gradebook.db.commit()
    gone = {n for n, _ in changes.dropped} - {n for n, _ in _list_cell_kinds(cells)}
    for path in course.autograded.glob(f"*/{assignment.name}/*.ipynb"):
        _rename_in_notebook(path, changes.renamed, gone)


def _list_cell_kinds(cells: Sequence[Cell]) -> set[tuple[str, Kind]]:
    """What nbgrader makes of each cell: something to grade, to solve, or both."""
    graded: set[tuple[str, Kind]] = {(c.grade_id, "grade") for c in cells if c.graded}
    return graded | {(c.grade_id, "solution") for c in cells if c.is_solution}


def _list_stored_cells(notebook: api.Notebook) -> set[tuple[str, Kind]]:
    """The cells that the gradebook has."""
    cells = notebook._base_cells
    return {(c.name, k) for c in cells for k, t in _KINDS.items() if isinstance(c, t)}


def _group_by_name(
    pairs: frozenset[tuple[str, Kind]],
) -> Iterator[tuple[str, set[Kind]]]:
    for name, group in groupby(sorted(pairs), key=lambda pair: pair[0]):
        yield name, {kind for _, kind in group}


def _find_unmatched(
    mine: set[tuple[str, Kind]], others: set[tuple[str, Kind]]
) -> dict[str, frozenset[Kind]]:
    """The cells whose name only one side has, with their kinds."""
    names = {name for name, _ in mine} - {name for name, _ in others}
    return {n: frozenset(kind for name, kind in mine if name == n) for n in names}


def _take_renames(
    requested: Mapping[str, str],
    gone: dict[str, frozenset[Kind]],
    new: dict[str, frozenset[Kind]],
) -> None:
    """Take what a person has matched out of both; UserError for what does not fit."""
    for old, name in requested.items():
        fits = old in gone and name in new and gone[old] == new[name]
        if not fits or list(requested.values()).count(name) > 1:
            raise UserError(
                f"--rename {old}={name}: OLD must be a cell that is gone "
                f"({', '.join(sorted(gone)) or 'there is none'}) and NEW a new one of "
                f"the same kind ({', '.join(sorted(new)) or 'there is none'})."
            )
    for old, name in requested.items():
        del gone[old], new[name]


def _read_texts(cells: Sequence[Cell]) -> dict[str, str]:
    return {c.grade_id: normalize_text(c.source) for c in cells if c.grade_id}


def _read_stored_texts(
    course: Course, assignment: Assignment, notebook: api.Notebook
) -> dict[str, str]:
    """The cells as the gradebook knew them: of checks it has the text itself."""
    path = course.source_notebook(assignment.name)
    texts = {}
    if path.is_file():
        cells = read_cells(json.loads(path.read_text(encoding="utf-8")))
        texts = _read_texts([c for c in cells if c.role != "check"])
    return texts | {
        c.name: normalize_text(c.source or "")
        for c in notebook.source_cells
        if c.locked
    }


def _recognise_renames(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    gone: Mapping[str, frozenset[Kind]],
    new: Mapping[str, frozenset[Kind]],
) -> dict[str, str]:
    """Which new cell is which lost one, where its text leaves no other choice."""
    pairs = [
        (old, name)
        for old in sorted(gone)
        for name in sorted(new)
        if gone[old] == new[name]
        and _is_similar(before.get(old, ""), after.get(name, ""))
    ]
    olds, names = [old for old, _ in pairs], [name for _, name in pairs]
    return {o: n for o, n in pairs if olds.count(o) == 1 and names.count(n) == 1}


def _is_similar(one: str, other: str) -> bool:
    if not one or not other:
        return False
    return one == other or SequenceMatcher(None, one, other).ratio() >= MIN_SIMILARITY


def _find_cells(
    notebook: api.Notebook, name: str, table: type[api.BaseCell] = api.BaseCell
) -> list[api.BaseCell]:
    cells = notebook._base_cells
    return [c for c in cells if c.name == name and isinstance(c, table)]


def _count_records(notebook: api.Notebook, name: str) -> RecordCounts:
    cells = _find_cells(notebook, name)
    grades = [g for c in cells for g in c.grades or ()]
    comments = [k for c in cells for k in c.comments or ()]
    return RecordCounts(
        scores=sum(g.auto_score is not None for g in grades),
        marks=sum((g.manual_score, g.extra_credit) != (None, None) for g in grades),
        comments=sum(bool(k.manual_comment) for k in comments),
    )


def _save_dropped_cells(
    course: Course, notebook: api.Notebook, changes: CellChanges
) -> None:
    rows: list[tuple[Any, ...]] = []
    for name, kind in sorted(changes.dropped):
        for cell in _find_cells(notebook, name, _KINDS[kind]):
            rows += [
                (g.student.id, name, g.auto_score, g.manual_score, g.extra_credit, "")
                for g in cell.grades or ()
            ]
            rows += [
                (k.student.id, name, "", "", "", k.manual_comment)
                for k in cell.comments or ()
                if k.manual_comment
            ]
    if not rows:
        return
    folder = course.build / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"dropped-{changes.assignment}-{make_stamp()}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        head = ("student", "cell", "score", "mark", "extra credit", "comment")
        table.writerows([head, *rows])


def _add_cell(session: Any, notebook: api.Notebook, source: Cell, kind: Kind) -> None:
    """A cell, with an empty row for every submission, as nbgrader makes them."""
    worth = {"max_score": source.points, "cell_type": source.cell_type}
    worth = worth if kind == "grade" else {}
    cell = _KINDS[kind](name=source.grade_id, notebook=notebook, **worth)
    session.add(cell)
    session.flush()
    row = api.Grade if kind == "grade" else api.Comment
    session.add_all(row(cell_id=cell.id, notebook=n) for n in notebook.submissions)


def _match_sources(
    session: Any, notebook: api.Notebook, sources: Mapping[str, Cell]
) -> None:
    """The texts in the gradebook are of the same cells; they are filled later."""
    for cell in list(notebook.source_cells):
        if cell.name not in sources:
            notebook.source_cells.remove(cell)
            session.delete(cell)
    stored = {cell.name for cell in notebook.source_cells}
    for name in sources.keys() - stored:
        kind, locked = sources[name].cell_type, sources[name].role == "check"
        session.add(
            api.SourceCell(name=name, notebook=notebook, cell_type=kind, locked=locked)
        )


def _rename_in_notebook(path: Path, renamed: Mapping[str, str], gone: set[str]) -> None:
    """Let an autograded notebook name its cells as the gradebook does now."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            names = cell["metadata"].get("nbgrader", {})
            if names.get("grade_id") in gone:
                del cell["metadata"]["nbgrader"]
            elif names.get("grade_id") in renamed:
                names["grade_id"] = renamed[names["grade_id"]]
        text = json.dumps(notebook, ensure_ascii=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # nothing that we, or nbgrader, wrote
    mode = stat.S_IMODE(path.stat().st_mode)  # graded work is read-only, and stays so
    write_file(path, text, mode=mode, exact=True)
