"""Whether a mark by hand is still of the same work.

A mark stays final as long as the text that it was given for stays: the answer, or for
a check that was marked over by hand the student's code. nbgrader keeps the marks in a
regrade, but would have each of them looked at again.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unrolled.assignment.cells import (
    is_answer,
    is_check,
    is_exercise,
    normalize_text,
    read_nbgrader_meta,
    read_unrolled_meta,
)

Fingerprints = dict[str, str]


def compute_fingerprints(notebook: Mapping[str, Any]) -> Fingerprints:
    """A digest of what a mark is given for, by grade id, of an autograded notebook."""
    cells = notebook["cells"]
    code = _compute_digest(
        _read_source(c) for c in cells if is_exercise(c) or (_is_own(c) and _is_code(c))
    )
    found = {read_nbgrader_meta(c)["grade_id"]: code for c in cells if is_check(c)}
    for index, cell in enumerate(cells):
        if is_answer(cell):
            found[read_nbgrader_meta(cell)["grade_id"]] = _compute_digest(
                _list_answer_parts(cells, index)
            )
    return found


def read_fingerprints(path: Path) -> Fingerprints:
    """Those of a notebook file; none if it is not there, or not as we write it."""
    try:
        return compute_fingerprints(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def find_changed_work(before: Fingerprints, now: Fingerprints) -> set[str]:
    """The grade cells whose work is another one, or is not known to be the same."""
    return {name for name, digest in now.items() if before.get(name) != digest}


def _list_answer_parts(cells: list[Any], index: int) -> Iterator[str]:
    """The text and pictures of an answer, and the own cells right beside it."""
    for number in _find_neighbours(cells, index):
        yield _read_source(cells[number])
        yield json.dumps(cells[number].get("attachments", {}), sort_keys=True)


def _find_neighbours(cells: list[Any], index: int) -> list[int]:
    first, last = index, index
    while first > 0 and _is_neighbour(cells[first - 1]):
        first -= 1
    while last + 1 < len(cells) and _is_neighbour(cells[last + 1]):
        last += 1
    return [n for n in range(first, last + 1) if n == index or _is_own(cells[n])]


def _is_neighbour(cell: Mapping[str, Any]) -> bool:
    return _is_own(cell) or bool(read_unrolled_meta(cell).get("marking_scheme"))


def _is_own(cell: Mapping[str, Any]) -> bool:
    return bool(read_unrolled_meta(cell).get("own"))


def _is_code(cell: Mapping[str, Any]) -> bool:
    return bool(cell["cell_type"] == "code")


def _read_source(cell: Mapping[str, Any]) -> str:
    """What the student wrote, however the grader has kept markup from working."""
    source = cell["source"]
    return normalize_text(
        html.unescape(source if isinstance(source, str) else "".join(source))
    )


def _compute_digest(parts: Iterator[str]) -> str:
    told = hashlib.sha256()
    for part in parts:
        told.update(part.encode("utf-8", "replace") + b"\0")
    return told.hexdigest()
