"""Holds each number in a lesson's prose against the solved lesson, run here.

A table (``tests/lessons/numbers/NN_topic.toml``) has an entry for every number: a
piece of a sentence, and what its numbers are. docs/authors.md says how one is written.

As a program, with the lesson's folder, its table and a start, this prints what is
wrong, a line each, as JSON: a process of its own, since lessons set threads and seeds.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from support.lesson import LessonCell, load_lesson_cells
from support.prose_numbers import ProseCell, ProseNumber, read_prose

_TESTS = Path(__file__).parents[1]
_KINDS = ("is", "holds", "code", "prints", "fact")
_LITERAL = re.compile(r"(?<![\w.])(?:\d[\d_]*\.?\d*|\.\d+)(?:e-?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the numbers in a piece of prose are: exactly one of five kinds.

    `is` computes them; `holds` must be true, and names them; `code` is code of the
    lesson in which they stand; `prints` is what a cell or a figure says; `fact` names
    the source of what no notebook can know.
    """

    says: str
    kind: str
    text: str
    within: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Table:
    """The entries of a lesson.

    `setup` runs after the lesson. `starts` has, for an exercise in which a student
    draws at random, what defines it over again with other draws: START is 1 or 2.
    """

    entries: tuple[Entry, ...]
    setup: str = ""
    starts: Mapping[str, str]


def load_table(path: Path) -> Table:
    """The table of a lesson; ValueError names the entry that is written wrong."""
    table = tomllib.loads(path.read_text("utf-8"))
    entries = tuple(_read_entry(entry, path) for entry in table.get("number", []))
    return Table(
        entries=entries, setup=table.get("setup", ""), starts=table.get("starts", {})
    )


def _read_entry(entry: dict[str, Any], path: Path) -> Entry:
    kinds = [kind for kind in _KINDS if entry.get(kind)]
    if len(kinds) != 1 or set(entry) - {"says", "within", *kinds}:
        raise ValueError(f"{path.name}: one of {', '.join(_KINDS)} for {entry}")
    says, text = " ".join(entry["says"].split()), entry[kinds[0]]
    within = entry.get("within", 0.0)
    return Entry(says=says, kind=kinds[0], text=text, within=within)


def find_untied(cells: list[LessonCell], table: Table, name: str) -> list[str]:
    """Numbers without an entry, and entries without a number."""
    prose = list(read_prose(cells))
    problems = [
        f"{name}: no sentence says {entry.says!r} any more, or it has no number that "
        f"counts (tests/support/prose_numbers.py has the rules): mend the entry in "
        f"tests/lessons/numbers/{name}.toml or take it out"
        for entry in table.entries
        if not any(numbers for _, numbers in _find_uses(prose, entry))
    ]
    for cell in prose:
        uses = [use for entry in table.entries for use in _find_uses([cell], entry)]
        held = {number for _, numbers in uses for number in numbers}
        free = [number for number in cell.numbers if number not in held]
        problems += [_ask_for_entry(cell, number, name) for number in free]
    return problems


def _find_uses(
    prose: list[ProseCell], entry: Entry
) -> Iterator[tuple[ProseCell, list[ProseNumber]]]:
    """Every place that an entry speaks of, and the numbers there."""
    for cell in prose:
        for match in re.finditer(re.escape(entry.says), cell.text):
            a, b = match.span()
            yield cell, [n for n in cell.numbers if a <= n.start and n.end <= b]


def _ask_for_entry(cell: ProseCell, number: ProseNumber, name: str) -> str:
    near = cell.text[max(0, number.start - 50) : number.end + 25]
    return (
        f"{name}: nothing holds the number {number.written} in '... {near} ...'.\n"
        f"Add to tests/lessons/numbers/{name}.toml (docs/authors.md: Numbers in the "
        f"text):\n\n[[number]]\nsays = '''{near.partition(' ')[2].rpartition(' ')[0]}"
        "'''\nis = 'an expression over the names of the solved lesson; a tuple for "
        "several numbers'\n# or: holds = 'a condition that names it'; code = 'the code "
        "that sets it'; prints = 'what a cell prints'; fact = 'the source'\n"
    )


