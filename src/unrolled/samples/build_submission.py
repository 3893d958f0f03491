"""From a recipe to the files that a sample student hands in."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

from unrolled.assignment import (
    Material,
    Misconception,
    Notebook,
    Reference,
    Style,
    read_sources,
)
from unrolled.author.verify import make_solved_notebook, replace_function
from unrolled.errors import UserError
from unrolled.files import put_files
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
    put_files(folder, {n: d for n, d in content.items() if n not in recipe.links})
    for name, target in recipe.links.items():
        (folder / name).symlink_to(target)


def build_notebook(recipe: Recipe, material: Material, reference: Reference) -> bytes:
    """The file that the student hands in."""
    if recipe.raw:
        return recipe.raw.encode(recipe.encoding)
    notebook = make_solved_notebook(material, _select_functions(recipe, reference))
    _write_texts(notebook, recipe, material)
    _change_number(notebook, recipe, material)
    _change_labels(notebook, recipe)
    cells = notebook["cells"]
    if recipe.reverse:
        cells.reverse()
    if recipe.first:  # own cells stand at the ends also where all others are reversed
        cells.insert(0, _make_own_cell("own-first", recipe.first))
    if recipe.last:
        cells.append(_make_own_cell("own-last", recipe.last))
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


def _write_texts(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    """What the student has written into the cells, and under which names."""
    exercises = read_sources(material.release_cells, "exercise")
    for released in material.release_cells:
        cell = notebook["cells"][released.index]
        solved = {"all", released.grade_id} & set(recipe.solve)
        if released.role == "exercise" and not solved:
            cell["source"] = released.source
        elif released.role == "answer" and recipe.answers:
            cell["source"] = recipe.answers
    for name, text in {**recipe.cells, **recipe.edit}.items():
        cell = _find_cell(notebook, name)
        whole = name not in exercises or not _is_function(text)
        cell["source"] = text if whole else replace_function(cell["source"], name, text)
    for name, other in recipe.rename.items():
        cell = _find_cell(notebook, name)
        cell["source"] = cell["source"].replace(f"def {name}(", f"def {other}(")


def _is_function(text: str) -> bool:
    """Whether a text is just one function, that takes the place of another."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.FunctionDef)


def _change_number(notebook: Notebook, recipe: Recipe, material: Material) -> None:
    """Cells that are there twice, that are gone, cut in two, or two in one."""
    cells = notebook["cells"]
    for name in recipe.double:
        cell = _find_cell(notebook, name)
        _insert_below(cells, cell, _find_cell(material.release, name), "copy")
    for name, text in recipe.copies.items():  # under the same name
        cell = _find_cell(notebook, name)
        _insert_below(cells, cell, {**cell, "source": text}, "two")
    for name in recipe.delete:
        cells.remove(_find_cell(notebook, name))
    for name in recipe.split:  # in the middle of its lines
        cell = _find_cell(notebook, name)
        lines = cell["source"].splitlines()
        rest = "\n".join(lines[len(lines) // 2 :])
        _insert_below(cells, cell, {**cell, "metadata": {}, "source": rest}, "rest")
        cell["source"] = "\n".join(lines[: len(lines) // 2])
    for name in recipe.merge:  # with the next one of its kind
        cell = _find_cell(notebook, name)
        below = cells[cells.index(cell) + 1 :]
        other = next(c for c in below if c["cell_type"] == cell["cell_type"])
        cells.remove(other)
        cell["source"] += "\n\n" + other["source"]


def _insert_below(
    cells: list[Notebook], cell: Notebook, other: Notebook, suffix: str
) -> None:
    added = {**copy.deepcopy(other), "id": f"{other['id'][:50]}-{suffix}"}
    cells.insert(cells.index(cell) + 1, added)


def _change_labels(notebook: Notebook, recipe: Recipe) -> None:
    """Kinds and metadata; the last that is done, for `strip` takes the names away."""
    for name, kind in recipe.retype.items():
        cell = _find_cell(notebook, name)
        cell["cell_type"] = kind
        for key in ("outputs", "execution_count"):
            cell.pop(key, None)
    for name, table in recipe.metadata.items():
        own: dict[str, Any] = _find_cell(notebook, name)["metadata"]
        for key, value in table.items():  # a table goes into the table that is there
            both = isinstance(value, dict) and isinstance(own.get(key), dict)
            own[key] = {**own[key], **value} if both else value
    for name in recipe.strip:
        cell = _find_cell(notebook, name)
        cell["metadata"], cell["id"] = {}, f"lost-{name}"[:60]


def _make_own_cell(name: str, text: str) -> Notebook:
    own: Notebook = {"cell_type": "code", "id": name, "metadata": {}}
    return own | {"outputs": [], "execution_count": None, "source": text}
