"""The bare work of one submission: its cells and tests in a warm process, no grader."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import types
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.assignment.cells import read_cells, split_check
from unrolled.assignment.material import Material
from unrolled.assignment.seeds import derive_cell_seed
from unrolled.grade.student.preload import (
    find_missing_libraries,
    find_slow_imports,
    import_libraries,
)
from unrolled.grade.student.shell import StudentShell, make_child_shell, run_cell
from unrolled.grade.submission.notebook import parse_submission
from unrolled.grade.submission.rebuild import rebuild_submission

REPEATS = 3


def floor_seconds(material: Material, submission: bytes, figures: bool) -> float:
    """CPU seconds of the cells and all tests, the best of three forks.

    With `figures` all cells of the notebook, as stock nbgrader runs them; without,
    only those that our grading runs: it leaves out given cells that only draw.
    What they import is imported before, as in our warm process.
    """
    warm_shell()
    cells = parse_submission(submission, Path("x")).cells
    own = [c["source"] for c in cells if c["cell_type"] == "code"]
    import_libraries(find_missing_libraries(find_slow_imports(material.source, own)))
    return min(_in_a_fork(material, submission, figures) for _ in range(REPEATS))


def _in_a_fork(material: Material, submission: bytes, figures: bool) -> float:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.write(writing, json.dumps(_work(material, submission, figures)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return float(json.loads(said))


def _work(material: Material, submission: bytes, figures: bool) -> float:
    """Run everything plainly: one process, direct calls, no isolation."""
    rebuilt = rebuild_submission(material, parse_submission(submission, Path("x")))
    cells = [
        cell.source
        for cell in read_cells(rebuilt.notebook)
        if cell.runs or (figures and cell.cell_type == "code" and cell.role != "check")
    ]
    tests = [
        (
            cell.grade_id,
            [compile(p, "<test>", "exec") for p in split_check(cell.source)],
        )
        for cell in material.source_cells
        if cell.role == "check"
    ]
    oracle = types.ModuleType("oracle")
    exec(material.oracle, oracle.__dict__)
    shell = warm_shell()
    began = time.process_time()
    for source in cells:
        run_cell(shell, source)
    names = {**shell.user_ns, "oracle": oracle}
    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        warnings.simplefilter("ignore")
        for name, parts in tests:
            names["rng"] = np.random.default_rng(derive_cell_seed(1, name))
            for part in parts:
                _run(part, names)
    return time.process_time() - began


@cache
def warm_shell() -> StudentShell:
    """The notebook session, with numpy and matplotlib imported."""
    return make_child_shell(warm=True)


def _run(code: Any, names: dict[str, Any]) -> None:
    with contextlib.suppress(Exception):
        exec(code, names)
