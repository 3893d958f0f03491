"""Does a long command say what it is doing, also where nobody has a terminal?"""

from __future__ import annotations

import io
import re
import time

from rich.console import Console

from unrolled.report.progress import StatusLine


def test_lines_in_a_pipe() -> None:
    """Is each step a line, and does a line follow while it lasts?"""
    file = io.StringIO()
    with StatusLine(Console(file=file, width=20), every=0.05) as talk:
        talk.say("making the students' environment (a minute or two)")
        until = time.monotonic() + 60
        while file.getvalue().count("\n") < 3:
            assert time.monotonic() < until
            time.sleep(0.01)
        talk.say("making accounts")
    lines = file.getvalue().splitlines()
    assert lines[0] == "making the students' environment (a minute or two) ..."
    assert lines[1].startswith("  making the students' environment")
    assert "making accounts ..." in lines
    assert "\x1b" not in file.getvalue()


def test_silent_afterwards() -> None:
    """Is nothing said any more when the work is done?"""
    file = io.StringIO()
    with StatusLine(Console(file=file), every=0.01) as talk:
        talk.say("looking")
    said = file.getvalue()
    time.sleep(0.1)
    assert file.getvalue() == said


def test_a_line_in_a_terminal() -> None:
    """Does the line in a terminal count the seconds?"""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    with StatusLine(console) as talk:
        talk.say("starting the hub")
        until = time.monotonic() + 60
        while not re.search(r"starting the hub \.\.\. \d+ s", file.getvalue()):
            assert time.monotonic() < until, file.getvalue()
            time.sleep(0.1)
