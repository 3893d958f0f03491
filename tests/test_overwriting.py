"""Commands write over and remove only what they wrote themselves."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.cli import NAME, Call, contents, make_class, own_course
from support.judges import grade_here

from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.gradebook.open import backup_gradebook
from unrolled.hub import accounts
from unrolled.hub.plan import HubPlan, claim_folder, make_plan, remove_folder
from unrolled.hub.setup.course_folder import copy_course


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small class, graded, with a feedback page; to be copied."""
    course = make_class(tmp_path_factory.mktemp("graded"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course.root)
        from unrolled.feedback.generate import generate_feedback

        grade_here(course, NAME, ["ada"])
        generate_feedback(course, NAME)
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course of its own; one stands in it."""
    return own_course(graded, tmp_path, monkeypatch)


def test_a_marker_s_file_outlives_a_regrade(course: Course, unrolled: Call) -> None:
    """Do remarks beside a graded notebook stay, and a marked copy of it as well?"""
    folder = course.autograded / "ada" / NAME
    (folder / "remarks.md").write_text("Talk to her.")
    (folder / "tiny-marked.ipynb").write_text("{}")
    assert unrolled("grade", NAME, "--student", "ada", "--force").code == 0
    assert (folder / "remarks.md").read_text() == "Talk to her."
    aside = course.build / "backups" / "autograded" / "ada" / NAME
    assert (aside / "tiny-marked.ipynb").read_text() == "{}"
    assert unrolled("feedback", NAME, "--force").code == 0


def test_a_file_beside_a_feedback_page_stays(course: Course, unrolled: Call) -> None:
    """Does a file that somebody laid beside a page outlive --force?"""
    scan = course.feedback / "ada" / NAME / "scans" / "page1.pdf"
    scan.parent.mkdir()
    scan.write_text("a scan")
    assert unrolled("feedback", NAME, "--force").code == 0
    assert scan.read_text() == "a scan"


def test_copies_with_names_of_their_own_stay(course: Course) -> None:
    """Are only the grader's own old copies of the gradebook removed?"""
    folder = course.build / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / "gradebook-before-the-exam.db"
    mine.write_text("mine")
    for _ in range(12):
        backup_gradebook(course)
    assert mine.read_text() == "mine"
    assert len(list(folder.glob("gradebook-2*.db"))) == 10


def test_a_table_of_oracles_replaces_no_other_file(
    course: Course, unrolled: Call
) -> None:
    """Is `--oracles README.md` refused before anything is measured?"""
    (course.root / "README.md").write_text("My course.")
    said = unrolled("verify", "--oracles", "README.md", "--jobs", "1")
    assert said.code == 2 and "README.md exists already" in said.err
    assert (course.root / "README.md").read_text() == "My course."


def hub_in(course: Course, folder: Path) -> HubPlan:
    """The plan of a hub in a folder."""
    toml = course.root / "course.toml"
    toml.write_text(f'{toml.read_text()}\n[hub]\nfolder = "{folder}"\n')
    return make_plan(load_course(course.root))


def test_a_hub_takes_no_folder_of_somebody_else_s(
    course: Course, tmp_path: Path
) -> None:
    """Is a folder with other things in it left alone, at the start and by a purge?"""
    theirs = tmp_path / "srv"
    (theirs / "students").mkdir(parents=True)
    (theirs / "students" / "thesis.tex").write_text("years of work")
    before = contents(theirs)
    plan = hub_in(course, theirs)
    with pytest.raises(UserError, match="is not empty"):
        claim_folder(plan, course)
    with pytest.raises(UserError, match="did not make it"):
        remove_folder(plan)
    assert contents(theirs) == before


def test_a_hub_is_not_made_around_the_course(course: Course, tmp_path: Path) -> None:
    """Is a hub's folder that holds the course folder refused?"""
    with pytest.raises(UserError, match="contains the course folder"):
        claim_folder(hub_in(course, tmp_path), course)


def test_a_purge_leaves_what_the_hub_did_not_make(
    course: Course, tmp_path: Path
) -> None:
    """Does a purge remove all of the hub, and name and keep the rest?"""
    plan = hub_in(course, tmp_path / "hub")
    claim_folder(plan, course)
    claim_folder(plan, course)  # twice is nothing new
    for folder in (plan.students_env, plan.state, plan.exchange / plan.course):
        folder.mkdir(parents=True)
    (plan.folder / "backup.tar").write_text("mine")
    (plan.exchange / "another-course").mkdir()
    assert remove_folder(plan) == (plan.folder / "backup.tar", plan.exchange)
    assert [p.name for p in plan.exchange.iterdir()] == ["another-course"]


def test_a_hub_alone_in_its_folder_leaves_nothing(
    course: Course, tmp_path: Path
) -> None:
    """Is the folder itself gone after a purge where all of it was the hub's?"""
    plan = hub_in(course, tmp_path / "hub")
    claim_folder(plan, course)
    (plan.exchange / plan.course).mkdir(parents=True)
    assert remove_folder(plan) == () and not plan.folder.exists()


def test_a_home_that_was_there_stays(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a purge leave the home of an earlier account of the same name?"""
    plan = replace(hub_in(course, tmp_path / "hub"), homes=tmp_path / "home")
    plan.state.mkdir(parents=True)
    (plan.homes / "zzearlier").mkdir(parents=True)
    (plan.homes / "zznew").mkdir()
    calls: list[list[object]] = []

    def make_home(words: list[object], **_: Any) -> None:
        if words[-1] == "zznew":
            (plan.homes / "zznew").mkdir()

    monkeypatch.setattr(accounts, "run_program", lambda words, **_: calls.append(words))
    accounts.make_account(plan, "zzearlier")
    shutil.rmtree(plan.homes / "zznew")
    monkeypatch.setattr(accounts, "run_program", make_home)
    accounts.make_account(plan, "zznew")
    monkeypatch.setattr(accounts, "has_account", lambda name: True)
    monkeypatch.setattr(accounts, "run_program", lambda words, **_: calls.append(words))
    calls.clear()
    accounts.remove_accounts(plan)
    assert calls == [
        ["userdel", "--force", "zzearlier"],
        ["userdel", "--remove", "--force", "zznew"],
    ]


def test_a_course_is_not_placed_over_other_files(
    course: Course, tmp_path: Path
) -> None:
    """Is a folder with other things where the hub's course goes told by name?"""
    plan = replace(hub_in(course, tmp_path / "hub"), homes=tmp_path / "home")
    (plan.course_root).mkdir(parents=True)
    (plan.course_root / "notes.md").write_text("mine")
    with pytest.raises(UserError, match=r"has no course\.toml"):
        copy_course(plan, course)
    assert (plan.course_root / "notes.md").read_text() == "mine"
