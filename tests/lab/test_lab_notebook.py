"""The package in a real kernel, without a front end."""

import re
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="pip install nbformat")
nbconvert = pytest.importorskip("nbconvert", reason="pip install nbconvert")

CELLS = [
    "from unrolled.lab import check, explore, show, style\n"
    "import matplotlib.pyplot as plt\n"
    "style.use()\n"
    "fig, ax = plt.subplots()\n"
    "ax.plot([1, 3, 2])\n"
    "show(fig, alt='A line that rises')",
    "explore(lambda ax, k: ax.plot([0, k]), alt='A line', size=(3, 2), k=(1, 3))",
    "def rnn_step(x_t):\n    y = x_t + 1\n    return y.wrong",
    "check.call(rnn_step, 1)",
]


@pytest.fixture(scope="module")
def executed() -> Any:
    """A notebook that ran from top to bottom, errors allowed."""
    v4 = nbformat.v4
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [v4.new_code_cell(text) for text in CELLS]
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    run = nbconvert.preprocessors.ExecutePreprocessor(timeout=120, allow_errors=True)
    return run.preprocess(notebook, {})[0]


def test_figures_have_a_picture_and_words(executed: Any) -> None:
    """Does each figure give exactly one output with PNG, HTML and words?"""
    for cell, words in zip(
        executed.cells, ("A line that rises", "A line"), strict=False
    ):
        (output,) = cell.outputs
        assert output.output_type == "display_data"
        assert output.data["text/plain"] == words
        assert {"image/png", "text/html"} <= set(output.data)


def test_pages_show_pictures_with_words(executed: Any) -> None:
    """Do web pages show both pictures with their words where they are preferred?"""
    order = ["text/html", "image/png", "text/plain"]
    from traitlets.config import Config

    config = Config(NbConvertBase={"display_data_priority": order})
    page, _ = nbconvert.HTMLExporter(config=config).from_notebook_node(executed)
    tags = re.findall(r"<img[^>]*>", page)
    words = [re.findall('alt="([^"]*)"', tag) for tag in tags]
    assert words == [["A line that rises"], ["A line"]]
    assert "data:image/png;base64," in tags[1]


def test_a_failed_check_is_short(executed: Any) -> None:
    """Is an exception in a cell told with the cell's own line, without a traceback?"""
    (error,) = executed.cells[3].outputs
    assert error.ename == "CheckFailed"
    assert " ".join(error.traceback) == (
        "rnn_step raised AttributeError: 'int' object has no attribute 'wrong' (line 3:"
        "   `return y.wrong`)"
    )
