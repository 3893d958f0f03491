"""`unrolled canvas push` as a command: asks first, sends what was agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.canvas_stand_in_server import Server
from support.cli import Call
from support.push import NAME, own_class, points

from unrolled.cli import shared
from unrolled.course.model import Course


class Terminal:
    """A person at the keyboard, as far as can be told."""

    def isatty(self) -> bool:
        """Somebody is there."""
        return True


@pytest.fixture
def course(
    class_of_two: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Course:
    """A class that knows where Canvas is, and has a token; one stands in its folder."""
    return own_class(class_of_two, tmp_path, server.url, monkeypatch)


def answer(monkeypatch: pytest.MonkeyPatch, said: bool) -> list[str]:
    """A person who answers; what was asked."""
    asked: list[str] = []

    def confirm(question: str, err: bool) -> bool:
        asked.append(question)
        return said

    monkeypatch.setattr(shared.sys, "stdin", Terminal())
    monkeypatch.setattr(shared.typer, "confirm", confirm)
    return asked


def wrote(server: Server) -> bool:
    """Whether any request was more than a question."""
    return any(method != "GET" for method, _ in server.seen)


def test_where_nobody_can_be_asked_nothing_is_sent(
    course: Course, call: Call, server: Server
) -> None:
    """Is a missing --yes exit 2, with the difference shown and Canvas untouched?"""
    said = call("canvas", "push")
    assert said.code == 2 and "--yes" in said.err and "becomes" in said.out
    assert not wrote(server)


@pytest.mark.parametrize("yes", [True, False])
def test_a_person_is_asked_and_obeyed(
    course: Course,
    call: Call,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    yes: bool,
) -> None:
    """Does a no send nothing, and a yes everything that was shown?"""
    asked = answer(monkeypatch, yes)
    said = call("canvas", "push")
    assert said.code == 0 and asked == ["Send this to Canvas?"]
    assert wrote(server) is yes
    expected: dict[str, Any] = {
        f"501/{n}": (points(n, NAME), False, []) for n in (1, 2)
    }
    assert server.canvas.state() == (expected if yes else {})


def test_a_dry_run_asks_nothing_and_sends_nothing(
    course: Course, call: Call, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is it shown, and no more?"""
    asked = answer(monkeypatch, True)
    said = call("canvas", "push", "--dry-run", "--comment", "Hello")
    assert said.code == 0 and "2 comments to send" in said.out
    assert not asked and not wrote(server)


def test_a_grade_that_changed_while_one_read_stops_the_push(
    course: Course, call: Call, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is what was agreed to sent, or nothing?"""
    answer(monkeypatch, True)
    confirm = shared.typer.confirm

    def slowly(question: str, err: bool) -> bool:
        server.canvas.post_grade(501, 1, "12")
        return bool(confirm(question, err=err))

    monkeypatch.setattr(shared.typer, "confirm", slowly)
    said = call("canvas", "push")
    assert said.code == 2 and "grades have changed" in said.err and not wrote(server)


def test_a_wrong_grade_in_canvas_is_exit_code_1(
    course: Course, call: Call, server: Server
) -> None:
    """Is it named with what was sent and what is there?"""
    user_of = server.canvas.user_of
    server.canvas.user_of = lambda key: None if key == "2" else user_of(key)  # type: ignore[method-assign]
    said = call("canvas", "push", "--yes")
    assert said.code == 1 and "WRONG s2, 01_tiny: sent 42.00" in said.out
    assert "Canvas has none" in said.out


def test_json_tells_the_plan_and_what_was_sent(course: Course, call: Call) -> None:
    """Is it one document on standard output, the tables on standard error?"""
    said = call("canvas", "push", "--yes", "--json")
    document = said.document()
    assert document["sent"]["sent"] == 2 and document["sent"]["wrong"] == []
    assert len(document["plan"]["filled"]) == 2 and "becomes" in said.err
    again = call("canvas", "push", "--json").document()
    assert again["sent"] is None


def test_a_student_s_name_with_marks_is_shown_as_it_is(
    course: Course, call: Call, server: Server
) -> None:
    """Is `[red]` in a name no colour?"""
    server.canvas.add_user(70, "[red]Zoe[/red]")
    assert "[red]Zoe[/red]" in call("canvas", "push", "--dry-run").out
