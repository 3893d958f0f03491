"""What the judge is given (a `JudgeInput`), and what it says (a `Verdict`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from unrolled.assignment import Cell, Material, Notebook, read_cells
from unrolled.course import Limits


@dataclass(frozen=True)
class JudgeInput:
    """One submission to grade: its rebuilt notebook, the material, the seed."""

    material: Material
    rebuilt: Notebook
    seed: int
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of `rebuilt`."""
        return read_cells(self.rebuilt)


@dataclass(frozen=True, kw_only=True)
class CellVerdict:
    """What the judge says of one check."""

    grade_id: str
    exercise: str
    max_score: float
    passed: bool
    message: str = ""
    hint: str = ""
    misconception: tuple[str, ...] = ()
    follow_through: bool = False

    @property
    def score(self) -> float:
        """Points of the cell: all or none."""
        return self.max_score if self.passed else 0.0


@dataclass(frozen=True)
class Verdict:
    """What the judge says of a submission.

    `outputs` holds the outputs of the student's cells, by index in the rebuilt
    notebook; `notes` say in plain words what went wrong with the whole.
    """

    cells: tuple[CellVerdict, ...]
    outputs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """A JSON document of the verdict, without the outputs."""
        return {"cells": [asdict(c) for c in self.cells], "notes": list(self.notes)}
