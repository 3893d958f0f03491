"""Sample submissions as short recipes: what a student did right and wrong.

A recipe is a TOML file named by its fault, with a table for each assignment. The
demo class and the tests are made from the same recipes, each with the score that it
must get, and with what else must be seen: hints, repairs, the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.course.toml import TomlTable, load_toml
from unrolled.errors import UserError


@dataclass(frozen=True, kw_only=True)
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
    points. `copies` gives a second written copy of a cell, below the first.

    What must come back: `reason` says why it cannot be graded; `repairs` are the lines
    on what was mended, all of them, or none; `hints` names by grade id the
    misconceptions that a check tells, or words of its message, and no other
    misconception is told anywhere; what is None is not looked at;
    `counts` has words of the text that counts, by grade id; the feedback page `shows`
    words, and neither page nor graded notebook (but for the texts of cells) holds
    what it `hides`. In all of them a ``*`` stands for any words.
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
    copies: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    repairs: tuple[str, ...] | None = None
    hints: Mapping[str, str | Sequence[str]] | None = None
    counts: Mapping[str, str] = field(default_factory=dict)
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleStudent:
    """A sample student: the name is what is wrong with the work."""

    name: str
    about: str
    recipes: Mapping[str, Recipe]


def load_students(folder: Path) -> list[SampleStudent]:
    """All recipes of a folder, sorted by name; UserError names a bad file and key."""
    students = []
    for path in sorted(folder.glob("*.toml")):
        document = load_toml(path)
        about = document.get("about", str, "")
        names = [name for name in document.values if name != "about"]
        recipes = {name: _parse_recipe(name, document.table(name)) for name in names}
        students.append(SampleStudent(path.stem, about, recipes))
    if not students:
        raise UserError(f"{folder}: no recipes of sample submissions (*.toml) here.")
    return students


_TEXTS = ("first", "last", "raw", "answers", "encoding", "stamp", "of", "reason")
_LIST_NAMES = """
solve misconceptions styles delete double strip split merge repairs shows hides
"""
_LISTS = _LIST_NAMES.split()
_TABLES = ("cells", "edit", "rename", "retype", "files", "links", "copies", "counts")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_LISTS, list),
    **dict.fromkeys((*_TABLES, "metadata", "hints"), dict),
    **dict.fromkeys(_TEXTS, str),
    "expected": (int, float),
    **dict.fromkeys(("marks", "reverse"), bool),
    "days_late": int,
}


def _parse_recipe(assignment: str, table: TomlTable) -> Recipe:
    table.only(*_KINDS)
    for key in table.values:
        _require_kind(table, key)
    frozen: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table.values.items()
    }
    return Recipe(assignment=assignment, **{"expected": None, **frozen})


def _require_kind(table: TomlTable, key: str) -> None:
    """Refuse a value of the wrong kind, also inside of a list or a table."""
    value = table.get(key, _KINDS[key], None)
    if key in _LISTS and not _are_texts(value):
        raise table.fail(key, "must be a list of texts")
    if key in _TABLES and not _are_texts(value.values()):
        raise table.fail(key, "must be a table of texts")
    if key == "hints":
        for name, hints in value.items():
            if not _are_texts([hints] if isinstance(hints, str) else hints):
                raise table.fail(f"hints.{name}", "must be a text or a list of texts")


def _are_texts(values: Any) -> bool:
    several = isinstance(values, Iterable) and not isinstance(values, str)
    return several and all(isinstance(v, str) for v in values)
