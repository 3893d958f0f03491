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

from unrolled.assignment.cells import meta
from unrolled.grade.results import CellResult, SubmissionResult
from unrolled.samples.recipe import Recipe

LENGTH = 300
NOTHING = "nothing"
# What stands on lines of its own: its words do not run into the next ones.
BLOCKS = (
    *("h1", "h2", "h3", "h4", "p", "div", "li", "dt", "dd", "td", "th", "pre", "br"),
    "summary",
)


@dataclass(frozen=True)
class Miss:
    """One key of a recipe that was not met: what it expects, and what there was."""

    key: str
    expected: str
    got: str


@dataclass(frozen=True)
class Returned:
    """What came back of a submission.

    `notebook` is the text of the autograded notebook and `page` that of the feedback
    page, "" if there is none; a page of None was not made and is not looked at.
    """

    result: SubmissionResult
    notebook: str = ""
    page: str | None = None


def find_misses(recipe: Recipe, returned: Returned) -> tuple[Miss, ...]:
    """Each expectation that was not met, but for the score."""
    looks = (_reason, _repairs, _hints, _counts, _shows, _hides)
    return tuple(miss for look in looks for miss in look(recipe, returned))


def says(text: str, pattern: str) -> bool:
    """Whether a text holds the words; a ``*`` among them stands for any others."""
    parts = (re.escape(" ".join(p.split())) for p in pattern.split("*"))
    return re.search(".*".join(parts), " ".join(text.split())) is not None


def _reason(recipe: Recipe, returned: Returned) -> Iterator[Miss]:
    if recipe.reason and not says(returned.result.reason, recipe.reason):
        got = returned.result.reason or "it was graded"
        yield Miss("reason", recipe.reason, _short(got))


def _repairs(recipe: Recipe, returned: Returned) -> Iterator[Miss]:
    """Each pattern has a line, and each line a pattern."""
    if recipe.repairs is None:
        return
    lines = returned.result.repairs
    for pattern in recipe.repairs:
        if not any(says(line, pattern) for line in lines):
            yield Miss("repairs", pattern, _short("; ".join(lines)))
    for line in lines:
        if not any(says(line, pattern) for pattern in recipe.repairs):
            yield Miss("repairs", "no other repair", _short(line))


def _hints(recipe: Recipe, returned: Returned) -> Iterator[Miss]:
    """Each check that is named tells its mistake, and no check tells another one."""
    if recipe.hints is None:
        return
    cells = {cell.grade_id: cell for cell in returned.result.cells}
    named: set[str] = set()
    for grade_id, wanted in recipe.hints.items():
        entries = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        names = {e for e in entries if e.isidentifier()}
        named |= names
        cell = cells.get(grade_id)
        missing = cell is None or not _tells(cell, names, set(entries) - names)
        if missing:
            got = _no_such(grade_id, cells) if cell is None else _told(cell)
            yield Miss(f"hints.{grade_id}", ", ".join(entries), got)
    for cell in cells.values():
        if cell.grade_id not in recipe.hints and set(cell.misconception) - named:
            yield Miss(f"hints.{cell.grade_id}", "no mistake", _told(cell))


def _tells(cell: CellResult, names: set[str], words: set[str]) -> bool:
    """Whether a check tells just these misconceptions, and all these words."""
    right = not names or set(cell.misconception) == names
    told = f"{cell.message}\n{cell.hint}"
    return right and all(says(told, pattern) for pattern in words)


def _told(cell: CellResult) -> str:
    told = (", ".join(cell.misconception), cell.hint, cell.message)
    return _short(": ".join(filter(None, told)))


def _counts(recipe: Recipe, returned: Returned) -> Iterator[Miss]:
    """The text that counts, in the cell of the graded notebook."""
    found = _sources(returned.notebook)
    for grade_id, wanted in recipe.counts.items():
        if not says(found.get(grade_id, ""), wanted):
            got = found.get(grade_id) or _no_such(grade_id, found)
            yield Miss(f"counts.{grade_id}", wanted, _short(got))


def _shows(recipe: Recipe, returned: Returned) -> Iterator[Miss]:
    if returned.page is None:
        return
    text = page_text(returned.page)
    for words in recipe.shows:
        if not says(text, words):
            got = "a page without it" if text else "no feedback page"
            yield Miss("shows", words, got)


def _hides(recipe: Recipe, returned: Returned) -> Iterator[Miss]:
    page = returned.page or ""
    places = {
        "the feedback page": f"{page}\n{page_text(page)}",
        "the graded notebook": "\n".join(_kept(returned.notebook)),
    }
    for words in recipe.hides:
        for place, text in places.items():
            # Markup that is shown as text does no harm: it is looked for as it stands.
            looked_at = page if place == "the feedback page" and "<" in words else text
            if says(looked_at, words):
                yield Miss("hides", f"{words} nowhere", f"it in {place}")


def page_text(page: str) -> str:
    """What a reader sees of an HTML page."""
    if not page.strip():
        return ""
    tree = lxml.html.document_fromstring(page.encode(), parser=_utf8())
    for hidden in tree.xpath("//script | //style"):
        hidden.drop_tree()
    for block in tree.iter(*BLOCKS):
        block.tail = f"\n{block.tail or ''}"
    return str(tree.text_content())


def _utf8() -> lxml.html.HTMLParser:
    return lxml.html.HTMLParser(encoding="utf-8")


def _sources(notebook: str) -> dict[str, str]:
    """Cell texts of a graded notebook by grade id."""
    cells = json.loads(notebook)["cells"] if notebook else []
    return {meta(c)["grade_id"]: "".join(c["source"]) for c in cells if meta(c)}


def _kept(notebook: str) -> Iterator[str]:
    """All texts of a graded notebook but those of its cells: they are the student's."""
    document = json.loads(notebook) if notebook else {"cells": []}
    for cell in document["cells"]:
        yield from _texts({k: value for k, value in cell.items() if k != "source"})
    yield from _texts(document.get("metadata", {}))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value; lists of lines are joined."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        inner = value.values() if isinstance(value, dict) else value
        for part in inner:
            yield from _texts(part)


def _no_such(name: str, known: Iterable[str]) -> str:
    near: Sequence[str] = difflib.get_close_matches(name, list(known), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no such cell{hint}"


def _short(text: str) -> str:
    text = " ".join(text.split()) or NOTHING
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}..."
