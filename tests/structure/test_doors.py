"""Every package has a door: `__all__` in its `__init__`, and nothing lies beside it.

It names functions and classes, or, as lab/figures, the modules that stand on a shelf.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from imports import Import, Tree, is_inside, read_tree, show_path

TREE = read_tree()
TOOLS = {"TYPE_CHECKING", "open_late"}  # of a door that opens late


def list_packages(tree: Tree) -> list[str]:
    """The packages that hold anything beside their door."""
    holders = {module.rpartition(".")[0] for module in tree.modules}
    return sorted(tree.packages & holders)


def find_faults(package: ModuleType) -> Iterator[str]:
    """What is wrong with a package's door."""
    shown = getattr(package, "__all__", None)
    if shown is None:
        yield "it has no __all__: list what others may use of the package"
        return
    for name in shown:
        yield from find_faults_of_name(package, name)
    if list(shown) != sorted(shown, key=rank_name):
        yield "__all__ is not sorted: CONSTANTS, then Classes, then functions"
    for name in sorted(list_names(package) - set(shown)):
        yield f"{name} lies beside the door: put it into __all__, or give it a _"


def find_faults_of_name(package: ModuleType, name: str) -> Iterator[str]:
    """What is wrong with one name of `__all__`."""
    module = f"{package.__name__}.{name}"
    try:
        if importlib.util.find_spec(module):
            value: object = importlib.import_module(module)
        else:
            value = getattr(package, name)
    except AttributeError:
        yield f"__all__ has {name}, which is not there: define it, or take it out"
        return
    if getattr(package, name) is not value:
        yield f"{name} hides the module {module}: give one of them another name"
    if not (getattr(value, "__doc__", None) or "").strip():
        yield f"{name} has no docstring: say what it is for"


def rank_name(name: str) -> tuple[int, str]:
    """The key of ruff's own order of `__all__` (RUF022)."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


def list_names(package: ModuleType) -> set[str]:
    """The public names of a package, its own modules and `annotations` left out."""
    return {
        name
        for name, value in vars(package).items()
        if not name.startswith("_")
        and name not in TOOLS
        and type(value).__module__ != "__future__"
        and not is_submodule(value, package.__name__)
    }


def is_submodule(value: object, package: str) -> bool:
    """Is it a module of the package? Python puts those there, whoever imports them."""
    return isinstance(value, ModuleType) and value.__name__.startswith(f"{package}.")


@pytest.mark.parametrize("package", list_packages(TREE))
def test_a_package_has_a_door(package: str) -> None:
    """Does the door name all that is public, sorted, there, and with a docstring?"""
    faults = list(find_faults(importlib.import_module(package)))
    where = show_path(TREE.modules[package])
    if faults:
        pytest.fail("\n".join(f"{where}:1: {one}" for one in faults), pytrace=False)


def test_the_doors_are_those_of_the_source() -> None:
    """Are all packages asked?"""
    assert {"unrolled.grade", "unrolled.lab.figures"} < set(list_packages(TREE))


GOOD = '''"""A door."""
from __future__ import annotations
from made_door import inside as _inside
from made_door.inside import Judge, judge
WAIT = 3
__all__ = ["WAIT", "Judge", "judge"]
'''
INSIDE = '''"""A module."""
class Judge:
    """A judge."""
def judge():
    """Judge."""
def say():
    pass
'''


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of its own, with a good door."""
    folder = tmp_path / "made_door"
    folder.mkdir()
    (folder / "inside.py").write_text(INSIDE, encoding="utf-8")
    (folder / "__init__.py").write_text(GOOD, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in ("made_door", "made_door.inside"):
        sys.modules.pop(name, None)


def test_a_good_door_has_no_fault(made: Path) -> None:
    """Is nothing found where all is well?"""
    assert list(find_faults(importlib.import_module("made_door"))) == []
    assert list_packages(read_tree(made)) == ["made_door"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("__all__ = ", "_all = ", "it has no __all__"),
        ('"Judge", "judge"]', '"judge", "Judge"]', "__all__ is not sorted"),
        ('"judge"]', '"judge", "lost"]', "__all__ has lost, which is not there"),
        (', "judge"]', "]", "judge lies beside the door"),
        ("WAIT = 3", "import json\nWAIT = 3", "json lies beside the door"),
        ('"judge"]', '"judge", "say"]', "say has no docstring"),
        ('"judge"]', '"inside", "judge"]\ninside = 4', "inside hides the module"),
    ],
)
def test_a_faulty_door_is_noticed(made: Path, old: str, new: str, fault: str) -> None:
    """Is each fault of a door found, and no other?"""
    text = GOOD.replace(old, new).replace("Judge, judge\n", "Judge, judge, say\n")
    text = text if '"say"' in text else text.replace(", say\n", "\n")
    (made / "__init__.py").write_text(text, encoding="utf-8")
    (found,) = find_faults(importlib.import_module("made_door"))
    assert found.startswith(fault)


