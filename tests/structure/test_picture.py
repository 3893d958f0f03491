"""The picture of the packages shows what the imports say."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from imports import read_tree
from picture import (
    BOX,
    PICTURE,
    draw,
    find_levels,
    lay_out,
    read_arrows,
    reduce_graph,
    space_out,
)
from tree_support import make_tree

FILES = {
    "errors.py": '"""What goes wrong & why."""',
    "course/__init__.py": '"""The course, as `course.toml` has it."""',
    "course/model.py": "import unrolled.errors",
    "grade/run.py": "import unrolled.course.model\nimport unrolled.errors",
    "cli/app.py": "import unrolled.grade.run\nimport unrolled.errors",
    "__main__.py": "import unrolled.cli.app",
}


def test_the_picture_is_fresh() -> None:
    """Is the picture in docs/ the one of these imports?"""
    old = PICTURE.read_text(encoding="utf-8") if PICTURE.is_file() else ""
    is_fresh = draw(read_tree()) == old  # two long texts, which no report shall show
    assert is_fresh, "run: python tests/structure/picture.py --write"


def test_an_arrow_that_others_imply_is_left_out(tmp_path: Path) -> None:
    """Do only those arrows stay that no way around replaces?"""
    assert read_arrows(make_tree(tmp_path, FILES)) == {
        "unrolled.cli": {"unrolled.grade"},
        "unrolled.grade": {"unrolled.course"},
        "unrolled.course": {"unrolled.errors"},
        "unrolled.errors": set(),
    }


def test_a_circle_is_refused() -> None:
    """Is a circle named, and no picture drawn that hides it?"""
    with pytest.raises(ValueError, match="a circle among b, c"):
        reduce_graph({"a": set(), "b": {"a", "c"}, "c": {"b"}})


def test_every_arrow_goes_down() -> None:
    """Does each box stand above all that it imports, and near to who imports it?"""
    arrows = {"a": {"b", "s"}, "b": {"c"}, "c": {"d"}, "d": set(), "s": set()}
    levels = find_levels(arrows)
    assert levels == {"a": 3, "b": 2, "c": 1, "d": 0, "s": 2}


def test_no_boxes_overlap() -> None:
    """Have all boxes of a level, and the arrows that pass them, room of their own?"""
    arrows = {name: {"low"} for name in "abcdefg"} | {"low": set()}
    arrows["top"] = {*"abc"}
    layout = lay_out(arrows)
    for row in layout.rows:
        middles = [layout.middles[node] for node in row]
        assert middles == sorted(middles)
    packed = space_out(["a", "b", "c"], [0.0, 0.0, 0.0])
    left, middle, right = packed
    assert middle == 0
    assert right - middle == middle - left > BOX


def test_the_picture_has_boxes_words_and_arrows(tmp_path: Path) -> None:
    """Is it SVG with a box for each place, its docstring, and each arrow?"""
    text = draw(make_tree(tmp_path, FILES))
    root = ElementTree.fromstring(text)
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"cli", "grade", "course", "errors", "What goes wrong & why"} < set(words)
    assert "The course, as course.toml has" in words
    assert "__main__" not in words
    assert text.count('class="package"') == 3
    assert text.count('class="module"') == 1
    assert text.count('class="arrow"') == 3
    assert "prefers-color-scheme: dark" in text


def test_the_same_imports_give_the_same_picture(tmp_path: Path) -> None:
    """Is nothing of it left to chance?"""
    made = make_tree(tmp_path, FILES)
    assert draw(made) == draw(made)
