"""What a recipe expects besides the score, held against what came back.

The demo class, the hostile class and the tests all ask here: a right score for the
wrong reason, a false hint and a page that shows too much are misses too.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import lxml.html

from unrolled.assignment import read_cells
from unrolled.grade import CellResult, SubmissionResult
from unrolled.samples.recipe import Recipe

MAX_LENGTH = 300
NOTHING = "nothing"
HEADINGS = ("h1", "h2", "h3", "h4")
LINES = ("p", "div", "li", "dt", "dd", "td", "th", "pre", "br", "summary")
# What stands on lines of its own: its words do not run into the next ones.
BLOCK_TAGS = (*HEADINGS, *LINES)


@dataclass(frozen=True)
class Miss:
    """One key of a recipe that was not met: what it expects, and what there was."""

    key: str
    expected: str
    got: str


@dataclass(frozen=True)
class GradedSubmission:
    """What came back of a submission.

    `notebook` is the text of the autograded notebook and `page` that of the feedback
    page, "" if there is none; a page of None was not made and is not looked at.
    """

    result: SubmissionResult
    notebook: str = ""
    page: str | None = None


def find_misses(recipe: Recipe, returned: GradedSubmission) -> tuple[Miss, ...]:
    """Each expectation that was not met, but for the score."""
    looks = (
        _check_reason,
        _check_repairs,
        _check_hints,
        _check_counts,
        _check_shows,
        _check_hides,
    )
    return tuple(miss for look in looks for miss in look(recipe, returned))


def has_words(text: str, pattern: str) -> bool:
    """Whether a text holds the words; a ``*`` among them stands for any others."""
    parts = (re.escape(" ".join(p.split())) for p in pattern.split("*"))
    return re.search(".*".join(parts), " ".join(text.split())) is not None


def _check_reason(recipe: Recipe, returned: GradedSubmission) -> Iterator[Miss]:
    if recipe.reason and not has_words(returned.result.reason, recipe.reason):
        got = returned.result.reason or "it was graded"
        yield Miss("reason", recipe.reason, _shorten(got))


def _check_repairs(recipe: Recipe, returned: GradedSubmission) -> Iterator[Miss]:
    """Each pattern has a line, and each line a pattern."""
    if recipe.repairs is None:
        return
    lines = returned.result.repairs
    for pattern in recipe.repairs:
        if not any(has_words(line, pattern) for line in lines):
            yield Miss("repairs", pattern, _shorten("; ".join(lines)))
    for line in lines:
        if not any(has_words(line, pattern) for pattern in recipe.repairs):
            yield Miss("repairs", "no other repair", _shorten(line))


def _check_hints(recipe: Recipe, returned: GradedSubmission) -> Iterator[Miss]:
    """Each check that is named tells its mistake, and no check tells another one."""
    if recipe.hints is None:
        return
    cells = {cell.grade_id: cell for cell in returned.result.cells}
    named: set[str] = set()
    for grade_id, hints in recipe.hints.items():
        entries = (hints,) if isinstance(hints, str) else tuple(hints)
        names = {e for e in entries if e.isidentifier()}
        named |= names
        cell = cells.get(grade_id)
        if cell is None or not _has_hints(cell, names, set(entries) - names):
            got = _suggest_name(grade_id, cells) if cell is None else _format_hint(cell)
            yield Miss(f"hints.{grade_id}", ", ".join(entries), got)
    for cell in cells.values():
        if cell.grade_id not in recipe.hints and set(cell.misconception) - named:
            yield Miss(f"hints.{cell.grade_id}", "no mistake", _format_hint(cell))


def _has_hints(cell: CellResult, names: set[str], words: set[str]) -> bool:
    """Whether a check tells just these misconceptions, and all these words."""
    right = not names or set(cell.misconception) == names
    text = f"{cell.message}\n{cell.hint}"
    return right and all(has_words(text, pattern) for pattern in words)


def _format_hint(cell: CellResult) -> str:
    parts = (", ".join(cell.misconception), cell.hint, cell.message)
    return _shorten(": ".join(filter(None, parts)))


def _check_counts(recipe: Recipe, returned: GradedSubmission) -> Iterator[Miss]:
    """The text that counts, in the cell of the graded notebook."""
    cells = read_cells(json.loads(returned.notebook)) if returned.notebook else ()
    sources = {c.grade_id: c.source for c in cells if c.grade_id}
    for grade_id, words in recipe.counts.items():
        if not has_words(sources.get(grade_id, ""), words):
            got = sources.get(grade_id) or _suggest_name(grade_id, sources)
            yield Miss(f"counts.{grade_id}", words, _shorten(got))


def _check_shows(recipe: Recipe, returned: GradedSubmission) -> Iterator[Miss]:
    if returned.page is None:
        return
    text = extract_page_text(returned.page)
    for words in recipe.shows:
        if not has_words(text, words):
            got = "a page without it" if text else "no feedback page"
            yield Miss("shows", words, got)


def _check_hides(recipe: Recipe, returned: GradedSubmission) -> Iterator[Miss]:
    page = returned.page or ""
    texts = {
        "the feedback page": f"{page}\n{extract_page_text(page)}",
        "the graded notebook": "\n".join(_list_other_texts(returned.notebook)),
    }
    for words in recipe.hides:
        for where, text in texts.items():
            # Markup that is shown as text does no harm: it is looked for as it stands.
            looked_at = page if where == "the feedback page" and "<" in words else text
            if has_words(looked_at, words):
                yield Miss("hides", f"{words} nowhere", f"it in {where}")


def extract_page_text(page: str) -> str:
    """What a reader sees of an HTML page."""
    if not page.strip():
        return ""
    parser = lxml.html.HTMLParser(encoding="utf-8")
    tree = lxml.html.document_fromstring(page.encode(), parser=parser)
    for hidden in tree.xpath("//script | //style"):
        hidden.drop_tree()
    for block in tree.iter(*BLOCK_TAGS):
        block.tail = f"\n{block.tail or ''}"
    return str(tree.text_content())


def _list_other_texts(notebook: str) -> Iterator[str]:
    """All texts of a graded notebook but those of its cells: they are the student's."""
    document = json.loads(notebook) if notebook else {"cells": []}
    for cell in document["cells"]:
        yield from _list_texts({k: value for k, value in cell.items() if k != "source"})
    yield from _list_texts(document.get("metadata", {}))


def _list_texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value; lists of lines are joined."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        inner = value.values() if isinstance(value, dict) else value
        for part in inner:
            yield from _list_texts(part)


def _suggest_name(name: str, known: Iterable[str]) -> str:
    near: Sequence[str] = difflib.get_close_matches(name, list(known), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no such cell{hint}"


def _shorten(text: str) -> str:
    text = " ".join(text.split()) or NOTHING
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."