LATE = '''"""A late door."""
from typing import TYPE_CHECKING
from unrolled.doors import open_late
if TYPE_CHECKING:
    from made_door.inside import Judge, judge
else:
    __getattr__ = open_late(__name__)
__all__ = ["Judge", "judge"]
'''


def test_a_late_door_loads_what_is_asked_for(made: Path) -> None:
    """Is nothing loaded with the package, and each name when somebody wants it?"""
    (made / "__init__.py").write_text(LATE, encoding="utf-8")
    door = importlib.import_module("made_door")
    assert "made_door.inside" not in sys.modules
    assert list(find_faults(door)) == []
    assert door.judge is sys.modules["made_door.inside"].judge
    with pytest.raises(AttributeError, match="'made_door' has no attribute 'say'"):
        _ = door.say


def find_bypasses(tree: Tree) -> list[str]:
    """Imports that go past a door which has the name that they take."""
    doors = {package: read_door(tree, package) for package in tree.packages}
    return [
        f"{one.where}: {one.importer} takes {one.name} from {one.module}; the door has "
        f"it: from {door} import {one.name}"
        for one in tree.imports
        if (door := find_passed_door(tree, doors, one))
    ]


def read_door(tree: Tree, package: str) -> set[str]:
    """The names of a door, without the modules that stand on a shelf."""
    syntax = ast.parse(tree.modules[package].read_text(encoding="utf-8"))
    lists = [
        ast.literal_eval(node.value)
        for node in syntax.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    shown = {name for names in lists for name in names}
    return {name for name in shown if f"{package}.{name}" not in tree.modules}


def find_passed_door(tree: Tree, doors: dict[str, set[str]], one: Import) -> str:
    """The outermost door that has the name, and that the importer is outside of."""
    if one.module not in tree.modules or one.module in tree.packages:
        return ""
    parts = one.module.split(".")
    for end in range(2, len(parts)):
        package = ".".join(parts[:end])
        if not is_inside(one.importer, package) and one.name in doors.get(package, ()):
            return package
    return ""


def test_names_of_a_door_are_taken_there() -> None:
    """Does nobody reach past a door for what lies on it?"""
    found = find_bypasses(TREE)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_who_goes_past_a_door_is_found(tmp_path: Path) -> None:
    """Is it told with the door, in a function too, and nothing of what it lacks?"""
    files = {
        "__init__.py": "",
        "user.py": "from made.room.inside import judge, other\n"
        "def late():\n    from made.room.inside import judge\n"
        "from made.room.shelf import shelf\n",
        "room/__init__.py": '__all__ = ["judge", "shelf"]\n',
        "room/inside.py": "from made.room.shelf import judge\n",
        "room/shelf.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    first, second = sorted(find_bypasses(read_tree(tmp_path / "made")))
    assert first.endswith("the door has it: from made.room import judge")
    assert "user.py:1:" in first and "user.py:3:" in second
