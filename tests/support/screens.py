"""The pictures of docs/canvas.md: what the real commands say, as SVG."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Gradebook
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from support.author_course import LESSON
from support.canvas_stand_in import StandIn
from support.canvas_stand_in_server import serve

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
WIDTH = 96
TOKEN = "the-token-of-the-pictures"
COURSE = """\
[course]
id = "unrolled"
title = "Recurrent Neural Networks, Unrolled"
timezone = "America/Chicago"

[canvas]
url = "{url}"
course = 77
hub = "https://hub.example.edu"

[assignments.02_forward_pass]
title = "The Forward Pass"
release = 2027-01-25 09:00:00
due = 2027-02-05 23:59:00
late = { per_day = 10, max = 50, grace_minutes = 15 }

[assignments.03_bptt]
title = "Backpropagation Through Time"
release = 2027-02-08 09:00:00
due = 2027-02-19 23:59:00
"""
HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,The Forward Pass (901)"
EXPORT = f"""\
{HEAD},Essay (950),Final Score
    Points Possible,,,,,100.00,20.00,(read only)
"Hopper, Grace",4102,S2,grace,A,90.00,18.00,90.00
"Johnson, Katherine",4103,S3,katherine,A,,,
"Lovelace, Ada",4101,S1,ada,A,,17.00,85.00
"Noether, Emmy",4104,S4,emmy,A,,15.00,75.00
"Turing, Alan",4105,S5,alan,A,40.00,,40.00
"""
HOME_MADE = f"""\
{HEAD},Forward Pass
"Hopper, Grace",4102,S2,grace,A,88,88
"Johnson, Katherine",4103,S3,katherine,A,"1,000",
"Lovelace, Ada",4101,S1,ada,A,95%,95
"Turing, A. M.",,,turing,A,51,
"Turing, Alan",4105,S5,alan,A,,
"""
COMMANDS = {
    "canvas-roster": "roster gradebook.csv --dry-run",
    "canvas-export": "export 02_forward_pass --template gradebook.csv --force",
    "canvas-check": "check home_made.csv --template gradebook.csv",
    "canvas-push": "push 02_forward_pass --feedback --yes",
    "canvas-cartridge": "cartridge --force",
}


def make_class(root: Path, url: str) -> Course:
    """Ada, Grace, Katherine and Alan, graded; Emmy has handed nothing in."""
    (root / "course.toml").write_text(COURSE.replace("{url}", url))
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    for name, file in (("02_forward_pass", "forward_pass"), ("03_bptt", "bptt")):
        (root / "lessons" / name).mkdir(parents=True)
        (root / "lessons" / name / f"{file}.py").write_text(LESSON)
        oracle = root / "lessons" / name / "oracle.py"
        oracle.write_text("def double(x):\n    return x + x\n")
    course = load_course(root)
    build_assignments(course, list(course.assignments))
    (root / "gradebook.csv").write_text(EXPORT)
    (root / "home_made.csv").write_text(HOME_MADE)
    return course


def grade(course: Course) -> None:
    """Points after the roster has come: automatic, by hand (None: not yet), late."""
    marks = {"ada": (60, 35, 0), "grace": (58, 30, 0), "katherine": (55, 37.5, 9.25)}
    with Gradebook(course.db_url, course.id) as gradebook:
        for student, (auto, manual, late) in (marks | {"alan": (51, None, 0)}).items():
            made = gradebook.add_submission("02_forward_pass", student)
            (notebook,) = made.notebooks
            notebook.late_submission_penalty = late
            for found in notebook.grades:
                by_hand = found.name == "why"
                found.manual_score = manual if by_hand else None
                found.auto_score = None if by_hand else auto
                found.needs_manual_grade = by_hand and manual is None
            page = course.feedback / student / "02_forward_pass" / "forward_pass.html"
            page.parent.mkdir(parents=True)
            page.write_text("<html>feedback</html>")
        gradebook.db.commit()


def in_canvas() -> StandIn:
    """The same class in the stand-in for Canvas."""
    canvas = StandIn(token=TOKEN)
    canvas.add_assignment(901, "The Forward Pass")
    for line in EXPORT.splitlines()[2:]:
        name, number, sis, login, _, present = re.split(r",(?! )", line)[:6]
        canvas.add_user(int(number), name.strip('"'), sis_user_id=sis, login_id=login)
        if present:
            canvas.post_grade(901, int(number), present)
    return canvas


def say(course: Course, words: str) -> str:
    """What a command says on standard output, with its colours."""
    environment = os.environ | {
        "COLUMNS": str(WIDTH),
        "FORCE_COLOR": "1",
        "TERM": "xterm-256color",
        "CANVAS_TOKEN": TOKEN,
    }
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "unrolled", "canvas", *words.split()]
    ran = subprocess.run(
        command,
        cwd=course.root,
        env=environment,
        stdout=-1,
        stderr=-1,
        text=True,
        timeout=600,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def picture(name: str, words: str, said: str) -> str:
    """A terminal as SVG, without anything from the network."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ unrolled canvas {words}", style="bold"))
    console.print(Text.from_ansi(said.rstrip()))
    outside = r"<!--.*?-->|@font-face \{\{.*?\}\}\n"
    plain = re.sub(outside, "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    plain = plain.replace("Fira Code, monospace", "monospace")
    return console.export_svg(title="", code_format=plain, unique_id=name)


def pictures() -> Iterator[tuple[str, str]]:
    """Every picture, from one class: roster first, then grades, then Canvas."""
    with tempfile.TemporaryDirectory() as folder, serve(in_canvas()) as server:
        course = make_class(Path(folder), server.url)
        for name, words in COMMANDS.items():
            yield name, picture(name, words, say(course, words))
            if name == "canvas-roster":
                say(course, "roster gradebook.csv --yes")
                grade(course)


def texts(svg: str) -> list[str]:
    """The words of a picture."""
    return re.findall(r">([^<>]+)</text>", svg)