def run_lesson(
    cells: list[LessonCell], table: Table, start: int
) -> tuple[dict[str, Any], str]:
    """Names of the solved lesson after all cells but checks, and all that it said."""
    names: dict[str, Any] = {"__name__": "__main__", "START": start}
    said, figures = io.StringIO(), list[str]()

    def keep_words(figure: Any, **_: Any) -> None:
        from matplotlib import pyplot as plt
        from matplotlib.text import Text

        figures.extend(text.get_text() for text in figure.findobj(Text))
        plt.close(figure)

    quiet = {"show": keep_words, "explore": lambda *_, **__: None}
    with contextlib.redirect_stdout(said):
        for cell in cells:
            if cell.kind in ("given", "exercise", "show"):
                exec(compile(cell.source, f"<{cell.name or cell.kind}>", "exec"), names)
            if start and cell.name in table.starts:
                exec(table.starts[cell.name], names)
            names |= {name: quiet[name] for name in quiet if name in names}
        exec(table.setup, names)
    return names, " ".join(" ".join([said.getvalue(), *figures]).split())


def find_wrong(
    cells: list[LessonCell], table: Table, names: dict[str, Any], said: str
) -> list[str]:
    """Numbers that aren't what the solved lesson gives."""
    prose = list(read_prose(cells))
    code = " ".join(" ".join(c.source for c in cells if "mark" not in c.kind).split())
    problems = []
    for entry in table.entries:
        for _, numbers in _find_uses(prose, entry):
            if problem := _judge(entry, numbers, names, {"code": code, "prints": said}):
                problems.append(f"{entry.says!r}: {problem}")
                break
    return problems


def _judge(
    entry: Entry,
    numbers: list[ProseNumber],
    names: dict[str, Any],
    texts: dict[str, str],
) -> str:
    """What is wrong with an entry at one of its places; "" if nothing is."""
    if entry.kind == "fact":
        return ""
    if entry.kind in texts:
        fragment = " ".join(entry.text.split())
        if fragment not in texts[entry.kind]:
            return f"this isn't what the lesson {entry.kind}: {fragment!r}"
        return _find_missing(numbers, fragment)
    try:
        value = eval(f"({entry.text}\n)", names)
    except Exception as error:
        return f"{entry.text!r} fails: {type(error).__name__}: {error}"
    if entry.kind == "holds":
        return _find_missing(numbers, entry.text) if value else f"false: {entry.text}"
    values = np.ravel(value).tolist()
    if len(values) != len(numbers):
        return f"{entry.text!r} gives {values} for {[n.written for n in numbers]}"
    wrong = [
        f"{number.written} is {value:.6g} in the solved lesson"
        for number, value in zip(numbers, values, strict=True)
        if not number.fits(value, entry.within)
    ]
    return "; ".join(wrong)


def _find_missing(numbers: list[ProseNumber], text: str) -> str:
    there = {abs(float(literal)) for literal in _LITERAL.findall(text.replace(",", ""))}
    missing = [
        n.written
        for n in numbers
        if abs(n.value) not in there and n.written not in text
    ]
    return f"{', '.join(missing)} doesn't stand in {text!r}" if missing else ""


def check_in_own_process(folder: Path, table: Path, start: int) -> list[str]:
    """What is wrong with a lesson's numbers, found by a fresh interpreter."""
    command = [sys.executable, "-m", "support.lesson_numbers"]
    done = subprocess.run(
        [*command, str(folder), str(table), str(start)],
        cwd=folder,  # a lesson finds its data beside it
        env=os.environ
        | {"PYTHONPATH": str(_TESTS), "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        return [f"{folder.name} doesn't run, start {start}: {done.stderr[-2000:]}"]
    problems: list[str] = json.loads(done.stdout.splitlines()[-1])
    return [f"{folder.name}, start {start}: {problem}" for problem in problems]


if __name__ == "__main__":
    place, at, number = sys.argv[1:]
    read, entries = load_lesson_cells(Path(place)), load_table(Path(at))
    print(
        json.dumps(find_wrong(read, entries, *run_lesson(read, entries, int(number))))
    )
