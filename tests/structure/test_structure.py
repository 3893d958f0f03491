"""The layout of src keeps its promises, and each rule notices who breaks it.

The rules are data and functions of `imports.py` and `circles.py`. A message says where
and what to do.
"""

from __future__ import annotations

from pathlib import Path

import imports
import pytest
from circles import Circle, find_circles, name_folder, name_place
from imports import (
    MAY_IMPORT,
    MORE_FILES,
    MOST_FILES,
    SPEAKER,
    STUDENT,
    Tree,
    find_crowded,
    find_idle_exceptions,
    find_leaks,
    find_open_doors,
    find_speakers,
    find_unplaced,
    find_upward,
    read_tree,
)
from tree_support import make_tree


@pytest.fixture(scope="module")
def tree() -> Tree:
    """The project's own source."""
    return read_tree()


def refuse(findings: list[str] | list[Circle]) -> None:
    """Fail with the findings, one a line, if there are any."""
    if findings:
        pytest.fail("\n".join(str(one) for one in findings), pytrace=False)


def require_package(tree: Tree, package: str) -> None:
    """Fail if the package is gone: a rule about nothing always holds."""
    if package not in tree.packages:
        pytest.fail(f"imports.py speaks of {package}, which is gone", pytrace=False)


# The project's own source.


def test_all_of_it_is_read(tree: Tree) -> None:
    """Is the whole source looked at, with all that its modules import?"""
    assert len(tree.modules) > 150
    assert len(list(tree.own_imports)) > 500
    assert tree.packages > {"unrolled", "unrolled.grade", "unrolled.lab.figures"}


def test_no_module_imports_itself_in_a_circle(tree: Tree) -> None:
    """Can each module be read after those that it imports?"""
    refuse(find_circles(tree))


def test_no_folder_imports_itself_in_a_circle(tree: Tree) -> None:
    """Can each folder be read after those that it imports?"""
    refuse(find_circles(tree, name_folder))


def test_no_package_imports_itself_in_a_circle(tree: Tree) -> None:
    """Can each package of the first level be read after those that it imports?"""
    refuse(find_circles(tree, name_place))


def test_every_place_has_its_line_in_the_order(tree: Tree) -> None:
    """Does the order know every package and every loose module?"""
    refuse(find_unplaced(tree))


def test_no_import_runs_up(tree: Tree) -> None:
    """Does every import go down the order?"""
    refuse(find_upward(tree))


def test_no_folder_is_crowded(tree: Tree) -> None:
    """Does each folder hold no more files than one takes in at a glance?"""
    refuse(find_crowded(tree))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_boundary_holds(tree: Tree, package: str) -> None:
    """Do the folders that must know little of ours know no more than that?"""
    require_package(tree, package)
    refuse(find_leaks(tree, package))


def test_the_way_to_the_student_loads_nothing_else(tree: Tree) -> None:
    """Do the doors above grade/student leave the judge's code where it is?"""
    refuse(find_open_doors(tree, STUDENT))


def test_one_package_speaks_with_the_gradebook(tree: Tree) -> None:
    """Is nbgrader's database known to one package only?"""
    require_package(tree, SPEAKER)
    refuse(find_speakers(tree))


def test_no_exception_is_idle(tree: Tree) -> None:
    """Is every exception still needed?"""
    refuse(find_idle_exceptions(tree))


# Made trees, each of which breaks a rule.


ALL_KINDS = """from typing import TYPE_CHECKING
import unrolled.errors
from unrolled.grade import judge, Verdict
from . import marks
from ..course import model as course
if TYPE_CHECKING:
    from .results import Result
def grade():
    from unrolled.files import write
"""


def test_each_kind_of_import_is_read(tmp_path: Path) -> None:
    """Is an import seen in a function, for types, relative, and of a module by name?"""
    names = ("marks", "results", "judge/judge")
    files = {f"grade/{name}.py": "" for name in names} | {"grade/run.py": ALL_KINDS}
    files |= {"errors.py": "", "files.py": "", "course/model.py": ""}
    made = make_tree(tmp_path, files)
    seen = {one.module: (one.line, one.is_late) for one in made.own_imports}
    assert seen == {
        "unrolled.errors": (2, False),
        "unrolled.grade.judge": (3, False),
        "unrolled.grade": (3, False),
        "unrolled.grade.marks": (4, False),
        "unrolled.course.model": (5, False),
        "unrolled.grade.results": (7, True),
        "unrolled.files": (9, True),
    }


