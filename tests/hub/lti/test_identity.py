"""Who is who: a person from Canvas and the course's own records."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.lti_stand_in import CLAIM
from support.sign_in_hub import ROOT, enrol, place_plan

from unrolled.canvas.records import Student
from unrolled.course.model import load_course
from unrolled.hub.lti.authenticator import CanvasAuthenticator, is_safe_account
from unrolled.hub.lti.identity import (
    SignInRefusedError,
    find_student,
    parse_identity,
)

ADA = Student(
    name="ada", canvas_id="17", sis_id="S17", login="ada", email="ada@example.edu"
)
PEOPLE = [
    ADA,
    Student(name="emmy", canvas_id="18", sis_id="S18", login="emmy"),
    Student(name="sophie", sis_id="S19"),
    Student(name="alan", login="Turing"),
    Student(name="copy", canvas_id="20"),
    Student(name="copied", canvas_id="20"),
]
FOUND = {
    "ada": {"canvas_id": "17", "login": "emmy"},
    "emmy": {"canvas_id": "18"},
    "sophie": {"canvas_id": "19", "sis_id": "S19"},
    "alan": {"canvas_id": "21", "login": "turing"},
}


@pytest.mark.parametrize("account", FOUND)
def test_the_surest_key_decides(account: str) -> None:
    """Is the Canvas id believed first, then SIS id, then the login?"""
    person = parse_identity({"sub": "x", f"{CLAIM}custom": FOUND[account]})
    assert find_student(person, PEOPLE).name == account


@pytest.mark.parametrize(
    "told",
    [
        {"canvas_id": "99", "login": "ada"},  # the login was given to somebody else
        {"canvas_id": "20"},
        {"canvas_id": "99", "sis_id": "S99"},
        {"canvas_id": True},
        {"canvas_id": ["17"]},
    ],
)
def test_a_doubt_is_no_student(told: dict[str, Any]) -> None:
    """Is nobody taken whose surer key is another's, who is two, or tells no text?"""
    with pytest.raises(SignInRefusedError):
        find_student(parse_identity({"sub": "x", f"{CLAIM}custom": told}), PEOPLE)


def test_email_counts_only_where_it_is_allowed() -> None:
    """Is an address that a student can change no key, unless lti.toml says so?"""
    person = parse_identity({"sub": "x", "email": "Ada@Example.edu"})
    with pytest.raises(SignInRefusedError):
        find_student(person, PEOPLE)
    assert find_student(person, PEOPLE, match_email=True) == ADA


def test_the_school_s_number_is_taken_from_canvas_s_own_part() -> None:
    """Does the SIS id that Canvas writes itself count before one from a link?"""
    token = {f"{CLAIM}lis": {"person_sourcedid": "S17"}}
    assert parse_identity(token | {f"{CLAIM}custom": {"sis_id": "S18"}}).sis_id == "S17"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        *(("a-name-that-is-free", True), ("ta", False), ("root", False)),
        *(("bin", False), ("nobody", False), ("Ada", False), ("../ada", False)),
        *(("grader-other", False), ("", False)),
    ],
)
def test_no_student_gets_an_account_with_rights(name: str, safe: bool) -> None:
    """Are accounts of staff, of graders and of the system never a student's?"""
    assert is_safe_account(name, {"ta"}) is safe


def test_an_administrator_s_account_is_no_student_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is a person's account refused if it may do more than a student's?"""
    pwd = type("Entry", (), {"pw_uid": 1000, "pw_gid": 1000})
    own = type("Group", (), {"gr_name": "sam", "gr_gid": 1000, "gr_mem": []})
    sudo = type("Group", (), {"gr_name": "sudo", "gr_gid": 27, "gr_mem": ["sam"]})
    monkeypatch.setattr("pwd.getpwnam", lambda name: pwd)
    monkeypatch.setattr("grp.getgrall", lambda: [own])
    assert is_safe_account("sam", set())
    monkeypatch.setattr("grp.getgrall", lambda: [own, sudo])
    assert not is_safe_account("sam", set())


@pytest.mark.skipif(
    os.geteuid() != 0, reason="acts as somebody else: run the tests as root"
)
def test_the_records_are_read_as_their_owner(tmp_path: Path) -> None:
    """Can a course folder not make root read for it what only root may?"""
    python = _public_python(Path("/tmp") / f"unrolled-{os.getpid()}")
    try:
        home = python.parents[2]
        plan = place_plan(home / "place")
        enrol(load_course(plan.course_root), {"ada": {"lms_user_id": "17"}})
        for path in (plan.course_root, *plan.course_root.rglob("*")):
            shutil.chown(path, "nobody")
        reader = CanvasAuthenticator(
            reader="nobody", python=str(python), course_root=str(plan.course_root)
        )
        assert [p.name for p in reader.read_students()] == ["ada"]
        kept = plan.course_root / "canvas-records" / "students.json"
        secret = tmp_path / "roots.json"
        secret.write_text('{"ada": {"sis_id": "S17"}}')
        secret.chmod(0o600)
        kept.unlink()
        kept.symlink_to(secret)
        with pytest.raises(SignInRefusedError, match="could not read"):
            reader.read_students()
    finally:
        shutil.rmtree(python.parents[2])


def _public_python(folder: Path) -> Path:
    """A Python that every account may run, with what reads the records."""
    system = Path("/usr/bin/python3")
    if not system.exists():
        pytest.skip("apt-get install python3 (one that every account may run)")
    folder.mkdir(mode=0o755)
    venv = [str(system), "-m", "venv", "--without-pip", str(folder / "venv")]
    subprocess.run(venv, check=True, timeout=300)
    site = next((folder / "venv/lib").glob("python3*")) / "site-packages"
    no_cache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src/unrolled", site / "unrolled", ignore=no_cache)
    return folder / "venv/bin/python"


def test_the_reader_needs_no_heavy_package() -> None:
    """Does reading the records at a sign-in import nothing but Python's own?"""
    code = "import unrolled.hub.lti.identity, sys; print('nbgrader' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout.strip() == "False"
