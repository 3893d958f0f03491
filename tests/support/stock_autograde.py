"""A tiny course: handed in, and graded by stock nbgrader beside ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from unrolled.course.model import Course

NAME = "01_tiny"
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return x"


def hand_in(course: Course, student: str, content: Any, stamp: str = "") -> Path:
    """Put a submission where nbgrader collects it; `content` is code or raw bytes."""
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.ipynb"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        notebook = nbformat.read(course.release / NAME / "tiny.ipynb", as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
                cell.source = content
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "why":
                cell.source = "Because I say so."
        nbformat.write(notebook, path)
    if stamp:
        (folder / "timestamp.txt").write_text(stamp)
    return path


def stock(course: Course, *command: str) -> subprocess.CompletedProcess[str]:
    """Run nbgrader's own command in the course folder."""
    nbgrader = str(Path(sys.executable).parent / "nbgrader")
    return subprocess.run(
        [nbgrader, *command],
        cwd=course.root,
        capture_output=True,
        text=True,
        timeout=600,
    )
