"""What a grading task is made of, and what comes out of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What one submission may take. Seconds are wall-clock time."""

    call_seconds: float = 10.0
    cell_seconds: float = 20.0
    check_seconds: float = 60.0
    submission_seconds: float = 120.0
    start_seconds: float = 60.0
    round_trips: int = 50_000
    memory_bytes: int = 2 * 2**30
    file_bytes: int = 64 * 2**20

    @property
    def cpu_seconds(self) -> int:
        """Seconds of CPU that the processes of a submission may take, each."""
        return int(2 * self.submission_seconds)


@dataclass(frozen=True)
class Material:
    """The trusted side of an assignment, as text: nothing of it reaches a student.

    `source` and `release` are notebooks as JSON documents; `oracle` and
    `misconceptions` the texts of the lesson's files of these names; `data` the
    files that students are given, by relative path.
    """

    assignment: str
    notebook: str
    source: Notebook
    release: Notebook
    oracle: str = ""
    misconceptions: str = ""
    data: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """A digest of everything in the material that can change a verdict."""
        told = hashlib.sha256()
        for part in (self.assignment, self.oracle, self.misconceptions):
            told.update(part.encode() + b"\0")
        for document in (self.source, self.release):
            told.update(json.dumps(document, sort_keys=True).encode() + b"\0")
        for name, content in sorted(self.data.items()):
            told.update(f"{name}\0{len(content)}\0".encode() + content)
        return told.hexdigest()


@dataclass(frozen=True)
class Task:
    """One submission to grade: its rebuilt notebook, the material, the seed."""

    material: Material
    rebuilt: Notebook
    seed: int
    limits: Limits = Limits()


@dataclass(frozen=True)
class CellVerdict:
    """What the judge says of one automatic grade cell."""

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


@dataclass(frozen=True)
class Ready:
    """A judge's first word: it is warm, and has tried the sandbox if it was to.

    One that was not to try it may have come up in a weaker tier, or in none: it is
    for the pool to see that, and to give it no work.
    """

    tier: str


class GradingError(Exception):
    """Grading itself failed; the submission is ungraded, not wrong."""


class ProcessLostError(GradingError):
    """A process was killed from outside: no fault of the submission, try it again."""


def derive_seed(secret: str, assignment: str, student: str) -> int:
    """The seed of one student's hidden inputs; the secret cannot be had from it."""
    text = "\0".join((secret, assignment, student))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def cell_seed(seed: int, grade_id: str) -> list[int]:
    """The seed of one grade cell, as numpy's default_rng takes it."""
    return [seed, int.from_bytes(hashlib.sha256(grade_id.encode()).digest()[:8], "big")]
