"""Full disks, locked and old gradebooks, clocks that jump: nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cluster import NAME, copy_class, make_class, notebooks
from support.gradebook_dump import dump
from support.judges import grade_here

import unrolled.files
import unrolled.gradebook.open
from unrolled.course.model import Course, load_course
from unrolled.grade.results import GradeReport
from unrolled.grade.run import grade
from unrolled.grade.scheduling.pool import JudgePool

STUDENTS = 6
needs_mount = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0 or not shutil.which("mount"),
    reason="mounts a small disk: run as root; apt-get install mount",
)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class, nothing graded yet."""
    return make_class(tmp_path_factory.mktemp("school") / "course", STUDENTS)


@pytest.fixture(scope="module")
def undisturbed(school: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded without trouble."""
    course = copy_class(school, tmp_path_factory.mktemp("local") / "course")
    assert grade_here(course, NAME).ungraded == ()
    return course


@pytest.fixture
def course(school: Course, tmp_path: Path) -> Course:
    """A class of the test's own."""
    return copy_class(school, tmp_path / "course")


@pytest.fixture
def impatient(course: Course) -> Course:
    """A class of the test's own that does not wait long for others."""
    toml = course.root / "course.toml"
    toml.write_text(f"{toml.read_text()}\n[grading]\nlock_seconds = 0.3\n")
    return load_course(course.root)


@contextmanager
def disk(place: Path, options: str) -> Iterator[None]:
    """A file system of its own over a folder."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    subprocess.run(mount, check=True, timeout=600)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=600)


def command(course: Course) -> subprocess.CompletedProcess[str]:
    """`unrolled grade`."""
    words = [sys.executable, "-m", "unrolled", "--course", str(course.root)]
    return subprocess.run(
        [*words, "grade", NAME], capture_output=True, text=True, timeout=600
    )


def no_judge(_: JudgePool, jobs: Any) -> Iterator[Any]:
    """Nobody grades anything."""
    assert list(jobs) == []
    return iter(())


def check_mended(
    course: Course, undisturbed: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run writes what is kept, without grading again."""
    monkeypatch.setattr(JudgePool, "run", no_judge)
    assert grade(course, NAME).ungraded == ()
    assert dump(course) == dump(undisturbed)
    assert notebooks(course) == notebooks(undisturbed)


def check_told(report: GradeReport, course: Course, why: str) -> None:
    """Who could not be written is listed with the file and the reason; nobody half."""
    assert report.ungraded
    for found in report.ungraded:
        assert "gradebook.db" in found.reason and found.student in found.reason
        assert "could not be written: " in found.reason and why in found.reason
    written = {s.student for s in report.submissions} - {
        s.student for s in report.ungraded
    }
    assert set(notebooks(course)) == written
    with closing(sqlite3.connect(course.gradebook)) as db:
        rows = db.execute("select student_id from submitted_assignment").fetchall()
    assert {student for (student,) in rows} == written


@needs_mount
def test_a_full_disk_loses_nothing(
    course: Course, undisturbed: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are some written, the others told and kept, and written when there is room?"""
    with disk(course.autograded, "size=40k"):
        check_told(grade_here(course, NAME), course, "No space left")
    check_mended(course, undisturbed, monkeypatch)


@needs_mount
def test_a_read_only_folder_loses_nothing(
    course: Course, undisturbed: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is everybody told why, and written when the folder can be written?"""
    with disk(course.autograded, "ro"):
        report = grade_here(course, NAME)
        check_told(report, course, "Read-only file system")
        assert len(report.ungraded) == STUDENTS
    check_mended(course, undisturbed, monkeypatch)


def test_a_gradebook_that_is_locked_on_the_way_loses_nothing(
    impatient: Course, undisturbed: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are those before it written, those after it kept, and is the lock named?"""
    course = impatient
    with closing(sqlite3.connect(course.gradebook, check_same_thread=False)) as other:

        def lock(_: object) -> None:
            if not other.in_transaction:
                other.execute("begin immediate")

        students = ["student00", "student01", "student02"]
        report = grade_here(course, NAME, students, progress=lock)
        other.rollback()
    check_told(report, course, "database is locked")
    assert len(report.ungraded) == 2
    grade_here(course, NAME, set_of(undisturbed) - set(students))  # type: ignore[arg-type]
    check_mended(course, undisturbed, monkeypatch)


def set_of(course: Course) -> set[str]:
    """All who have handed in."""
    return {p.name for p in course.submitted.iterdir()}


def test_a_gradebook_that_is_locked_from_the_start_is_told(impatient: Course) -> None:
    """Does the command say in a line what holds it up, and write nothing?"""
    course = impatient
    with closing(sqlite3.connect(course.gradebook)) as other:
        other.execute("begin exclusive")
        run = command(course)
    said = " ".join(run.stderr.split())
    assert run.returncode == 2 and "Traceback" not in said
    assert "gradebook.db cannot be used" in said and "locked" in said
    assert "close formgrader" in said
    assert notebooks(course) == {}


def test_a_gradebook_of_an_older_nbgrader_is_told(course: Course) -> None:
    """Does the command name nbgrader's own upgrade, and leave the file as it is?"""
    with closing(sqlite3.connect(course.gradebook)) as db:
        db.execute("alter table submitted_notebook drop column late_submission_penalty")
        db.execute("update alembic_version set version_num = '50a4d84c131a'")
        db.commit()
    before = course.gradebook.read_bytes()
    run = command(course)
    said = " ".join(run.stderr.split())
    assert run.returncode == 2 and "Traceback" not in said
    assert "no such column" in said and "`nbgrader db upgrade`" in said
    assert course.gradebook.read_bytes() == before and notebooks(course) == {}


def test_a_file_that_is_no_gradebook_is_told(course: Course) -> None:
    """Is a damaged database one line, with the way to the backups?"""
    course.gradebook.write_bytes(b"no database" * 1000)
    run = command(course)
    said = " ".join(run.stderr.split())
    assert run.returncode == 2 and "Traceback" not in said
    assert "file is not a database" in said and "build/backups/" in said


def test_a_clock_that_jumps_back_changes_nothing(
    course: Course, undisturbed: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are results the same, and is the newest backup kept, a year before the others?"""
    grade_here(course, NAME)
    for _ in range(unrolled.gradebook.open.MAX_BACKUPS + 2):
        unrolled.gradebook.open.backup_gradebook(course)

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Earlier:
            moment = datetime.now(UTC) - timedelta(days=365)
            return cls.fromtimestamp(moment.timestamp(), tz)

    monkeypatch.setattr(unrolled.files, "datetime", Earlier)
    monkeypatch.setattr("time.time", lambda: 1e9)
    with closing(sqlite3.connect(course.gradebook)) as db:
        db.execute("update grade set extra_credit = 1")
        db.commit()
    newest = unrolled.gradebook.open.backup_gradebook(course)
    assert newest is not None and newest.exists()
    copies = list((course.build / "backups").iterdir())
    assert len(copies) == unrolled.gradebook.open.MAX_BACKUPS
    with closing(sqlite3.connect(newest)) as db:
        (extra,) = db.execute("select min(extra_credit) from grade").fetchone()
        assert extra == 1
    with closing(sqlite3.connect(course.gradebook)) as db:
        db.execute("update grade set extra_credit = null")
        db.commit()
    assert grade_here(course, NAME, force=True).ungraded == ()
    assert dump(course) == dump(undisturbed)
