"""The table of changes that tests must notice fits the code, and its runner tells."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import pytest
from mutants import run
from mutants.run import Mutant, TableError, choose_part, main, read_tables, try_mutant

TODAY = datetime.date(2027, 2, 5)


def mutant(**more: object) -> Mutant:
    """A change to a file `a.py`."""
    given = {"name": "one", "file": "a.py", "old": "x + 1", "new": "x - 1"}
    return Mutant(**{**given, "tests": ("test_a.py",), **more})  # type: ignore[arg-type]


def test_every_entry_fits_the_code() -> None:
    """Is each place there once, and each test by its name?"""
    mutants = read_tables()
    run.check_table(mutants)
    assert len({m.name for m in mutants}) == len(mutants) > 0


def test_what_the_net_was_made_for_is_in_it() -> None:
    """Is each change that the README names an entry?"""
    text = (run.TABLES / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"\| `(.+)` \|$", text, re.MULTILINE)
    assert len(told) > 20 and set(told) <= {m.name for m in read_tables()}


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_the_parts_of_n_days_are_all_of_it(parts: int) -> None:
    """Has every change been tried after n days, each once?"""
    mutants = tuple(mutant(name=str(n)) for n in range(20))
    days = [TODAY + datetime.timedelta(n) for n in range(parts)]
    tried = [m for day in days for m in choose_part(mutants, f"today/{parts}", day)]
    assert sorted(tried, key=lambda m: int(m.name)) == list(mutants)


def test_a_place_that_is_gone_is_said() -> None:
    """Is the table called stale, with the entry's name, when code has moved on?"""
    with pytest.raises(TableError, match=r"one: README\.md has the text"):
        mutant(file="README.md", old="no such words").mutated(run.ROOT)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two files, with this environment as its own."""
    (tmp_path / "a.py").write_text("def f(x):\n    return x + 1\n")
    (tmp_path / "test_a.py").write_text(
        "from a import f\n\n\ndef test_f():\n    assert f(1) == 2\n"
        "\n\ndef test_nothing():\n    assert f\n"
    )
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path


def test_a_change_is_noticed_or_not_and_taken_back(project: Path) -> None:
    """Is a failing test named, a hole told, and the file as it was?"""
    before = (project / "a.py").read_text()
    noticed = try_mutant(mutant(), project, 60)
    assert noticed.noticed and noticed.by == "test_a.py::test_f"
    blind = mutant(tests=("test_a.py::test_nothing",))
    assert not try_mutant(blind, project, 60).noticed
    assert (project / "a.py").read_text() == before


def test_a_compiled_file_does_not_outlive_a_change(project: Path) -> None:
    """Is it used for a digest of its source, not for a second and a length?"""
    run._compile(project, ".")
    (compiled,) = (project / "__pycache__").glob("a.*.pyc")
    assert compiled.read_bytes()[4] == 0b11  # PEP 552: a digest, and compared
    noticed = try_mutant(mutant(), project, 60)
    assert noticed.noticed and noticed.by == "test_a.py::test_f"
    assert compiled.exists()


def test_tests_that_do_not_run_are_trouble_and_no_notice(project: Path) -> None:
    """Is a test that is not there, or never ends, no proof?"""
    gone = try_mutant(mutant(tests=("test_b.py",)), project, 60)
    assert gone.trouble and not gone.noticed
    skip = "import pytest\n\npytestmark = pytest.mark.skip\n"
    (project / "test_skipped.py").write_text(f"{skip}\n\ndef test_a():\n    pass\n")
    skipped = try_mutant(mutant(tests=("test_skipped.py",)), project, 60)
    assert "1 skipped" in skipped.trouble and not skipped.noticed
    (project / "test_a.py").write_text("while True:\n    pass\n")
    hung = try_mutant(mutant(), project, 2)
    assert "no end in 2 s" in hung.trouble and not hung.noticed


def test_the_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Can somebody see what there is without running anything?"""
    assert main(["--list"]) == 0
    assert "all students are asked the same" in capsys.readouterr().out
