"""Paths and names are whole at any width; a narrow or piped terminal gets lines."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from support.cli import NAME, hand_in, make_class
from support.waits import read_terminal

from unrolled.canvas.api.push import PushReport
from unrolled.canvas.cartridge.build import CartridgeReport
from unrolled.canvas.roster.sync import RosterPlan
from unrolled.grade.doctor.doctor import Checkup, Protection
from unrolled.grade.results import CellResult, GradeReport, SubmissionResult
from unrolled.hub.check.check import Finding, HubCheck
from unrolled.report.canvas import render_cartridge, render_push_report, render_roster
from unrolled.report.hub import render_hub_check
from unrolled.report.tables import render_checkups, render_grades
from unrolled.samples.demo_report import DemoReport, DemoScore

LONG = "wilhelmina-theodora-van-der-berghe-1234567890"
PATH = f"/home/grader-recurrent_2027/recurrent_2027/submitted/{LONG}/02_forward_pass"
PROSE = "this says at some length, in words that may be broken, what was the matter"
CELL = CellResult(grade_id="a_values", score=60.0, max_score=60.0, passed=True)
VIEWS: dict[str, RenderableType] = {
    "grade": render_grades(
        GradeReport(
            "02_forward_pass",
            1.0,
            (
                SubmissionResult(
                    student=LONG,
                    status="graded",
                    score=60.0,
                    max_score=100.0,
                    cells=(CELL,),
                ),
                SubmissionResult(
                    student="bob",
                    status="ungraded",
                    reason=f"{PATH}/a.ipynb: {PROSE}",
                ),
            ),
        )
    ),
    "demo": DemoReport(
        (
            DemoScore(
                student=LONG,
                about=PROSE,
                assignment="02_forward_pass",
                expected=90.0,
                score=90.0,
            ),
        ),
        (Path(PATH) / "scores.json",),
    ).table(),
    "doctor": render_checkups(
        [Checkup("landlock", (Protection("files", False, f"read {PATH}", PROSE),))]
    ),
    "hub check": render_hub_check(
        HubCheck(
            (
                Finding(
                    f"{LONG} can sign in",
                    holds=False,
                    found=PATH,
                    mend=f"chmod 700 {PATH}",
                ),
            )
        )
    ),
    "canvas roster": render_roster(RosterPlan(dropped=(LONG,), left_out=(PATH,))),
    "canvas push": render_push_report(
        PushReport(
            sent=1, same=0, notes_sent=0, notes_there=0, warnings=(f"{LONG}: {PATH}",)
        )
    ),
    "canvas cartridge": render_cartridge(
        CartridgeReport(
            file=PATH,
            modules=("a",),
            pages=("b",),
            assignments=(LONG,),
            without_dates=(),
            hub="",
            written=True,
        )
    ),
}


def shown(view: RenderableType, width: int, terminal: bool) -> str:
    """What a console of a width shows, as the commands print."""
    console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None
    )
    console.soft_wrap = True
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", VIEWS)
def test_names_and_paths_are_whole(name: str, width: int) -> None:
    """Is nothing that one would copy cut or broken at the terminal's width?"""
    said = shown(VIEWS[name], width, terminal=True)
    assert LONG in said
    if name in ("grade", "doctor", "hub check", "canvas roster"):
        assert PATH in said


@pytest.mark.parametrize("name", VIEWS)
def test_a_pipe_gets_plain_lines(name: str) -> None:
    """Is there no frame in what a program reads, and every path in one piece?"""
    said = shown(VIEWS[name], 80, terminal=False)
    assert not set(said) & set("│┃━┏╭─")
    assert LONG in said


def test_a_narrow_terminal_gets_lines_and_a_wide_one_a_table() -> None:
    """Is a row one line where the table does not fit, with its names before values?"""
    narrow = shown(VIEWS["grade"], 40, terminal=True).splitlines()
    assert f"{LONG}: score 60; of 100; state all checks passed" in narrow
    assert "│" in shown(VIEWS["grade"], 200, terminal=True)


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small class in a folder with a long path, with a student of a long name."""
    root = tmp_path_factory.mktemp("deep") / ("a-long-name-of-a-folder-" * 3) / LONG
    root.mkdir(parents=True)
    course = make_class(root)
    hand_in(course, LONG)
    return course.root


def in_terminal(folder: Path, width: int | None, *words: str) -> str:
    """What a command shows on a terminal of a width, or into a pipe."""
    command = [sys.executable, "-m", "unrolled", *words]
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    env |= {"TERM": "xterm"}
    if width is None:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, timeout=600
        )
        return (done.stdout + done.stderr).decode()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        return read_terminal(ours).decode()
    finally:
        os.close(ours)
        process.kill()
        process.wait(60)


@pytest.mark.parametrize("width", [40, 80, None])
def test_commands_show_whole_paths(deep: Path, width: int | None) -> None:
    """Can what build, grade, feedback and an error show be copied and opened?"""
    assert LONG in in_terminal(deep, width, "grade", NAME, "--student", LONG)
    said = in_terminal(deep, width, "grade", NAME, "--student", LONG)
    assert "sandbox" in said  # what it does before the first result
    page = deep / "feedback" / LONG / NAME / "tiny.html"
    assert str(page) in in_terminal(deep, width, "feedback", NAME, "--force")
    wrong = in_terminal(deep, width, "import", "none.ipynb")
    assert "none.ipynb" in wrong
    shown = in_terminal(deep, width, "grade", NAME, "--student", "bob", "--show")
    assert f"{deep}/submitted/bob/{NAME}/tiny.ipynb" in shown


@pytest.mark.parametrize("width", [40, None])
def test_more_commands_show_whole_paths(deep: Path, width: int | None) -> None:
    """Are places to move, to open and to mend whole in what the others show?"""
    moves = in_terminal(deep, width, "new-term", "--dry-run")
    assert f"{deep}/submitted/{LONG} -> {deep}/build/terms/" in moves
    out = deep / "handout.zip"
    assert f"{out}: {NAME}" in in_terminal(deep, width, "handout", "--out", str(out))
    (deep / "release" / NAME / f"{LONG}.md").write_text("mine")
    assert f"release/{NAME}/{LONG}.md" in in_terminal(deep, width, "build", "--check")
    nowhere = deep / "none" / LONG
    assert f"{nowhere}: there is no such folder." in in_terminal(
        deep, width, "build", "--course", str(nowhere)
    )
