"""Mistakes in a lesson are named by file, line and marker; a good one is expanded."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.author_course import LESSON, ROOT

from unrolled.author.lesson.from_notebook import format_lesson
from unrolled.author.lesson.parse import make_source_notebook, read_lesson
from unrolled.errors import UserError


def written(folder: Path, text: str) -> Path:
    """The lesson text as a file."""
    path = folder / "01_tiny" / "tiny.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_markers_become_nbgrader_metadata(tmp_path: Path) -> None:
    """Are exercises, checks and answers what nbgrader needs them to be?"""
    notebook = make_source_notebook(read_lesson(written(tmp_path, LESSON)))
    found = {
        c.metadata.nbgrader.grade_id: c.metadata.nbgrader
        for c in notebook.cells
        if "nbgrader" in c.metadata
    }
    assert [found["double"][k] for k in ("grade", "solution", "locked")] == [0, 1, 0]
    assert [found["double_values"][k] for k in ("grade", "solution", "locked")] == [
        1,
        0,
        1,
    ]
    assert [found["why"][k] for k in ("grade", "solution", "points")] == [1, 1, 40]
    assert notebook.cells[4].metadata.unrolled.show is True
    assert notebook.cells[3].metadata.unrolled.exercise == "double"
    assert all(set(c.metadata) <= {"nbgrader", "unrolled"} for c in notebook.cells)


def test_helper_cells_are_marked_and_come_back(tmp_path: Path) -> None:
    """Does helper=true reach the notebook, alone, on code, and return by import?"""
    marked = LESSON.replace("show=true", "helper=true")
    notebook = make_source_notebook(read_lesson(written(tmp_path / "a", marked)))
    assert notebook.cells[4].metadata.unrolled == {"helper": True}
    assert "# %% helper=true\n" in format_lesson(notebook, tmp_path)
    both = LESSON.replace("show=true", "show=true helper=true")
    with pytest.raises(UserError, match="on a code cell, alone"):
        read_lesson(written(tmp_path / "b", both))


def test_cell_ids_stay_when_other_cells_change(tmp_path: Path) -> None:
    """Do ids come from names and texts, not from places or chance?"""
    before = make_source_notebook(read_lesson(written(tmp_path / "a", LESSON)))
    more = "# %% [markdown]\n# New.\n\n" + LESSON
    after = make_source_notebook(read_lesson(written(tmp_path / "b", more)))
    assert [c.id for c in after.cells][1:] == [c.id for c in before.cells]


MISTAKES = {
    "unknown marker": ("show=true", "shwo=true", 25, "did you mean show"),
    "doubled id": ('answer="why"', 'answer="double"', 28, "taken by line 10"),
    "no solution": ("    ### BEGIN SOLUTION\n", "", 10, "a stub without a solution"),
    "open solution": ("    ### END SOLUTION\n", "", 13, "no END SOLUTION"),
    "open hidden": ("### END HIDDEN TESTS\n", "", 20, "no END HIDDEN TESTS"),
    "no points": ('"double_values" points=60', '"double_values"', 18, "no points"),
    "points of 0": ("points=60", "points=0", 18, "a number above 0"),
    "true for points": ("points=60", "points=true", 18, "a number above 0"),
    "points on a stub": ('"double"\n', '"double" points=5\n', 10, "only a check or an"),
    "two roles": ('check="double', 'exercise="a" check="double', 18, "either exercise"),
    "check first": (
        "\n# %%\n",
        '\n# %% check="a" points=60\n',
        6,
        "no exercise stands",
    ),
    "solution elsewhere": (
        "import numpy as np",
        "### BEGIN SOLUTION\nimport numpy as np\n### END SOLUTION",
        7,
        "only in an exercise cell",
    ),
    "two solutions": (
        "    return 2 * x\n",
        "    x = 2 * x\n    ### END SOLUTION\n    ### BEGIN SOLUTION\n    return x\n",
        16,
        "one region a cell",
    ),
    "two ends": (
        "    ### BEGIN SOLUTION\n    return 2 * x\n",
        "    return 2 * x\n    ### END SOLUTION\n",
        15,
        "one region a cell",
    ),
    "too much": ("points=60", "points=70", 28, "sum to 110, must be 100"),
    "bad sum": ("points=60", "points=50", 28, "sum to 90, must be 100"),
    "bad scheme": ("- 10 points", "- 5 points", 28, "give 35, the marker says 40"),
    "no scheme": ("**Marking scheme**", "Scheme", 28, "no line **Marking scheme**"),
    "bad name": ('exercise="double"', 'exercise="dou ble"', 10, "is no name"),
    "wrong kind": ("[markdown] answer", "answer", 28, "belongs on a markdown cell"),
    "not Python": ("return 2 * x", "return 2 *", 14, "not Python"),
    "too wide": ("return 2 * x", "return 2 * x  # " + "x" * 70, 14, "over 79"),
    "hidden elsewhere": (
        "import numpy as np",
        "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS",
        7,
        "only a check may have hidden tests",
    ),
    "cut statement": (
        "assert double(2) == 4\n### BEGIN HIDDEN TESTS\n",
        "assert (\n### BEGIN HIDDEN TESTS\n    double(2) == 4)\n",
        19,
        "cut through a statement",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_names_file_line_and_marker(name: str, tmp_path: Path) -> None:
    """Does the error lead straight to the line, and say what to do?"""
    old, new, line, words = MISTAKES[name]
    assert old in LESSON
    path = written(tmp_path, LESSON.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        read_lesson(path)
    said = str(caught.value).splitlines()
    assert any(x.startswith(f"{path}:{line}:") and words in x for x in said), said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Does an author see every mistake, not one a run?"""
    text = LESSON.replace("show=true", "shwo=true").replace("points=60", "points=5")
    with pytest.raises(UserError) as caught:
        read_lesson(written(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 2


def test_halves_of_points_come_back_by_import(tmp_path: Path) -> None:
    """Are 59.5 points in the notebook, and in the text that is made of it?"""
    text = LESSON.replace("points=60", "points=59.5")
    text = text.replace("points=40", "points=40.5").replace("- 10 ", "- 10.5 ")
    notebook = make_source_notebook(read_lesson(written(tmp_path, text)))
    assert notebook.cells[3].metadata.nbgrader.points == 59.5
    assert format_lesson(notebook, tmp_path) == text


def test_our_own_lessons_are_in_order() -> None:
    """Can every lesson of the course be read?"""
    lessons = sorted((ROOT / "lessons").glob("[0-9]*/[a-z]*.py"))
    texts = [p for p in lessons if p.stem == p.parent.name.split("_", 1)[1]]
    assert len(texts) >= 2
    for path in texts:
        cells = read_lesson(path).cells
        answers = sum(c.points or 0 for c in cells if c.role == "answer")
        assert 10 <= answers <= 20, f"{path}: {answers} points of written answers"
        assert all((c.points or 1) <= 5 for c in cells if c.role == "check")


def test_twin_cells_get_ids_of_their_own(tmp_path: Path) -> None:
    """Has each cell its own id where two have the same kind and text?"""
    twin = "\n# %% [markdown]\n# Now run it.\n\n# %%\nnumber = 3\n"
    text = LESSON.replace("\n# %% show", f"{twin}{twin}\n# %% show")
    cells = make_source_notebook(read_lesson(written(tmp_path, text))).cells
    assert sum(c.source == "Now run it." for c in cells) == 2
    assert len({c.id for c in cells}) == len(cells)
