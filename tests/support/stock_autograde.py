"""A tiny course: handed in, and graded by stock nbgrader beside ours."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from support.forked import NBGRADER, origin

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


START = "from nbgrader.apps.nbgraderapp import main; main()"


def stock(course: Course, *command: str) -> subprocess.CompletedProcess[str]:
    """Run nbgrader's own command in the course folder.

    Its imports are done before: what they are, and that the program starts, is for
    tests that start it with subprocess.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out.txt", Path(folder) / "err.txt"
        words, env = ["-c", START, *command], dict(os.environ)
        run = origin(NBGRADER).start(words, env, cwd=course.root, out=out, err=err)
        status = run.wait(600)
        said, errors = out.read_text(), err.read_text()
    return subprocess.CompletedProcess(["nbgrader", *command], status, said, errors)
