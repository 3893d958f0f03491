"""Nobody who runs a command reads a warning of ours or of a library on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.cli import NAME, make_class

# The same as in pyproject.toml: nbgrader's own sessions.
EXCEPTIONS = ("ignore:Object of type",)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built course: one has handed in a notebook, one another file."""
    return make_class(tmp_path_factory.mktemp("course")).root


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["build", "--force"], 0),
        (["grade", NAME], 1),  # one file is no notebook
        (["feedback", NAME], 0),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_a_command_warns_of_nothing(course: Path, words: list[str], code: int) -> None:
    """Does it do its work where every warning, also one of a judge's, is an error?"""
    filters = [word for text in ("error", *EXCEPTIONS) for word in ("-W", text)]
    done = subprocess.run(
        [sys.executable, *filters, "-m", "unrolled", *words],
        cwd=course,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    assert "Warning" not in done.stderr + done.stdout
