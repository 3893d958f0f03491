"""The trusted side of an assignment, as text."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from unrolled.assignment.cells import Cell, read_cells

Notebook = dict[str, Any]
HINTS_FILE = "hints.json"  # lies beside the notebook; the checks look into it


@dataclass(frozen=True, kw_only=True)
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
    def source_cells(self) -> tuple[Cell, ...]:
        """The cells of `source`."""
        return read_cells(self.source)

    @cached_property
    def release_cells(self) -> tuple[Cell, ...]:
        """The cells of `release`."""
        return read_cells(self.release)

    def fill_release(self, texts: Mapping[str, str]) -> Notebook:
        """A copy of the release with other texts in some cells, by grade id."""
        notebook = copy.deepcopy(self.release)
        for cell in self.release_cells:
            if cell.grade_id in texts:
                notebook["cells"][cell.index]["source"] = texts[cell.grade_id]
        return notebook

    def __hash__(self) -> int:
        """What is the same text has the same reference."""
        return hash(self.digest)

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