def test_a_door_reads_its_own_dots(tmp_path: Path) -> None:
    """Does one dot in a door stand for the door's own package?"""
    made = make_tree(
        tmp_path, {"grade/__init__.py": "from . import run", "grade/run.py": ""}
    )
    assert [one.module for one in made.own_imports] == ["unrolled.grade.run"]


def test_a_circle_of_modules_is_noticed(tmp_path: Path) -> None:
    """Is a circle found where one of its imports hides in a function?"""
    late = "\ndef grade():\n    from unrolled.grade import marks\n"
    made = make_tree(
        tmp_path,
        {
            "grade/marks.py": "from unrolled.grade import writer",
            "grade/writer.py": "import unrolled.grade.run",
            "grade/run.py": late,
            "grade/results.py": "import unrolled.grade.run",
        },
    )
    (circle,) = find_circles(made)
    members = ("unrolled.grade.marks", "unrolled.grade.run", "unrolled.grade.writer")
    assert circle.members == members
    assert len(circle.edges) == 3
    where = f"{tmp_path}/unrolled/grade/run.py:3"
    assert f"{where}: unrolled.grade.run imports unrolled.grade.marks" in str(circle)


def test_a_circle_of_folders_is_noticed(tmp_path: Path) -> None:
    """Is a circle found that no two modules make?"""
    made = make_tree(
        tmp_path,
        {
            "author/build.py": "from unrolled.author.lesson import parse",
            "author/work.py": "",
            "author/lesson/parse.py": "",
            "author/lesson/model.py": "from unrolled.author import work",
        },
    )
    assert find_circles(made) == []
    (circle,) = find_circles(made, name_folder)
    assert circle.members == ("unrolled.author", "unrolled.author.lesson")
    assert find_circles(made, name_place) == []


def test_a_circle_of_packages_is_noticed(tmp_path: Path) -> None:
    """Is a circle found between packages of which no two folders make one?"""
    made = make_tree(
        tmp_path,
        {
            "hub/setup/start.py": "import unrolled.canvas.api.http",
            "canvas/api/http.py": "",
            "canvas/roster/read.py": "import unrolled.hub.lti.key",
            "hub/lti/key.py": "",
        },
    )
    assert find_circles(made, name_folder) == []
    (circle,) = find_circles(made, name_place)
    assert circle.members == ("unrolled.canvas", "unrolled.hub")


def test_a_door_over_its_own_rooms_is_no_circle(tmp_path: Path) -> None:
    """May a door show what lies deeper, as long as nobody inside goes through it?"""
    files = {
        "canvas/__init__.py": "from unrolled.canvas.api.push import push",
        "canvas/model.py": "",
        "canvas/api/push.py": "from unrolled.canvas import model",
    }
    assert find_circles(make_tree(tmp_path, files), name_folder) == []
    files["canvas/api/push.py"] = "from unrolled.canvas import push"
    assert find_circles(make_tree(tmp_path, files), name_folder) != []


def test_a_place_without_a_line_is_noticed(tmp_path: Path) -> None:
    """Is a new package, and a new folder of grade/, asked for its line?"""
    made = make_tree(tmp_path, {"helpers/x.py": "", "grade/tricks/y.py": ""})
    first, second = find_unplaced(made)
    assert "unrolled/grade/tricks/" in first
    assert "ORDER['unrolled.grade'] has no 'tricks'" in first
    assert "unrolled/helpers/" in second
    assert "ORDER['unrolled'] has no 'helpers'" in second


@pytest.mark.parametrize(
    ("importer", "imported", "words"),
    [
        ("course/model.py", "unrolled.pipeline", "'pipeline' stands above 'course'"),
        ("files.py", "unrolled.timestamps", "'timestamps' stands beside 'files'"),
        ("grade/judge/a.py", "unrolled.grade.run", "'.' stands above 'judge'"),
        ("grade/judge/a.py", "unrolled.grade.doctor.b", "'doctor' stands beside"),
        ("grade/run.py", "unrolled.grade", "'__init__' stands above '.'"),
        ("hub/plan.py", "unrolled.hub.setup.start", "'setup' stands above '.'"),
        ("errors.py", "unrolled.__main__", "'__main__' stands above 'errors'"),
    ],
)
def test_an_import_that_runs_up_is_noticed(
    tmp_path: Path, importer: str, imported: str, words: str
) -> None:
    """Is an import upwards or sideways found, with its line and the two places?"""
    files = {
        "pipeline.py": "",
        "timestamps.py": "",
        "grade/run.py": "",
        "grade/doctor/b.py": "",
        "hub/setup/start.py": "",
        "__main__.py": "",
    }
    made = make_tree(tmp_path, files | {importer: f"\n\nimport {imported}\n"})
    (finding,) = find_upward(made)
    assert finding.startswith(f"{tmp_path}/unrolled/{importer}:3: ")
    assert words in finding


