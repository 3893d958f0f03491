"""Made submissions, told as short recipes: what a student did right and wrong.

A recipe is a TOML file named by its fault, with a table for each assignment. The
demo class and the tests are cooked from the same recipes, each with the score
that it must get.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.errors import UserError


@dataclass(frozen=True)
class Recipe:
    """One student's submission of one assignment.

    `expected` is the score after marks and late penalty, None if it cannot be
    graded. `solve` lists the exercises done right ("all" for every one),
    `misconceptions` and `styles` name entries of the catalogue, `cells` gives
    whole solution cells, `first` and `last` own cells at both ends; `edit`, `delete`,
    `double`, `rename`, `strip`, `split`, `merge` (with the next), `retype`
    and `metadata` work on cells by grade id, `reverse` on their order. `raw` is
    the text of a file that is no notebook, in `encoding`; `files` lie beside the
    notebook, `links` are symbolic links; `stamp` is the text of timestamp.txt;
    `of` is the assignment whose untouched notebook is handed in;
    `answers` are the written answers, `marks` whether a marker has given them full
    points.
    """

    assignment: str
    expected: float | None
    solve: tuple[str, ...] = ("all",)
    misconceptions: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    edit: Mapping[str, str] = field(default_factory=dict)
    delete: tuple[str, ...] = ()
    double: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    strip: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    merge: tuple[str, ...] = ()
    retype: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reverse: bool = False
    raw: str = ""
    encoding: str = "utf-8"
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    stamp: str = ""
    of: str = ""
    answers: str = "I think so because the figure shows it."
    marks: bool = True
    days_late: int = 0


@dataclass(frozen=True)
class Student:
    """A made student: the name is what is wrong with the work."""

    name: str
    about: str
    recipes: Mapping[str, Recipe]


def load_students(folder: Path) -> list[Student]:
    """All recipes of a folder, sorted by name; UserError names a bad file and key."""
    found = [_student(path) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise UserError(f"{folder}: no recipes (*.toml) of made submissions here.")
    return found


def _student(path: Path) -> Student:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    about = document.pop("about", "")
    if not isinstance(about, str):
        raise UserError(f"{path}: about: must be a text.")
    recipes = {name: _recipe(path, name, table) for name, table in document.items()}
    return Student(path.stem, about, recipes)


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("solve", "misconceptions", "styles"), list),
    **dict.fromkeys(("delete", "double", "strip", "split", "merge"), list),
    **dict.fromkeys(("cells", "edit", "rename", "retype", "metadata"), dict),
    **dict.fromkeys(("files", "links"), dict),
    **dict.fromkeys(("first", "last", "raw", "answers", "encoding"), str),
    **dict.fromkeys(("stamp", "of"), str),
    "expected": (int, float),
    **dict.fromkeys(("marks", "reverse"), bool),
    "days_late": int,
}


def _recipe(path: Path, assignment: str, table: Any) -> Recipe:
    if not isinstance(table, dict):
        raise UserError(f"{path}: {assignment}: must be a table, [{assignment}].")
    unknown = sorted(set(table) - _KINDS.keys())
    if unknown:
        raise UserError(f"{path}: {assignment}: unknown key {', '.join(unknown)}.")
    for key, value in table.items():
        if not isinstance(value, _KINDS[key]):
            raise UserError(f"{path}: {assignment}.{key}: {value!r} is no such thing.")
    table = {"expected": None, **table}
    frozen: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table.items()
    }
    return Recipe(assignment, **frozen)
