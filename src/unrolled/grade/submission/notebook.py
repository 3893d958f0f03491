"""Notebook documents in grading: read without trust, filled, marked with verdicts."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from unrolled.assignment import Material, read_cells, read_sources
from unrolled.assignment.cells import parse_code
from unrolled.errors import UserError
from unrolled.grade.judge.verdict import Verdict
from unrolled.grade.submission.outputs import make_check_outputs, sanitize_outputs

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x1f\x8b", "a compressed archive (gzip)"),
    (b"7z\xbc\xaf", "a compressed archive (7z)"),
    (b"Rar!", "a compressed archive (rar)"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)
_CONFLICT = re.compile(rb"^<{7}( |\r?$)", re.MULTILINE)
_HTML = re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE)
_SCRIPT = re.compile(
    r"^(import|from) \w[\w.]*|^(def|class) \w+|^# (%%|In\[)", re.MULTILINE
)
MAX_SCRIPT = 2**20
MAX_NAMED = 5


def describe_file(content: bytes) -> str:
    """In words that go on after "it is": "an HTML page"; empty if nobody can tell.

    `content` is nothing that JSON could be read from.
    """
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return "empty"
    if content.startswith(b"PK"):
        return _describe_archive(content)
    for sign, words in _SIGNATURES:
        if content.startswith(sign):
            return words
    conflict = _CONFLICT.search(content)
    if conflict is not None:
        line = content.count(b"\n", 0, conflict.start()) + 1
        return (
            f"a notebook with the marks of a merge in git that was not finished "
            f"(<<<<<<<, line {line})"
        )
    if _HTML.search(content[:2000]):
        return "an HTML page (a saved web page, or a notebook exported as HTML)"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text in UTF-16, not UTF-8"
    return "a Python script" if _is_script(content) else ""


def _describe_archive(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged zip archive"
    if "[Content_Types].xml" in names:
        return "an Office document"
    shown = ", ".join(ascii(n)[1:-1][:60] for n in names[:MAX_NAMED])
    more = ", ..." if len(names) > MAX_NAMED else ""
    return f"a zip archive (of {shown}{more})" if names else "an empty zip archive"


def _is_script(content: bytes) -> bool:
    if len(content) > MAX_SCRIPT or content.lstrip()[:1] in (b"{", b"["):
        return False
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)
    tree = parse_code(text)
    if tree is None:
        return len(_SCRIPT.findall(text)) > 1
    return any(isinstance(node, kinds) for node in tree.body)


MAX_NOTEBOOK_BYTES = 50 * 2**20


def read_submitted_notebook(path: Path) -> NotebookNode:
    """A notebook file as a document of nbformat 4, as far as it can be understood.

    Raises UserError, naming the file, if it is empty, too large, not UTF-8, not
    JSON, or no notebook.
    """
    return parse_submission(read_submission_bytes(path), path)


def read_submission_bytes(path: Path) -> bytes:
    """The content of a submitted file; UserError if it is too large, or no file."""
    if path.is_symlink():
        raise UserError(f"{path}: not a regular file: it is a link.")
    if path.is_dir():
        names = ", ".join(sorted(p.name for p in path.iterdir())[:5]) or "nothing"
        raise UserError(
            f"{path}: not a Jupyter notebook: it is a folder (with {names} in it)."
        )
    if not path.is_file():
        raise UserError(f"{path}: not a regular file.")
    size = path.stat().st_size
    if size > MAX_NOTEBOOK_BYTES:
        raise UserError(f"{path}: {size / 2**20:.0f} MB is too large for a notebook.")
    return path.read_bytes()


def parse_submission(content: bytes, path: Path) -> NotebookNode:
    """As `read_submitted_notebook`, from bytes; `path` is for messages."""
    document = _parse_json(content, path)
    if isinstance(document, dict) and isinstance(document.get("worksheets"), list):
        document = _convert_old_format(document, path)
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise UserError(f"{path}: not a Jupyter notebook (it has no cells).")
    plain = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.from_dict({"cells": document["cells"], **plain})


def _convert_old_format(document: dict[str, Any], path: Path) -> Any:
    """A notebook of nbformat 3 as one of 4; what is broken in it fails in many ways."""
    try:
        return nbformat.convert(nbformat.from_dict(document), 4)
    except Exception as error:
        raise UserError(
            f"{path}: a notebook of an old format that cannot be converted: "
            f"{str(error)[:200] or type(error).__name__}"
        ) from error


def _parse_json(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        found = describe_file(content)
        if found:
            why = f"{path}: not a Jupyter notebook: it is {found}."
            raise UserError(why) from error
        if isinstance(error, UnicodeDecodeError):
            raise UserError(
                f"{path}: not UTF-8 text (byte {error.start}); not a Jupyter notebook."
            ) from error
        where = f" (line {error.lineno})" if hasattr(error, "lineno") else ""
        raise UserError(
            f"{path}: not a Jupyter notebook, the text is not JSON{where}. "
            "Was it cut off, or is it another kind of file?"
        ) from error


def fill_tests(rebuilt: dict[str, Any], material: Material) -> None:
    """Put the hidden tests in, as the gradebook has them: markers see them all."""
    tests = read_sources(material.source_cells, "check")
    for cell in read_cells(rebuilt):
        if cell.role == "check":
            rebuilt["cells"][cell.index]["source"] = tests[cell.grade_id]


def write_verdict(nb: NotebookNode, verdict: Verdict, material: Material) -> None:
    """Write the verdict into the outputs, in nbgrader's own terms."""
    by_id = {c.grade_id: c for c in verdict.cells}
    answers = read_sources(material.source_cells, "answer")
    cells: list[NotebookNode] = []
    for cell, node in zip(read_cells(nb), nb.cells, strict=True):
        if cell.cell_type == "code":
            outputs = sanitize_outputs(verdict.outputs.get(cell.index, []))
            if cell.role == "check":
                outputs = make_check_outputs(by_id[cell.grade_id])
            node.execution_count = None
            node.outputs = [nbformat.from_dict(o) for o in outputs]
        elif cell.role == "answer":
            name, mark = f"scheme-{cell.grade_id}"[:64], {"marking_scheme": True}
            text = f"**For the marker: model answer**\n\n{answers[cell.grade_id]}"
            cells.append(_make_markdown(name, text, mark))
        cells.append(node)
    nb.metadata.setdefault("unrolled", nbformat.from_dict({}))
    nb.metadata["unrolled"]["verdict"] = verdict.as_dict()
    nb.cells = [*_make_notes(nb, verdict), *cells]


def format_notebook(nb: NotebookNode) -> str:
    """The notebook as a file, a line for each cell: quick to write, easy to compare."""
    rest = {key: value for key, value in nb.items() if key != "cells"}
    lines = ",\n".join(map(_format_line, nb.cells))
    return f'{{"cells": [\n{lines}\n],\n{_format_line(rest)[1:]}\n'


def _format_line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _make_notes(nb: NotebookNode, verdict: Verdict) -> list[NotebookNode]:
    lines = [*nb.metadata["unrolled"].get("repairs", []), *verdict.notes]
    if not lines:
        return []
    text = "**Notes of the grader**\n\n" + "\n".join(f"- {line}" for line in lines)
    return [_make_markdown("grader-notes", text, {"notes": True})]


def _make_markdown(cell_id: str, text: str, mark: dict[str, bool]) -> NotebookNode:
    metadata = {"unrolled": mark, "deletable": False, "editable": False}
    cell = {"cell_type": "markdown", "id": cell_id, "metadata": metadata}
    return nbformat.from_dict({**cell, "source": text})
