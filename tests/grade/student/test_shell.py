"""Outputs of a submission are those that Jupyter would show."""

from __future__ import annotations

import base64
import re
import struct
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from unrolled.assignment.load import load_material
from unrolled.author.verify.execute import execute_if_changed
from unrolled.course.limits import Limits
from unrolled.course.model import load_course
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.session.session import Budget, Session
from unrolled.grade.submission.outputs import sanitize_outputs

ROOT = Path(__file__).parents[3]
COURSE = load_course(ROOT)
LIMITS = Limits(cell_seconds=120, submission_seconds=600)
Output = dict[str, Any]
MIXED = """
import sys
import matplotlib.pyplot as plt
from IPython.display import HTML, display
print("first")
print("aside", file=sys.stderr)
display("shown")
display(HTML("<b>bold</b>"))
print("second", end="")
print(" goes on")
plt.plot([1, 3, 2])
plt.show()
print("after the figure")
fig, ax = plt.subplots(figsize=(2, 1))
{"a": 1}
"""
FAILING = """
print("before")
def inner():
    return 1 / 0
inner()
"""


@pytest.fixture(autouse=True)
def usual_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels choose how figures are drawn, as they do for students."""
    monkeypatch.delenv("MPLBACKEND", raising=False)


def in_the_worker(
    cells: list[str], data: dict[str, bytes] | None = None
) -> list[list[Output]]:
    """The outputs of cells in the grader's process for students."""
    channel = select_trusted_worker().open(data or {}, LIMITS)
    session = Session(channel, Budget(limits=LIMITS, end=time.monotonic() + 600))
    try:
        session.start()
        return [
            sanitize_outputs(session.run_cell(n, source)[1])
            for n, source in enumerate(cells)
        ]
    finally:
        session.close()


def in_jupyter(cells: list[str], folder: Path) -> list[list[Output]]:
    """The outputs of cells in a kernel, harmless parts only."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(c) for c in cells]
    )
    client = NotebookClient(notebook, timeout=300, allow_errors=True)
    client.execute(cwd=str(folder))
    return [sanitize_outputs([dict(o) for o in c.outputs]) for c in notebook.cells]


MEASURED = {  # what tells seconds, or where it lies, cannot be the same twice
    "06_char_rnn": re.compile(r"in \d+ s|looked for at [^)]*"),
    "07_hardware": re.compile(r"[-+\d., ]+(e[-+]\d+)?"),
}


def plain(outputs: list[Output], name: str = "") -> list[Any]:
    """What is compared: texts word for word, pictures by size, errors by name."""
    return [_plain(o, MEASURED.get(name, re.compile(r"(?!)"))) for o in outputs]


def _plain(output: Output, measured: re.Pattern[str]) -> Any:
    if output["output_type"] == "stream":
        return (output["name"], measured.sub("#", output["text"]))
    if output["output_type"] == "error":
        text = re.sub(r" \(.*, line", " (line", output["evalue"])  # the cell's file
        return ("error", output["ename"], text)
    picture = output["data"].get("image/png")
    text = measured.sub("#", output["data"]["text/plain"])
    # A figure of measured times is as wide as its labels.
    there = bool(picture) if measured in MEASURED.values() else picture
    return ("shown", text, there and (there is True or size(there)))


def size(png: str) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    width, height = struct.unpack(">II", base64.b64decode(png)[16:24])
    return width, height


@pytest.mark.parametrize("name", COURSE.assignments)
def test_a_solution_shows_what_it_shows_in_jupyter(name: str) -> None:
    """Are texts equal, and figures there and of the same size, in every cell?"""
    material = load_material(COURSE, name)
    run = execute_if_changed(material, COURSE.build / "rendered")
    there = [c for c in run.notebook.cells if c.cell_type == "code"]
    theirs = [sanitize_outputs([dict(o) for o in c.outputs]) for c in there]
    cells = [c.source for c in there]
    mine = in_the_worker(cells, material.data)
    for source, ours, real in zip(cells, mine, theirs, strict=True):
        if "model.summary(" in source:  # rich asks for the class of the shell
            assert ours and real
            continue
        assert plain(ours, name) == plain(real, name), source
    figures = [o for cell in mine for o in cell if "image/png" in o.get("data", {})]
    assert len(figures) >= 3


def test_everything_comes_in_the_order_in_which_it_came(tmp_path: Path) -> None:
    """Do text, objects and figures of one cell keep their order?"""
    (ours,), (real,) = in_the_worker([MIXED]), in_jupyter([MIXED], tmp_path)
    assert plain(ours) == plain(real)
    kinds = [o["output_type"] for o in ours]
    assert kinds.count("display_data") == 5


def test_an_error_is_the_same_error(tmp_path: Path) -> None:
    """Does a failing cell keep what it said before, and the next cell run?"""
    cells = [FAILING, "1 +", "print('still here')"]
    ours, real = in_the_worker(cells), in_jupyter(cells, tmp_path)
    assert [plain(o) for o in ours] == [plain(o) for o in real]
    assert ours[0][0]["text"] == "before\n"


def test_a_stream_is_cut_and_says_so() -> None:
    """Is a giant output kept to its beginning, and is what follows still shown?"""
    (outputs,) = in_the_worker(["print('x' * 10**6)\ndisplay('after')"])
    assert len(outputs[0]["text"]) == 50_000
    assert outputs[1]["data"]["text/plain"] == "'after'"
    assert outputs[2]["text"] == "\n... 950001 more characters"
