"""`unrolled grade --show`: one submission, opened."""

from __future__ import annotations

import json
import subprocess
import sys

from support.small_class import SmallClass

NAME = "02_forward_pass"


def show(small: SmallClass, student: str, *more: str) -> str:
    """What the command says of one student."""
    command = [sys.executable, "-m", "unrolled", "--course", str(small.course.root)]
    command += ["grade", NAME, "--student", student, "--show", *more]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.stderr.splitlines()[1:] == []  # the first says what is done
    return run.stdout


def test_a_damaged_file_is_shown_at_its_line_with_what_to_do(
    small_class: SmallClass,
) -> None:
    """Does a TA see the reason, the text at that line, and a way out?"""
    said = " ".join(show(small_class, "not_a_notebook").split())
    assert "not_a_notebook, 02_forward_pass: not graded" in said
    assert "the text is not JSON (line 1)" in said
    assert "> 1 Dear Sir or Madam" in said
    assert "ask not_a_notebook to hand in again" in said
    assert "`unrolled grade 02_forward_pass --student not_a_notebook`" in said
    assert "submitted/not_a_notebook/02_forward_pass/forward_pass.ipynb" in said


def test_a_wrong_submission_shows_checks_with_their_hints(
    small_class: SmallClass,
) -> None:
    """Is every failed check there, with message and hint, and the files to open?"""
    said = show(small_class, "several_misconceptions")
    assert "75 of 100 points" in said
    assert "rnn_step_values: 0 of 3 points" in said
    assert "hint: This is the sigmoid of the sum" in said
    assert "open " + str(small_class.course.autograded) in said
    assert said.count("of 3 values differ") >= 1


def test_right_work_has_nothing_wrong(small_class: SmallClass) -> None:
    """Does it say so?"""
    assert "Nothing is wrong with this submission." in show(small_class, "perfect")


def test_the_same_as_data(small_class: SmallClass) -> None:
    """Does --json hold the result, the findings and the files?"""
    found = json.loads(show(small_class, "blank", "--json"))
    assert found["result"]["student"] == "blank"
    assert found["result"]["score"] == 0
    assert len(found["result"]["cells"]) > 20
    assert len(found["files"]) == 3


def test_it_wants_one_student(small_class: SmallClass) -> None:
    """Is a missing --student one clear line?"""
    command = [sys.executable, "-m", "unrolled", "--course"]
    command += [str(small_class.course.root), "grade", NAME, "--show"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 2
    assert "--show opens one submission: name its student with --student." in run.stderr
