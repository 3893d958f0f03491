"""`unrolled import`: an edit made in Jupyter, brought back to the lesson text."""

from __future__ import annotations

import ast
import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import make_stamp


@dataclass(frozen=True)
class ImportReport:
    """The lesson, the difference to its text, and whether it was written."""

    lesson: Path
    diff: str
    written: bool

    def as_text(self) -> str:
        """The difference, and what to do."""
        if not self.diff:
            return f"{self.lesson}: nothing to bring back."
        state = "written" if self.written else "not written; --force writes it"
        return f"{self.diff}\n{self.lesson}: {state}."


def import_notebook(
    course: Course, notebook: Path, *, force: bool = False, dry_run: bool = False
) -> ImportReport:
    """Turn a source notebook into its lesson text.

    Writes only with `force` (the last text goes to build/backups/). Raises
    UserError if the file is no source notebook of this course.
    """
    document = _read_notebook(notebook)
    lesson = _find_lesson_path(course, notebook)
    text = format_lesson(document, notebook)
    old = lesson.read_text(encoding="utf-8") if lesson.exists() else ""
    lines = difflib.unified_diff(
        old.splitlines(), text.splitlines(), str(lesson), "notebook", lineterm=""
    )
    diff = "\n".join(lines)
    write = bool(diff) and (force or not lesson.exists()) and not dry_run
    if write:
        if old:
            folder = course.build / "backups"
            folder.mkdir(parents=True, exist_ok=True)
            copy = folder / f"{lesson.stem}-{make_stamp()}.py"
            copy.write_text(old, encoding="utf-8")
        lesson.parent.mkdir(parents=True, exist_ok=True)
        lesson.write_text(text, encoding="utf-8")
    return ImportReport(lesson, diff, write)


def _read_notebook(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells = document["cells"]
        for cell in cells:
            source = cell["source"]
            cell["source"] = "".join(
                source if isinstance(source, list) else str(source)
            )
            cell.setdefault("cell_type", "raw")
            cell.setdefault("metadata", {})
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not a Jupyter notebook of format 4.") from error
    return dict(document)


def _find_lesson_path(course: Course, notebook: Path) -> Path:
    path = notebook.resolve()
    if path.parent.parent != course.source or path.suffix != ".ipynb":
        raise UserError(
            f"{notebook} is not a notebook of {course.source}/<assignment>/. Only "
            "the instructor's notebooks can be imported: the others have no solutions."
        )
    return course.lessons / path.parent.name / f"{path.stem}.py"


def format_lesson(notebook: dict[str, Any], where: Path) -> str:
    """The lesson text of a source notebook, with short markers."""
    cells = [c for c in notebook["cells"] if c["cell_type"] in ("code", "markdown")]
    if not any("BEGIN SOLUTION" in c["source"] for c in cells):
        raise UserError(
            f"{where} holds no solution: it looks like a student's notebook."
        )
    text = ""
    for before, cell in zip([None, *cells], cells, strict=False):
        wide = before is not None and (
            _has_definition(before, -1) or _has_definition(cell, 0)
        )
        text += "" if before is None else "\n\n\n" if wide else "\n\n"
        lines = cell["source"].split("\n")
        if cell["cell_type"] == "markdown":
            lines = [f"# {line}".rstrip() for line in lines]
        text += "\n".join([f"# %%{_format_marker(cell, where)}", *lines])
    return text + "\n"


def _has_definition(cell: dict[str, Any], index: int) -> bool:
    """Whether the first or last statement of a cell wants two blank lines around it."""
    if cell["cell_type"] != "code":
        return False
    try:
        body = ast.parse(cell["source"]).body
    except SyntaxError:
        return False
    return bool(body) and isinstance(body[index], ast.FunctionDef | ast.ClassDef)


def _format_marker(cell: dict[str, Any], where: Path) -> str:
    kind = " [markdown]" if cell["cell_type"] == "markdown" else ""
    meta = cell["metadata"].get("nbgrader")
    if meta is None:
        flags = cell["metadata"].get("unrolled", {})
        return kind + "".join(f" {f}=true" for f in ("show", "helper") if flags.get(f))
    try:
        name = meta["grade_id"]
        role = "exercise" if not meta["grade"] else "check"
        role = "answer" if meta["grade"] and meta["solution"] else role
        points = "" if role == "exercise" else f" points={meta['points']:g}"
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{where}: a cell's nbgrader metadata has another form than a build gives."
        ) from error
    return f'{kind} {role}="{name}"{points}'
