"""A new term: what moves, what stays, and what happens when something is in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.author_course import make_course
from support.cli import command, contents

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.new_term import begin_term, plan_term

ROOT = Path(__file__).parents[1]
NAME = "02_forward_pass"
TOML = f"""
[course]
id = "rnn"
title = "Recurrent Networks"
timezone = "UTC"

[assignments.{NAME}]
title = "The Forward Pass"
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course at the end of its term: a student, a hand-in, an exchange."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "lessons" / NAME, root / "lessons" / NAME)
    (root / "course.toml").write_text(TOML)
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    course = load_course(root)
    build_assignments(course, [NAME])
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.add_student("ada")
    for folder in (course.submitted, course.autograded, course.feedback):
        (folder / "ada" / NAME).mkdir(parents=True)
        (folder / "README.md").write_text("stays")
    course.secret_file.write_text("0" * 64)
    return course


def students(course: Course) -> list[str]:
    """The students of the gradebook."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return [s.id for s in gradebook.students]


def test_a_new_term_keeps_the_course_and_moves_the_class(
    course: Course, tmp_path: Path
) -> None:
    """Are students, work, grades and secret aside, and is the course built anew?"""
    inbound = tmp_path / "exchange" / "rnn" / "inbound"
    inbound.mkdir(parents=True)
    (inbound / f"ada+{NAME}+2027-02-05").mkdir()
    plan = plan_term(course, tmp_path / "exchange")
    assert students(course) == ["ada"], "planning moves nothing"
    begin_term(course, plan)
    assert students(course) == []
    assert [p.name for p in course.submitted.iterdir()] == ["README.md"]
    assert (plan.folder / "submitted" / "ada" / NAME).is_dir()
    assert (plan.folder / "gradebook.db").is_file()
    assert (plan.folder / "course.secret").read_text() == "0" * 64
    assert list(inbound.iterdir()) == []
    assert inbound.stat().st_mode & 0o7777 == 0o3733
    aside = tmp_path / "exchange" / "rnn" / ".terms"
    assert aside.stat().st_mode & 0o777 == 0o700
    assert len(list(aside.glob("*/inbound/ada+*"))) == 1
    with Gradebook(course.db_url, course.id) as gradebook:
        assert [a.name for a in gradebook.assignments] == [NAME]


def test_a_notebook_in_the_way_of_the_build_is_told(course: Course) -> None:
    """Where a build fails, is it said that the term has begun all the same?"""
    (course.source / NAME / "draft.ipynb").write_text("{}")
    plan = plan_term(course)
    with pytest.raises(
        UserError, match=r"term has begun.*draft\.ipynb.*unrolled build"
    ):
        begin_term(course, plan)
    assert (plan.folder / "gradebook.db").is_file()
    (course.source / NAME / "draft.ipynb").unlink()
    build_assignments(course, [NAME])
    assert students(course) == []


def test_what_cannot_be_moved_stops_all_of_it(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is everything back in its place if one move fails?"""
    plan = plan_term(course)
    rename = Path.rename

    def refuse(old: Path, new: Path) -> Path:
        if old.name == "gradebook.db":
            raise PermissionError(13, "Permission denied", str(old))
        return rename(old, new)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(UserError, match=r"gradebook\.db: Permission denied. Nothing"):
        begin_term(course, plan)
    assert students(course) == ["ada"]
    assert (course.submitted / "ada" / NAME).is_dir()


ASIDE = ("canvas.csv", "course.secret", "gradebook.db", "gradebook.db-wal")


def test_a_dry_run_names_all_that_would_move_and_moves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Are work, grades, secret, results and Canvas records shown, and left?"""
    course = make_course(tmp_path / "course")
    exchange = tmp_path / "exchange" / course.id
    folders = ("submitted/ada", "autograded/ada", "feedback/ada", "canvas-records")
    scratch = ("build/results", "build/regrades")
    for folder in (*folders, *scratch):
        (course.root / folder).mkdir(parents=True)
    for folder in ("inbound", "outbound", "feedback"):
        (exchange / folder).mkdir(parents=True)
    for file in ASIDE:
        (course.root / file).write_text("last term's")
    before = contents(tmp_path)
    place = ["--course", str(course.root), "--exchange", str(exchange.parent)]
    shown = command(capfd, "new-term", *place, "--dry-run")
    assert shown.code == 0 and contents(tmp_path) == before
    moved = {line.split(" -> ")[0] for line in shown.out.splitlines()}
    wanted = {str(course.root / name) for name in (*folders, *scratch, *ASIDE)}
    assert moved == wanted | {str(p) for p in exchange.iterdir()}
    unasked = command(capfd, "new-term", *place)
    assert unasked.code == 2 and "Add --yes" in unasked.err
    assert contents(tmp_path) == before


def test_a_gradebook_in_postgresql_is_not_moved(course: Course) -> None:
    """Is it said what to do where the gradebook is no file?"""
    line = '[grading]\ndatabase = "postgresql://grader@127.0.0.1/term"\n'
    (course.root / "course.toml").write_text(TOML + line)
    with pytest.raises(UserError, match="PostgreSQL"):
        plan_term(load_course(course.root))
