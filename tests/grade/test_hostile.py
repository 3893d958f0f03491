"""The hostile class: no undeserved point, nobody else touched, nothing left behind."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from support.hostile_class import (
    HONEST,
    NAME,
    Account,
    adopt_orphans,
    by_student,
    children,
    hostile_students,
    make_class,
    ordinary_account,
    own_account,
    returned,
    still_alive,
)
from support.tiers import starts

from unrolled.course.model import Course, load_course
from unrolled.samples.expectations import find_misses
from unrolled.sandbox.isolate import Tier

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
SYSTEM_PYTHON = "/usr/bin/python3"
CASES: list[tuple[str, Tier]] = [
    ("own", "namespaces"),
    ("ordinary", "namespaces"),
    ("ordinary", "landlock"),
]


@pytest.fixture(scope="module")
def hostile_class(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Everybody has handed in, honest students among the others."""
    folder = tmp_path_factory.mktemp("hostile") / "course"
    return make_class(folder, [*HONEST, *hostile_students()])


@pytest.fixture(scope="module")
def undisturbed(
    hostile_class: Course, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The notebooks of the honest students, graded with nobody else there."""
    root = tmp_path_factory.mktemp("honest") / "course"
    copy_class(hostile_class, root)
    for folder in (root / "submitted").iterdir():
        if not folder.name.startswith("honest"):
            shutil.rmtree(folder)
    with own_account() as account:
        run = account.run(load_course(root), "")
    assert run.returncode == 0, run.stderr
    return notebooks(root)


def copy_class(course: Course, root: Path) -> None:
    """A course folder of its own, links as links."""
    shutil.copytree(course.root, root, symlinks=True)


def notebooks(root: Path) -> dict[str, bytes]:
    """The graded notebooks of the honest students."""
    found = sorted(root.glob(f"autograded/honest_*/{NAME}/*.ipynb"))
    return {path.parts[-3]: path.read_bytes() for path in found}


@pytest.fixture(scope="module", params=CASES, ids=lambda c: "-".join(c))
def graded(
    request: pytest.FixtureRequest, hostile_class: Course
) -> Iterator[tuple[Account, Course, dict[str, Any]]]:
    """The class graded from an account, in a tier; and what was left behind."""
    who, tier = request.param
    if not starts(tier):
        pytest.skip(f"no {tier} here: allow user namespaces, or Linux 5.13 or newer")
    with account_of(who) as account:
        root = account.folder / "course"
        copy_class(hostile_class, root)
        adopt_orphans()
        before = children()
        run = account.run(load_course(root), tier)
        assert run.stdout, run.stderr
        found = by_student(run.stdout)
        found["status"] = run.returncode
        found["alive"] = still_alive(children() - before)
        yield account, load_course(root), found


def account_of(who: str) -> AbstractContextManager[Account]:
    """The account of a case; skips where it would be the same as another's."""
    if who == "own":
        return own_account()
    if os.getuid() != 0:
        pytest.skip("the tests run under an ordinary account: run them as root")
    if not shutil.which("setpriv") or not Path(SYSTEM_PYTHON).exists():
        pytest.skip("apt-get install util-linux python3")
    return ordinary_account(SYSTEM_PYTHON)


def test_every_hostile_submission_gets_what_it_earned(
    graded: tuple[Account, Course, dict[str, Any]],
) -> None:
    """Is each score the expected one, and each unreadable file told with a reason?"""
    _, _, found = graded
    wrong = {}
    for student in hostile_students():
        result, expected = found[student.name], student.recipes[NAME].expected
        if result["status"] == "ungraded":
            assert result["reason"], student.name
            score = None
        else:
            score = result["score"] - result["late_penalty"]
        if score != expected:
            wrong[student.name] = (score, expected, result["reason"])
    assert wrong == {}
    assert found["status"] == 1


def test_what_is_said_of_hostile_submissions_is_what_their_recipes_expect(
    graded: tuple[Account, Course, dict[str, Any]],
) -> None:
    """Are reasons, repairs, hints and the copy that counts those of each recipe?"""
    _, course, found = graded
    misses = {
        (student.name, miss)
        for student in hostile_students()
        for miss in find_misses(
            student.recipes[NAME], returned(course, found[student.name])
        )
    }
    assert misses == set()


def test_honest_students_are_not_touched(
    graded: tuple[Account, Course, dict[str, Any]], undisturbed: dict[str, bytes]
) -> None:
    """Are the honest notebooks those of a class without any harm in it?"""
    _, course, found = graded
    assert {found[s.name]["score"] for s in HONEST} == {84.0}
    assert len(undisturbed) == len(HONEST)
    assert notebooks(course.root) == undisturbed


def test_nothing_is_left_behind(
    graded: tuple[Account, Course, dict[str, Any]],
) -> None:
    """Is no process alive, no scratch file there, nothing new in the course folder?"""
    account, course, found = graded
    assert found["alive"] == set()
    assert account.left_over() == []
    known = {"autograded", "build", "course.secret", "course.toml", "gradebook.db"}
    known |= {"lessons", "nbgrader_config.py", "release", "solutions", "source"}
    known |= {"built.sha256"}
    assert {p.name for p in course.root.iterdir()} == known | {"submitted"}
    caches = {
        p.name for f in (".cache", ".config") for p in account.folder.glob(f"{f}/*")
    }
    assert caches <= {"matplotlib"}  # the grader's own
    assert not Path("/tmp/pickled").exists()
    graders = {p.parts[-3] for p in course.autograded.glob("*/*/*.ipynb")}
    ungraded = {n for n, r in found.items() if isinstance(r, dict) and r["reason"]}
    assert graders == {s.name for s in (*HONEST, *hostile_students())} - ungraded


def test_the_hostile_class_is_large_and_every_fault_is_explained() -> None:
    """Are there at least sixty, each with a word about what it does?"""
    students = hostile_students()
    assert len(students) >= 60
    assert all(s.about and NAME in s.recipes for s in students)
