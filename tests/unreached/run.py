"""Lines of the tests that a run never reaches: an assert there proves nothing.

The tests are copied, each statement inside a function marks that it ran, and the marked
tests are run in the copy. Lines stay where they are, and the marks arrive from whatever
process runs them: a stand-in's server counts as much as a test. What is left was
reached by nobody, and the command fails.

    python tests/unreached/run.py                  all tests
    python tests/unreached/run.py -n 2 tests/hub   what pytest is given

With some of the tests only, files are told of which something ran; what other tests use
of their helpers is among it.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "unreached"
# Laid beside the packages of the copy. A process that may not write marks nothing.
MARKER = '''"""Notes each marked statement once, in the file where all processes do."""

import builtins
import contextlib

seen = set()


def mark(key):
    if key not in seen:
        seen.add(key)
        with contextlib.suppress(OSError), open({path!r}, "a") as notes:
            notes.write(key + "\\n")


builtins._ran_ = mark
'''
SIMPLE = (
    ast.Assert,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Break,
    ast.Continue,
    ast.Delete,
    ast.Expr,
    ast.Raise,
    ast.Return,
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, order=True)
class Place:
    """A statement: its file, as tests/ has it, and its line."""

    file: str
    line: int


def find_statements(text: str) -> Iterator[ast.stmt]:
    """The statements of functions that can be marked, without docstrings."""
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, FUNCTIONS))
    found = {
        (node.lineno, node.col_offset): node
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, SIMPLE) and not _is_bare_constant(node)
    }
    yield from (found[key] for key in sorted(found))


def _is_bare_constant(node: ast.stmt) -> bool:
    """A docstring must stay the first of its function; an ellipsis does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def mark_statements(text: str, file: str) -> str:
    """The text in which each statement notes that it runs; no line moves."""
    lines = text.encode().splitlines(keepends=True)
    for node in reversed(list(find_statements(text))):
        line, column = lines[node.lineno - 1], node.col_offset  # in bytes
        mark = f"_ran_({f'{file}:{node.lineno}'!r}); ".encode()
        lines[node.lineno - 1] = line[:column] + mark + line[column:]
    return b"".join(lines).decode()


def mark_tests(tests: Path, site: Path, notes: Path) -> set[Place]:
    """Mark all files below `tests`; the statements that there are.

    `site` is the packages' folder of the Python that runs them, `notes` the file that
    the marks go to.
    """
    notes.touch()
    notes.chmod(0o666)  # a hub's users run tests' helpers, too
    (site / "note_marks.py").write_text(MARKER.format(path=str(notes)))
    (site / "note_marks.pth").write_text("import note_marks\n")
    places = set()
    for path in sorted(tests.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        file = path.relative_to(tests).as_posix()
        places |= {Place(file, node.lineno) for node in find_statements(text)}
        path.write_text(mark_statements(text, file), encoding="utf-8")
    return places


def read_notes(notes: Path) -> set[Place]:
    """The statements that ran; a line that a killed process left half is none."""
    found = set()
    for line in notes.read_text(encoding="utf-8").splitlines():
        file, _, number = line.rpartition(":")
        if file and number.isdecimal():
            found.add(Place(file, int(number)))
    return found


def report(unreached: Iterable[Place], tests: Path) -> Iterator[str]:
    """A line for each statement, in order, as editors open it."""
    for place in sorted(unreached):
        lines = (tests / place.file).read_text(encoding="utf-8").splitlines()
        yield f"tests/{place.file}:{place.line}: {lines[place.line - 1].strip()}"


def main(arguments: list[str]) -> int:
    """0 if each statement ran, 1 if not; the tests' own failures are printed only."""
    # Only here: the copy is that of the runner of changes, which lies beside this one.
    from mutants.run import make_copy

    shutil.rmtree(PLACE, ignore_errors=True)
    make_copy(PLACE)
    (site,) = (PLACE / ".venv/lib").glob("python*/site-packages")
    notes = PLACE / "notes.txt"
    places = mark_tests(PLACE / "tests", site, notes)
    python = str(PLACE / ".venv/bin/python")
    words = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(words, cwd=PLACE, env=environment, timeout=4 * 3600)
    ran = read_notes(notes)
    unreached = sorted(places - ran)
    if arguments:
        seen = {place.file for place in ran}
        unreached = [place for place in unreached if place.file in seen]
    print("\n".join(report(unreached, ROOT / "tests")))
    print(f"{len(unreached)} of {len(places)} statements of the tests were not reached")
    return 1 if unreached else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    sys.exit(main(sys.argv[1:]))
