"""How a failed check looks: in IPython, in nbgrader's Validate."""

from pathlib import Path
from typing import Any

import pytest

from unrolled.lab.check import CheckFailed


def test_it_is_an_assertion() -> None:
    """Does a failed check count as a failed assertion everywhere?"""
    assert issubclass(CheckFailed, AssertionError)


def test_lines_are_folded_for_validate() -> None:
    """Does every line fit into the 83 columns that Validate leaves?"""
    lines = CheckFailed("word " * 60 + "\n" + "y" * 200)._render_traceback_()
    assert max(map(len, lines)) <= 79
    assert "".join(lines).count("word") == 60


def test_line_ends_are_kept() -> None:
    """Do got, place and cause stand on lines of their own?"""
    assert CheckFailed("a\nb")._render_traceback_() == ["a", "b"]


def test_validate_shows_the_message(tmp_path: Path) -> None:
    """Does nbgrader's Validate say what the check says, and stay calm on prints?"""
    nbformat = pytest.importorskip("nbformat", reason="pip install nbformat")
    validator = pytest.importorskip(
        "nbgrader.validator", reason="pip install nbgrader"
    ).Validator()
    path = tmp_path / "lesson.ipynb"
    nbformat.write(_submission(nbformat.v4), path)
    result = validator.validate(str(path))
    assert [failed["error"] for failed in result["failed"]] == [
        "h_t: shape (4, 2), expected (N, H) = (2, 4); transposed?"
    ]


STUDENT = """
import sys
import numpy as np
from unrolled.lab import check
def rnn_step(x_t):
    print("noise", np.log(0.0), file=sys.stderr)
    return x_t.T
"""
RIGHT = "check.array('h_t', check.call(rnn_step, np.zeros((4, 2))), (2, 4))"
WRONG = "check.array('h_t', check.call(rnn_step, np.zeros((2, 4))), (2, 4), 'N H')"


def _submission(v4: Any) -> Any:
    cells = [v4.new_code_cell(text) for text in (STUDENT, RIGHT, WRONG)]
    for number, cell in enumerate(cells):
        grade = number > 0
        cell.metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": f"cell{number}",
            "locked": False,
            "grade": grade,
            "solution": not grade,
            "task": False,
            **({"points": 1} if grade else {}),
        }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
