"""Three rules of nbgrader's that a graded notebook keeps, without importing it.

`import nbgrader` takes more than a second: it loads all of its applications and server
extensions. Tests hold each rule against nbgrader's own function, over many cells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

MAX_LINES = 1000  # of all streams of a cell
MAX_TRACEBACK = 100
_CUT_STREAM = "... Output truncated ..."
_CUT_TRACEBACK = "... Traceback truncated ..."
Output = dict[str, Any]


def compute_checksum(cell: Mapping[str, Any]) -> str:
    """What nbgrader tells by whether a cell has changed since it was released."""
    metadata = cell["metadata"]["nbgrader"]
    grade, solution = metadata.get("grade", False), metadata.get("solution", False)
    locked = not solution and (grade or metadata.get("locked", False))
    parts = [cell["source"], cell["cell_type"], str(grade), str(solution), str(locked)]
    parts.append(metadata["grade_id"])
    if grade:
        parts.append(str(float(metadata["points"])))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def is_untouched(cell: Mapping[str, Any]) -> bool:
    """Whether a solution cell is as it was released."""
    checksum: object = cell["metadata"]["nbgrader"].get("checksum")
    return checksum == compute_checksum(cell)


def compute_auto_score(cell: Mapping[str, Any]) -> float | None:
    """The score of a grade cell with the outputs that we gave it, None for a person's.

    An answer that nobody has touched gets 0; a check gets nothing if it shows an error,
    else all of its points. Partial credit, by an `execute_result`, we never give.
    """
    if cell["metadata"]["nbgrader"].get("solution"):
        return 0 if is_untouched(cell) else None
    if cell["cell_type"] != "code":
        return None
    if any(_is_failure(output) for output in cell["outputs"]):
        return 0
    return float(cell["metadata"]["nbgrader"]["points"])


def _is_failure(output: Mapping[str, Any]) -> bool:
    return output["output_type"] == "error" or output.get("name") == "stderr"


def limit_outputs(outputs: list[Output]) -> list[Output]:
    """The outputs of a cell without what is too long to be read."""
    lines, kept = 0, []
    for output in outputs:
        if output["output_type"] == "stream":
            if lines == MAX_LINES:
                continue
            text = output["text"].split("\n")
            if len(text) + lines > MAX_LINES:
                text = [*text[: MAX_LINES - lines - 1], _CUT_STREAM]
            lines += len(text)
            output["text"] = "\n".join(text)
        elif output["output_type"] == "error":
            trace = output["traceback"]
            if len(trace) > MAX_TRACEBACK:
                head, tail = MAX_TRACEBACK // 2, MAX_TRACEBACK - MAX_TRACEBACK // 2 - 1
                output["traceback"] = [*trace[:head], _CUT_TRACEBACK, *trace[-tail:]]
        kept.append(output)
    return kept
