"""Do students read the hint where they work: in Jupyter, and under Validate?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from nbgrader.validator import Validator

from unrolled.assignment import HINTS_FILE, read_cells

RELEASE = Path(__file__).parents[3] / "release" / "02_forward_pass"
STUB = "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return "
HINT = "Hint: The bias b_h is missing: it belongs to the sum before tanh is taken."


def write_notebook(folder: Path, line: str) -> Path:
    """The released notebook up to the check of `rnn_step`'s values, with a solution."""
    notebook = json.loads((RELEASE / "forward_pass.ipynb").read_text())
    kept = []
    for cell in read_cells(notebook):
        text = notebook["cells"][cell.index]
        if cell.grade_id == "rnn_step":
            text["source"] = STUB + line
        if cell.role in ("given", "exercise") or cell.grade_id == "rnn_step_values":
            kept.append(text)
        if cell.grade_id == "rnn_step_values":
            break
    path = folder / "forward_pass.ipynb"
    path.write_text(json.dumps(notebook | {"cells": kept}))
    return path


def validate(path: Path) -> str:
    """What stock nbgrader's Validate says of the one check."""
    failed = Validator().validate(str(path)).get("failed", [{"error": "passed"}])
    (one,) = failed
    return " ".join(str(one["error"]).split())


@pytest.mark.parametrize("beside", [True, False])
def test_validate_shows_the_hint(tmp_path: Path, beside: bool) -> None:
    """Does stock nbgrader show the hint that lies beside the notebook, and stay calm
    where none does?"""
    if beside:
        shutil.copy(RELEASE / HINTS_FILE, tmp_path)
    said = validate(write_notebook(tmp_path, "np.tanh(x_t @ W_xh + h_prev @ W_hh)"))
    assert said.startswith("h_1: got 0.279396, expected 0.693168")
    assert (HINT in said) is beside
    assert "Likely cause" not in said


def test_a_right_solution_says_nothing(tmp_path: Path) -> None:
    """Does the table change nothing for a function that is right?"""
    shutil.copy(RELEASE / HINTS_FILE, tmp_path)
    right = "np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)"
    assert validate(write_notebook(tmp_path, right)) == "passed"
