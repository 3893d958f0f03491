"""The lines that a run of the tests never reaches are found, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from unreached import run
from unreached.run import (
    Place,
    find_statements,
    mark_statements,
    mark_tests,
    read_notes,
    report,
)

TEXT = '''"""Ä module."""

KEPT = [1]


def helper(value: int) -> int:
    """Twice it."""
    if value > 1:
        return 2 * value
    return 0


def test_one() -> None:
    """Does it?"""
    def inner() -> None: ...
    text = "é"; assert text
    for name in "ab":
        if name == "c": assert False, name
    with open("x") as file:
        assert helper(
            2
        ) == 4
'''


def test_each_statement_of_a_function_is_found() -> None:
    """Are docstrings, conditions, definitions and the module's own lines left out?"""
    found = [node.lineno for node in find_statements(TEXT)]
    assert found == [9, 10, 16, 16, 18, 20]


def test_marks_move_no_line() -> None:
    """Does the marked text mean the same, with everything on its line?"""
    seen: list[str] = []
    made = mark_statements(TEXT, "a.py")
    assert len(made.splitlines()) == len(TEXT.splitlines())
    names: dict[str, Any] = {"_ran_": seen.append}
    exec(compile(made, "a.py", "exec"), names)
    assert names["helper"](3) == 6
    assert seen == ["a.py:9"]
    assert names["helper"].__doc__ == "Twice it."


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Tests with a helper that a process of its own runs, and an assert in vain."""
    tests = tmp_path / "tests"
    (tests / "support").mkdir(parents=True)
    (tests / "support/other.py").write_text(
        "def main():\n    print('there')\n    return\n    print('never')\n\nmain()\n"
    )
    (tests / "test_a.py").write_text(
        "import subprocess\nimport sys\nfrom pathlib import Path\n\n"
        "OTHER = Path(__file__).parent / 'support/other.py'\n\n\n"
        "def test_a():\n    subprocess.run([sys.executable, OTHER], check=True)\n"
        "    if not OTHER.exists():\n        assert False\n"
    )
    return tmp_path


def test_what_no_process_reaches_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do marks arrive from other processes, and is the rest told with its text?"""
    tests, site, notes = project / "tests", project / "site", project / "notes.txt"
    before = project / "before"
    site.mkdir()
    before.mkdir()
    for path in tests.rglob("*.py"):
        (before / path.relative_to(tests)).parent.mkdir(exist_ok=True)
        (before / path.relative_to(tests)).write_text(path.read_text())
    places = mark_tests(tests, site, notes)
    # A venv reads its .pth files by itself; here the process is told to.
    start = f"import site; site.addsitedir({str(site)!r})"
    (site / "sitecustomize.py").write_text(start)
    monkeypatch.setenv("PYTHONPATH", str(site))
    words = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", str(tests)]
    subprocess.run(words, check=True, timeout=120, cwd=project)
    unreached = places - read_notes(notes)
    assert list(report(unreached, before)) == [
        "tests/support/other.py:4: print('never')",
        "tests/test_a.py:11: assert False",
    ]


def test_half_a_line_of_notes_is_none(tmp_path: Path) -> None:
    """Is a note that a killed process could not end passed over?"""
    notes = tmp_path / "notes.txt"
    notes.write_text("a.py:12\nb.py:\nc\n")
    assert read_notes(notes) == {Place("a.py", 12)}


def test_all_our_tests_can_be_marked() -> None:
    """Are there thousands of statements, and is each file still Python?"""
    tests, found = run.ROOT / "tests", 0
    for path in sorted(tests.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        compile(mark_statements(text, path.name), str(path), "exec")
        found += len(list(find_statements(text)))
    assert found > 10_000
