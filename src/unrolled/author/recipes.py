"""Made submissions, told as short recipes: what a student did right and wrong.

A recipe is a TOML file named by its fault, with a table for each assignment. The
demo class and the tests are cooked from the same recipes, each with the score
that it must get.
"""

from __future__ import annotations

import ast
import copy
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.author.cases import solved, with_function
from unrolled.author.catalogue import Misconception, Style
from unrolled.errors import UserError
from unrolled.grade.reference import Reference, is_answer, is_exercise, meta
from unrolled.grade.task import Material, Notebook


@dataclass(frozen=True)
class Recipe:
    """One student's submission of one assignment.

    `expected` is the score after marks and late penalty, None if it cannot be
    graded. `solve` lists the exercises done right ("all" for every one),
    `misconceptions` and `styles` name entries of the catalogue, `cells` gives
    whole solution cells, `first` an own cell at the top; `edit`, `delete`,
    `double`, `rename` and `strip` work on cells by grade id; `raw` is the text
    of a file that is no notebook; `answers` are the written answers, `marks`
    whether a marker has given them full points.
    """

    assignment: str
    expected: float | None
    solve: tuple[str, ...] = ("all",)
    misconceptions: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    edit: Mapping[str, str] = field(default_factory=dict)
    delete: tuple[str, ...] = ()
    double: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    strip: tuple[str, ...] = ()
    raw: str = ""
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
    **dict.fromkeys(("delete", "double", "strip"), list),
    **dict.fromkeys(("cells", "edit", "rename"), dict),
    **dict.fromkeys(("first", "raw", "answers"), str),
    "expected": (int, float),
    "marks": bool,
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


def cook(recipe: Recipe, material: Material, reference: Reference) -> bytes:
    """The file that the student hands in."""
    if recipe.raw:
        return recipe.raw.encode()
    notebook = solved(material, _functions(recipe, reference))
    for step in _STEPS:
        step(notebook, recipe, material)
    return json.dumps(notebook, indent=1).encode()


def _functions(recipe: Recipe, reference: Reference) -> dict[str, str]:
    entries: dict[str, Misconception | Style] = {
        **{m.name: m for m in reference.catalogue.misconceptions},
        **{s.name: s for s in reference.catalogue.styles},
    }
    wanted = (*recipe.misconceptions, *recipe.styles)
    missing = [name for name in wanted if name not in entries]
    if missing:
        raise UserError(
            f"{recipe.assignment}: no {', '.join(missing)} in the catalogue."
        )
    return {entries[name].exercise: entries[name].source for name in wanted}


def _named(notebook: Notebook, name: str) -> Notebook:
    for cell in notebook["cells"]:
        if meta(cell).get("grade_id") == name:
            found: Notebook = cell
            return found
    raise UserError(f"there is no cell {name!r} to work on.")


def _unsolve(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    released = {meta(c).get("grade_id"): c for c in material.release["cells"]}
    for cell in notebook["cells"]:
        name = meta(cell).get("grade_id")
        if is_exercise(cell) and not {"all", name} & set(recipe.solve):
            cell["source"] = released[name]["source"]


def _write_answers(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for cell in notebook["cells"]:
        if is_answer(cell) and recipe.answers:
            cell["source"] = recipe.answers


def _replace_cells(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name, text in {**recipe.cells, **recipe.edit}.items():
        cell = _named(notebook, name)
        whole = not is_exercise(cell) or not _is_function(text)
        cell["source"] = text if whole else with_function(cell["source"], name, text)


def _is_function(text: str) -> bool:
    """Whether a text is just one function, that takes the place of another."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.FunctionDef)


def _rename(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name, other in recipe.rename.items():
        cell = _named(notebook, name)
        cell["source"] = cell["source"].replace(f"def {name}(", f"def {other}(")


def _double(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    for name in recipe.double:
        empty = copy.deepcopy(_named(material.release, name))
        index = notebook["cells"].index(_named(notebook, name))
        notebook["cells"].insert(index + 1, {**empty, "id": f"{empty['id'][:50]}-copy"})


def _delete(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name in recipe.delete:
        notebook["cells"].remove(_named(notebook, name))


def _strip(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name in recipe.strip:
        cell = _named(notebook, name)
        cell["metadata"], cell["id"] = {}, f"lost-{name}"[:60]


def _first(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    if recipe.first:
        own: Notebook = {"cell_type": "code", "id": "own-first", "metadata": {}}
        own |= {"outputs": [], "execution_count": None, "source": recipe.first}
        notebook["cells"].insert(0, own)


_STEPS: tuple[Callable[[Notebook, Recipe, Material], None], ...] = (
    _unsolve,
    _write_answers,
    _replace_cells,
    _rename,
    _double,
    _delete,
    _strip,
    _first,
)
