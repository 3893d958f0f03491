"""Whether the right notebook was handed in: of this assignment, and the written one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from unrolled.assignment import Cell, Material, read_cells
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.submission.anchors import find_anchors
from unrolled.grade.submission.match_cells import parse_cells
from unrolled.grade.submission.notebook import read_submitted_notebook
from unrolled.grade.submission.rebuild import rebuild_submission

MIN_SHARE = 0.5  # a notebook with half of an assignment's cells is of that assignment
IGNORED_FILES = frozenset({"timestamp.txt", "submission_secret.txt", "thumbs.db"})
MAX_FILES = 20
MAX_NAMED = 5


@dataclass
class NotebookIdentifier:
    """Knows the notebooks of a course; it is asked for each submission."""

    course: Course
    material: Material

    def check_notebook(
        self, path: Path, document: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """What is to be said of the notebook `path` and of what lies beside it.

        Raises UserError if it is another assignment's, or if nothing was written in
        it while something else in the folder may be the work.
        """
        found = _compute_share(self.material.release_cells, document)
        if found < MIN_SHARE:
            self._refuse_other(path, document, found)
        beside = [f for f in _list_other_files(path) if self._may_be_work(path, f)]
        if beside and self._is_untouched(document):
            raise UserError(
                f"{path}: nothing is written in it, but beside it lies "
                f"{_name_files(beside, path.parent)}. Which one counts? Give the right "
                f"one the name {path.name}, or ask for it."
            )
        copies = [f for f in beside if f.suffix == ".ipynb" and self._is_ours(f)]
        if copies:
            names = _name_files(copies, path.parent)
            return (f"Beside {path.name} lies other work, not graded: {names}.",)
        if beside and (empty := self._list_empty_answers(document)):
            return (
                f"No answer to {', '.join(empty)} is in the notebook, but beside it "
                f"lies {_name_files(beside, path.parent)}: is it there?",
            )
        if found == 0:
            return (
                f"No released cell of {self.material.assignment} is in this notebook; "
                "what it defines was graded.",
            )
        return ()

    def _refuse_other(
        self, path: Path, document: Mapping[str, Any], found: float
    ) -> None:
        shares = {n: _compute_share(r, document) for n, r in self._others.items()}
        other = max(shares, key=lambda name: shares[name], default="")
        if other and shares[other] >= MIN_SHARE and shares[other] > found:
            title = self.course.assignments[other].title
            raise UserError(
                f"{path}: this is the notebook of {other} ({title}), handed in as "
                f"{self.material.assignment}. Ask for the right one."
            )

    @cached_property
    def _others(self) -> dict[str, tuple[Cell, ...]]:
        """The released cells of all other assignments that were built."""
        paths = {n: self.course.release_notebook(n) for n in self.course.assignments}
        return {
            name: read_cells(json.loads(path.read_text(encoding="utf-8")))
            for name, path in paths.items()
            if name != self.material.assignment and path.is_file()
        }

    def _is_untouched(self, document: Mapping[str, Any]) -> bool:
        """Whether a notebook holds nothing but what was released."""
        rebuilt = rebuild_submission(self.material, document).notebook
        return [c["source"] for c in rebuilt["cells"]] == [
            c.source for c in self.material.release_cells
        ]

    def _list_empty_answers(self, document: Mapping[str, Any]) -> list[str]:
        """The written answers for which nothing was found in the notebook."""
        rebuilt = read_cells(rebuild_submission(self.material, document).notebook)
        written = {c.grade_id: c.source for c in rebuilt if c.role == "answer"}
        return [
            c.grade_id
            for c in self.material.release_cells
            if c.role == "answer" and written[c.grade_id] == c.source
        ]

    def _is_ours(self, path: Path) -> bool:
        document = read_submitted_notebook(path)
        return _compute_share(self.material.release_cells, document) >= MIN_SHARE

    def _may_be_work(self, path: Path, other: Path) -> bool:
        """Whether a file in the folder may be what the student has done."""
        name = other.relative_to(path.parent).as_posix()
        if name in self.material.data or other.name.lower() in IGNORED_FILES:
            return False
        if other.suffix != ".ipynb":
            return other.stat().st_size > 0
        try:
            document = read_submitted_notebook(other)
        except UserError:
            return other.stat().st_size > 0
        if not any(c.source.strip() for c in parse_cells(document)):
            return False
        return not self._is_untouched(document)


def _compute_share(released: Sequence[Cell], document: Mapping[str, Any]) -> float:
    """How many of the released cells a notebook has, from 0 to 1."""
    anchors = find_anchors(released, parse_cells(document))
    return len(set(anchors) - {None}) / max(1, len(released))


def _name_files(files: list[Path], folder: Path) -> str:
    return ", ".join(str(f.relative_to(folder)) for f in files[:MAX_NAMED])


def _list_other_files(path: Path) -> Iterator[Path]:
    """The other files of a submission; hidden ones are the machine's."""
    others = sorted(p for p in path.parent.rglob("*") if p != path)
    shown = (
        p
        for p in others
        if p.is_file() and not p.is_symlink()
        if not any(map(_is_generated, p.relative_to(path.parent).parts))
    )
    yield from islice(shown, MAX_FILES)


def _is_generated(part: str) -> bool:
    """Whether a part of a path is made by programs; nbgrader puts feedback there."""
    return part.startswith(".") or part in ("__pycache__", "feedback")
