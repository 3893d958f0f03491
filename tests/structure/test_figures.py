"""The figures of a tree are those that one counts by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import figures
import pytest
from figures import Function, measure_file, measure_tree
from tree_support import make_tree

MODULE = '''"""A module
of two lines."""

# A comment of its own.
from typing import Any


def read_marks(path: str, *more: Any, strict: bool = True) -> list[int]:  # beside
    """Read."""
    text = """
one

two"""

    def helper(x):
        return x

    return helper(text, 1, 2, 3, 4)


class Marks:
    @property
    def total(self) -> int:
        return 1

    def _sum_up(self, others):
        return self.total

    def __len__(self) -> int:
        return 0
'''


def test_a_file_is_measured(tmp_path: Path) -> None:
    """Are lines, comments, functions, annotations and calls those of the text?"""
    path = tmp_path / "marks.py"
    path.write_text(MODULE, encoding="utf-8")
    file = measure_file(path)
    assert (file.lines, file.code, file.comments) == (30, 16, 1)
    assert (file.anys, file.long_calls) == (1, 1)
    measured = {f.name: (f.lines, f.slots, f.typed) for f in file.functions}
    assert measured == {
        "read_marks": (11, 4, 4),
        "helper": (2, 2, 0),
        "total": (2, 1, 1),
        "_sum_up": (2, 2, 0),
        "__len__": (2, 1, 1),
    }
    named = {f.name for f in file.functions if f.is_named_by_us}
    assert named == {"read_marks", "_sum_up"}


@pytest.mark.parametrize(
    ("name", "has_verb"),
    [
        ("parse_roster", True),
        ("_write", True),
        ("is_late", True),
        ("grade", True),
        ("record_of", False),
        ("people_of", False),
        ("told", False),
        ("made_accounts", False),
        ("starts", False),
    ],
)
def test_a_verb_is_known(name: str, has_verb: bool) -> None:
    """Is a name told apart from one that only looks like a verb?"""
    function = Function(
        name=name, where="", lines=1, slots=1, typed=1, is_named_by_us=True
    )
    assert function.has_verb is has_verb


def test_a_tree_is_measured(tmp_path: Path) -> None:
    """Are folders, single importers and the longest function found?"""
    made = make_tree(
        tmp_path,
        {
            "grade/marks.py": MODULE,
            "grade/run.py": "import unrolled.grade.marks\nimport unrolled.errors",
            "grade/late_penalty.py": "",
            "errors.py": "",
            "cli.py": "import unrolled.errors",
        },
    )
    found = measure_tree(made)
    assert (found.modules, found.packages) == (7, 2)
    assert found.modules_with_one_importer == 1
    assert found.function_longest == 11
    assert found.function_longest_name.startswith("read_marks (")
    assert (found.function_median, found.function_90th) == (2, 11)
    assert found.annotated_share == 60.0
    assert (found.verb_share_public, found.verb_share_private) == (100.0, 100.0)
    assert found.largest_folder.endswith("grade")
    assert (found.largest_folder_files, found.files_per_folder) == (4, 3.5)


def test_a_door_does_not_count_as_an_importer(tmp_path: Path) -> None:
    """Does who takes a name through a door import the module behind it?"""
    files = {
        "grade/__init__.py": "from unrolled.grade.run import grade",
        "grade/run.py": "def grade():\n    pass",
        "cli.py": "from unrolled.grade import grade",
    }
    assert measure_tree(make_tree(tmp_path, files)).modules_with_one_importer == 1
    files["term.py"] = "import unrolled.grade.run"
    assert measure_tree(make_tree(tmp_path, files)).modules_with_one_importer == 0


def test_a_folder_that_is_no_package_is_refused(tmp_path: Path) -> None:
    """Is one told, instead of figures in which nobody imports anybody?"""
    make_tree(tmp_path, {"grade/marks.py": MODULE})
    command = [sys.executable, figures.__file__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 2 and "is no package" in done.stderr


def test_the_command_speaks_json(tmp_path: Path) -> None:
    """Does the script measure the folder that it is given, for a program?"""
    make_tree(tmp_path, {"grade/marks.py": MODULE})
    command = [sys.executable, figures.__file__, str(tmp_path / "unrolled"), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=600
    )
    assert json.loads(done.stdout)["functions"] == 5
