"""Which row and column of a Canvas export belongs to which student and assignment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.canvas.template import Column, Row, Template

DROPPED = re.compile(
    r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)"
)


@dataclass(frozen=True)
class Filled:
    """One cell that gets a grade."""

    student: str
    assignment: str
    old: float | None
    new: float


@dataclass(frozen=True)
class Pupil:
    """A student of the gradebook; `canvas_id` is nbgrader's lms_user_id."""

    name: str
    canvas_id: str = ""
    last_name: str = ""
    first_name: str = ""


@dataclass(frozen=True)
class Exported:
    """An assignment to export: its name here, its title and points in Canvas."""

    name: str
    title: str
    points: float


@dataclass(frozen=True)
class Work:
    """What the planner gathers on its way."""

    left_out: list[str]
    warnings: list[str]
    filled: list[Filled]


def match_columns(
    template: Template, assignments: Sequence[Exported], work: Work
) -> dict[Column, Exported]:
    """Our assignments by their column: title or folder name, and nothing twice."""
    found: dict[Column, Exported] = {}
    for wanted in assignments:
        names = {wanted.title, wanted.name}
        same = [c for c in template.columns if names & {c.title, c.header}]
        if len(same) != 1:
            count = "no column" if not same else f"{len(same)} columns"
            work.left_out.append(
                f"assignment {wanted.name}: the export has {count} titled "
                f"{wanted.title!r}"
            )
        elif same[0].read_only:
            work.left_out.append(f"column {same[0].header}: read only in Canvas")
        elif DROPPED.search(same[0].header):
            work.left_out.append(
                f"column {same[0].header}: Canvas drops columns titled like this; "
                "give the assignment another title"
            )
        else:
            found[same[0]] = wanted
            _warn_points(same[0], wanted, work)
    return found


def _warn_points(column: Column, wanted: Exported, work: Work) -> None:
    if column.points is not None and abs(column.points - wanted.points) > 0.005:
        work.warnings.append(
            f"{column.header}: {column.points:g} points possible in Canvas, "
            f"{wanted.points:g} in course.toml"
        )


def match_people(
    template: Template, pupils: Sequence[Pupil], work: Work
) -> dict[int, Pupil]:
    """Students by the line of their row: Canvas id first, then login and SIS id."""
    found: dict[int, Pupil] = {}
    keys: list[tuple[str, str]] = []
    ids = Counter(r.canvas_id for r in template.rows)
    for pupil in pupils:
        rows = [r for r in template.rows if r.canvas_id == pupil.canvas_id != ""]
        if not rows and not pupil.canvas_id:
            rows = [r for r in template.rows if pupil.name in (r.login, r.sis_id)]
        if len(rows) != 1 or ids[rows[0].canvas_id] > 1:
            count = "no row" if not rows else "more than one row"
            work.left_out.append(f"student {pupil.name}: {count} in the export")
        else:
            keys.append((pupil.name, str(rows[0].line)))
            found[rows[0].line] = _only(found, rows[0], pupil, work)
    twice = {line for _, line in keys if sum(k[1] == line for k in keys) > 1}
    for row in template.rows:
        if row.line not in found:
            work.left_out.append(
                f"row {row.line} ({row.name}): nobody of the gradebook"
            )
    return {line: p for line, p in found.items() if str(line) not in twice}


def _only(found: dict[int, Pupil], row: Row, pupil: Pupil, work: Work) -> Pupil:
    if row.line in found:
        work.left_out.append(
            f"row {row.line} ({row.name}): both {found[row.line].name} and "
            f"{pupil.name} match it; neither is exported"
        )
    return pupil
