"""A command starts with what it needs; what is slow to import waits for its use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Each takes from a tenth of a second to two, and none is needed to read a command line.
SLOW = {
    "IPython",
    "alembic",
    "canvasapi",
    "jsonschema",
    "jupyter_server",
    "jupytext",
    "matplotlib",
    "nbconvert",
    "nbformat",
    "nbgrader",
    "numpy",
    "requests",
    "sqlalchemy",
    "torch",
}
# Asks each verb for its help, and says which verbs there are and what was imported.
HELP = """
import contextlib, io, json, sys
from unrolled.cli.app import app
from unrolled.cli.shared import add_course_option

def walk(command, words):
    yield words
    for name, part in getattr(command, "commands", {}).items():
        yield from walk(part, [*words, name])

verbs = list(walk(add_course_option(app), []))
for words in verbs:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        add_course_option(app)([*words, "--help"])
print(json.dumps({"verbs": verbs, "modules": sorted(sys.modules)}))
"""
# Runs a command to its end, and says what was imported.
RUN = """
import contextlib, io, json, sys
from unrolled.cli import run

sys.argv[1:] = json.loads(input())
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    run()
print(json.dumps({"modules": sorted(sys.modules)}))
"""


def load(script: str, words: tuple[str, ...] = ()) -> dict[str, list[list[str] | str]]:
    """What a fresh process says that it has done."""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    said: dict[str, list[list[str] | str]] = json.loads(ran.stdout)
    return said


def test_the_help_of_every_verb_loads_nothing_slow() -> None:
    """Does the command know all its verbs and options without a slow library?"""
    said = load(HELP)
    assert ["canvas", "push"] in said["verbs"] and ["hub", "check"] in said["verbs"]
    assert SLOW & set(map(str, said["modules"])) == set()


@pytest.mark.parametrize("words", [("build", "99_none"), ("grade", "99_none")])
def test_a_mistyped_assignment_is_told_at_once(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a name that course.toml lacks refused before anything slow is loaded?"""
    monkeypatch.chdir(Path(__file__).parents[2])
    assert SLOW & set(map(str, load(RUN, words)["modules"])) == set()


def test_doctor_loads_nothing_slow() -> None:
    """Does it begin at once, with no more than what speaks with a student's process?"""
    modules = set(
        map(str, load(RUN, ("doctor", "--tier", "none", "--json"))["modules"])
    )
    assert "unrolled.grade.doctor.doctor" in modules
    assert (SLOW - {"numpy"}) & modules == set()
