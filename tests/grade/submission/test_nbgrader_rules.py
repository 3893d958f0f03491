"""Are our three rules nbgrader's own, over all that a notebook can hold?"""

from __future__ import annotations

import copy
from itertools import product
from typing import Any

import nbformat
import pytest
from nbgrader import utils
from nbgrader.preprocessors import LimitOutput

from unrolled.grade.submission.nbgrader_rules import (
    compute_auto_score,
    compute_checksum,
    is_untouched,
    limit_outputs,
)

FLAGS = ("grade", "solution", "locked")
LENGTHS = (0, 1, 2, 99, 100, 101, 500, 998, 999, 1000, 1001, 2000)


def make_cell(kind: str, flags: tuple[bool, ...], points: float = 4) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "source": "x = 'é'\n"}
    if kind == "code":
        cell["outputs"] = []
    meta: dict[str, Any] = dict(zip(FLAGS, flags, strict=True))
    meta |= {"grade_id": "a_cell"}
    meta |= {"points": points} if meta["grade"] else {}
    return cell | {"metadata": {"nbgrader": meta}}


CELLS = [
    make_cell(kind, flags)
    for kind in ("code", "markdown")
    for flags in product((False, True), repeat=3)
]


@pytest.mark.parametrize("cell", CELLS)
def test_the_checksum_is_nbgraders(cell: dict[str, Any]) -> None:
    """Is a cell's checksum nbgrader's, whatever the cell is for?"""
    assert compute_checksum(cell) == utils.compute_checksum(nbformat.from_dict(cell))
    assert not is_untouched(cell)
    cell["metadata"]["nbgrader"]["checksum"] = compute_checksum(cell)
    assert is_untouched(cell)


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize(
    "outputs",
    [
        [],
        [{"output_type": "error", "ename": "A", "evalue": "b", "traceback": []}],
        [{"output_type": "stream", "name": "stderr", "text": "a"}],
        [{"output_type": "stream", "name": "stdout", "text": "a"}],
    ],
)
def test_the_score_is_nbgraders(outputs: list[dict[str, Any]], touched: bool) -> None:
    """Is the score of each grade cell nbgrader's, with each output that we write?"""
    for cell in (c for c in CELLS if c["metadata"]["nbgrader"]["grade"]):
        made = copy.deepcopy(cell)
        if made["cell_type"] == "code":
            made["outputs"] = outputs
        if not touched:
            made["metadata"]["nbgrader"]["checksum"] = compute_checksum(made)
        theirs, _ = utils.determine_grade(nbformat.from_dict(made))
        assert compute_auto_score(made) == theirs


@pytest.mark.parametrize("lengths", [*product(LENGTHS, repeat=2)])
def test_long_outputs_are_cut_as_by_nbgrader(lengths: tuple[int, int]) -> None:
    """Is a long stream or traceback cut at nbgrader's own line?"""
    outputs: list[dict[str, Any]] = []
    for length in lengths:
        lines = [f"line {n}" for n in range(length)]
        error = {"output_type": "error", "ename": "A", "evalue": "b"}
        outputs.append(error | {"traceback": lines})
        stream = {"output_type": "stream", "name": "stdout"}
        outputs.append(stream | {"text": "\n".join(lines)})
    cell = make_cell("code", (False, False, False)) | {"outputs": outputs}
    theirs = nbformat.from_dict(copy.deepcopy(cell))
    LimitOutput().preprocess_cell(theirs, {}, 0)
    assert limit_outputs(outputs) == theirs.outputs
