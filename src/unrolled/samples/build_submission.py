"""From a recipe to the files that a sample student hands in."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unrolled.assignment import Material, Misconception, Notebook, Reference, Style
from unrolled.assignment.cells import read_sources
from unrolled.author.verify import make_solved_notebook, replace_function
from unrolled.errors import UserError
from unrolled.samples.recipe import Recipe


def write_submission(
    recipe: Recipe,
    folder: Path,
    material: Material,
    reference: Reference,
    *,
    other: Material | None = None,
) -> None:
    """Write all that the student hands in into `folder`, as nbgrader collects it.

    `other` is the assignment whose notebook it is, if the recipe says `of`.
    UserError if the recipe names what the assignment does not have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    notebook = f"{material.notebook}.ipynb"
    content = {notebook: build_notebook(recipe, material, reference)}
    if other is not None:
        content = {notebook: json.dumps(other.release, indent=1).encode()}
    content |= {name: text.encode() for name, text in recipe.files.items()}
    if recipe.stamp:
        content["timestamp.txt"] = recipe.stamp.encode()
    for name, data in content.items():
        if name not in recipe.links:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    for name, target in recipe.links.items():
        (folder / name).symlink_to(target)


def build_notebook(recipe: Recipe, material: Material, reference: Reference) -> bytes:
    """The file that the student hands in."""
    if recipe.raw:
        return recipe.raw.encode(recipe.encoding)
    notebook = make_solved_notebook(material, _select_functions(recipe, reference))
    for step in _STEPS:
        step(notebook, recipe, material)
    return json.dumps(notebook, indent=1).encode()


def _select_functions(recipe: Recipe, reference: Reference) -> dict[str, str]:
    entries: dict[str, Misconception | Style] = {
        **{m.name: m for m in reference.catalogue.misconceptions},
        **{s.name: s for s in reference.catalogue.styles},
    }
    names = (*recipe.misconceptions, *recipe.styles)
    missing = [name for name in names if name not in entries]
    if missing:
        raise UserError(
            f"{recipe.assignment}: the catalogue has no {', '.join(missing)}."
        )
    return {entries[name].exercise: entries[name].source for name in names}


def _find_cell(notebook: Notebook, name: str) -> Notebook:
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
            found: Notebook = cell
            return found
    raise UserError(f"there is no cell {name!r} to work on.")


def _reset_unsolved(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    for cell in material.release_cells:
        solved = {"all", cell.grade_id} & set(recipe.solve)
        if cell.role == "exercise" and not solved:
            notebook["cells"][cell.index]["source"] = cell.source


def _write_answers(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    for cell in material.release_cells:
        if cell.role == "answer" and recipe.answers:
            notebook["cells"][cell.index]["source"] = recipe.answers


def _replace_cells(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    exercises = read_sources(material.release_cells, "exercise")
    for name, text in {**recipe.cells, **recipe.edit}.items():
        cell = _find_cell(notebook, name)
        whole = name not in exercises or not _is_function(text)
        cell["source"] = text if whole else replace_function(cell["source"], name, text)


def _is_function(text: str) -> bool:
    """Whether a text is just one function, that takes the place of another."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.FunctionDef)


def _rename(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name, other in recipe.rename.items():
        cell = _find_cell(notebook, name)
        cell["source"] = cell["source"].replace(f"def {name}(", f"def {other}(")


def _double(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    for name in recipe.double:
        empty = copy.deepcopy(_find_cell(material.release, name))
        index = notebook["cells"].index(_find_cell(notebook, name))
        notebook["cells"].insert(index + 1, {**empty, "id": f"{empty['id'][:50]}-copy"})


def _copy(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    """A second copy of a cell, under the same name and with a text of its own."""
    for name, text in recipe.copies.items():
        cell = _find_cell(notebook, name)
        other = {**copy.deepcopy(cell), "id": f"{cell['id'][:50]}-two", "source": text}
        notebook["cells"].insert(notebook["cells"].index(cell) + 1, other)


def _delete(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name in recipe.delete:
        notebook["cells"].remove(_find_cell(notebook, name))


def _strip(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name in recipe.strip:
        cell = _find_cell(notebook, name)
        cell["metadata"], cell["id"] = {}, f"lost-{name}"[:60]


def _add_own_cells(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    """The student's own cells, at the top and at the end."""
    if recipe.first:
        notebook["cells"].insert(0, _make_own_cell("own-first", recipe.first))
    if recipe.last:
        notebook["cells"].append(_make_own_cell("own-last", recipe.last))


def _make_own_cell(name: str, text: str) -> Notebook:
    own: Notebook = {"cell_type": "code", "id": name, "metadata": {}}
    return own | {"outputs": [], "execution_count": None, "source": text}


def _split(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    """Cut a cell in two, in the middle of its lines."""
    for name in recipe.split:
        cell = _find_cell(notebook, name)
        lines = cell["source"].splitlines()
        cell["source"] = "\n".join(lines[: len(lines) // 2])
        rest = {**copy.deepcopy(cell), "id": f"{cell['id'][:50]}-rest", "metadata": {}}
        rest["source"] = "\n".join(lines[len(lines) // 2 :])
        notebook["cells"].insert(notebook["cells"].index(cell) + 1, rest)


def _merge(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    """Join a cell with the next one of its kind, which is gone then."""
    for name in recipe.merge:
        cell, cells = _find_cell(notebook, name), notebook["cells"]
        below = cells[cells.index(cell) + 1 :]
        other = next(c for c in below if c["cell_type"] == cell["cell_type"])
        cells.remove(other)
        cell["source"] += "\n\n" + other["source"]


def _retype(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    for name, kind in recipe.retype.items():
        cell = _find_cell(notebook, name)
        cell["cell_type"] = kind
        for key in ("outputs", "execution_count"):
            cell.pop(key, None)


def _update_metadata(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    """Write over metadata, key by key; a table goes into the table that is there."""
    for name, table in recipe.metadata.items():
        own: dict[str, Any] = _find_cell(notebook, name)["metadata"]
        for key, value in table.items():
            both = isinstance(value, dict) and isinstance(own.get(key), dict)
            own[key] = {**own[key], **value} if both else value


def _reverse(notebook: Notebook, recipe: Recipe, _: Material) -> None:
    if recipe.reverse:
        notebook["cells"].reverse()


# The order matters: cells are named by their grade ids until _strip takes these away,
# and a student's own cells stand at the ends also where all others are reversed.
_STEPS: tuple[Callable[[Notebook, Recipe, Material], None], ...] = (
    _reset_unsolved,
    _write_answers,
    _replace_cells,
    _rename,
    _double,
    _copy,
    _delete,
    _split,
    _merge,
    _retype,
    _update_metadata,
    _strip,
    _reverse,
    _add_own_cells,
)