def test_an_import_that_runs_down_is_welcome(tmp_path: Path) -> None:
    """Is nothing found where all is well?"""
    files = {
        "__init__.py": "__version__ = '1'",
        "errors.py": "",
        "grade/__init__.py": "from unrolled.grade.run import run",
        "grade/run.py": "import unrolled\nimport unrolled.grade.judge.a",
        "grade/judge/a.py": "import unrolled.errors",
        "hub/setup/start.py": "from unrolled.hub import plan",
        "hub/plan.py": "from unrolled.grade import run",
        "cli/app.py": "import unrolled.hub.setup.start",
    }
    made = make_tree(tmp_path, files)
    assert find_upward(made) == find_unplaced(made) == []


@pytest.mark.parametrize("folder", ["grade", "lab/figures"])
def test_a_crowded_folder_is_noticed(tmp_path: Path, folder: str) -> None:
    """Is one file too many found, the door counted, and not one before it?"""
    package = f"unrolled.{folder.replace('/', '.')}"
    most = MORE_FILES.get(package, MOST_FILES)
    files = {f"{folder}/m{number}.py": "" for number in range(most - 1)}
    assert find_crowded(make_tree(tmp_path, files)) == []
    made = make_tree(tmp_path, {f"{folder}/more.py": ""})
    (finding,) = find_crowded(made)
    assert f"unrolled/{folder}: {most + 1} files" in finding


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_leak_is_noticed(tmp_path: Path, package: str) -> None:
    """Is an import over a boundary found, and what is allowed let through?"""
    module = package.removeprefix("unrolled.").replace(".", "/") + "/x.py"
    allowed = "".join(f"import {name}\n" for name in MAY_IMPORT[package])
    files = {
        "errors.py": "",
        "sandbox/isolate.py": "",
        "grade/protocol/codec.py": "",
        "course/secret.py": "",
        module: allowed,
    }
    assert find_leaks(make_tree(tmp_path, files), package) == []
    files[module] = f"{allowed}def peep():\n    import unrolled.course.secret\n"
    (finding,) = find_leaks(make_tree(tmp_path, files), package)
    line = len(MAY_IMPORT[package]) + 2
    assert finding.startswith(f"{tmp_path}/unrolled/{module}:{line}: ")


def test_a_door_that_loads_the_judge_is_noticed(tmp_path: Path) -> None:
    """Is a door found that brings the judge into the student's process?

    The same import in a function is none: it waits until somebody asks.
    """
    files = {
        "grade/judge/judge.py": "",
        "grade/student/child.py": "",
        "grade/__init__.py": "from unrolled.grade.judge import judge",
    }
    (finding,) = find_open_doors(make_tree(tmp_path, files), STUDENT)
    assert finding.startswith(f"{tmp_path}/unrolled/grade/__init__.py:1: ")
    files["grade/__init__.py"] = (
        "def __getattr__(name):\n    from unrolled.grade.judge import judge\n"
    )
    assert find_open_doors(make_tree(tmp_path, files), STUDENT) == []


@pytest.mark.parametrize(
    "line",
    [
        "from nbgrader.api import Gradebook, MissingEntry",
        "from nbgrader import api",
        "import sqlalchemy",
        "from sqlalchemy.exc import SAWarning",
        "def read():\n    import sqlite3",
    ],
)
def test_a_second_speaker_is_noticed(tmp_path: Path, line: str) -> None:
    """Is each way to the gradebook's database found outside of gradebook/?"""
    files = {"gradebook/open.py": line, "grade/run.py": "import nbgrader.apps"}
    assert find_speakers(make_tree(tmp_path, files)) == []
    (finding,) = find_speakers(make_tree(tmp_path, {"grade/run.py": line}))
    number = 1 + line.count("\n")
    assert finding.startswith(f"{tmp_path}/unrolled/grade/run.py:{number}: ")


def test_an_exception_is_one_only_while_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does an exception let its import through, and is it refused once that is gone?"""
    pair = ("unrolled.grade.run", "sqlalchemy.exc.SAWarning")
    monkeypatch.setattr(imports, "EXCEPTIONS", {pair: "a warning is silenced"})
    line = "from sqlalchemy.exc import SAWarning"
    made = make_tree(tmp_path, {"grade/run.py": line})
    assert find_speakers(made) == find_idle_exceptions(made) == []
    made = make_tree(tmp_path, {"grade/run.py": ""})
    (finding,) = find_idle_exceptions(made)
    assert "unrolled.grade.run" in finding
