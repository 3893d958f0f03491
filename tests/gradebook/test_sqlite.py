"""gradebook.db: its mode, its copies, and who waits for whom."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from support.shared import make_built_course
from support.waits import read_line

from unrolled.converters import make_nbgrader_config
from unrolled.course.model import Course, load_course
from unrolled.gradebook.open import backup_gradebook, open_gradebook
from unrolled.gradebook.sqlite import is_on_local_disk, set_journal_mode

NAME = "01_tiny"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built small course, to be copied."""
    return make_built_course(tmp_path_factory.mktemp("built")).root


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Course:
    """A course of its own."""
    return load_course(shutil.copytree(built, tmp_path / "course"))


def pragma(file: Path, name: str) -> object:
    """What SQLite says of a file."""
    with closing(sqlite3.connect(file)) as db:
        return db.execute(f"pragma {name}").fetchone()[0]


def students(file: Path) -> set[str]:
    """Everybody in a gradebook."""
    with closing(sqlite3.connect(file)) as db:
        return {name for (name,) in db.execute("select id from student")}


def test_the_mode_is_set_and_a_copy_is_one_file(course: Course) -> None:
    """Is it a write-ahead log, and is a copy whole without one?"""
    assert pragma(course.gradebook, "journal_mode") == "wal"
    copy = backup_gradebook(course)
    assert copy is not None
    assert pragma(copy, "journal_mode") == "delete"
    assert [p.name for p in copy.parent.glob(f"{copy.name}*")] == [copy.name]


def test_a_plain_copy_has_what_was_marked_a_moment_ago(
    course: Course, tmp_path: Path
) -> None:
    """Is it whole while formgrader is still open, as a careful person would copy?"""
    backup_gradebook(course)
    with open_gradebook(course) as formgrader:
        formgrader.add_student("ada")
        shutil.copyfile(course.gradebook, tmp_path / "copy.db")
        assert students(tmp_path / "copy.db") == {"ada"}


def test_readers_hold_up_nobody_who_writes(course: Course) -> None:
    """Does a mark go through while a page of all submissions is being read?"""
    backup_gradebook(course)
    with closing(sqlite3.connect(course.gradebook)) as reader:
        reader.execute("begin")
        reader.execute("select * from base_cell").fetchone()
        with open_gradebook(course) as formgrader:
            formgrader.add_student("ada")
        assert reader.execute("select count(*) from student").fetchone() == (0,)
    assert students(course.gradebook) == {"ada"}


@pytest.mark.parametrize(("seconds", "waits"), [(0.1, False), (60, True)])
def test_nbgrader_waits_as_long_as_course_toml_says(
    course: Course, seconds: float, waits: bool
) -> None:
    """Does nbgrader's own code, with our configuration, wait for a grader's write?"""
    toml = course.root / "course.toml"
    toml.write_text(f"{toml.read_text()}\n[grading]\nlock_seconds = {seconds}\n")
    make_nbgrader_config(load_course(course.root))  # as nbgrader_config.py does
    grader = sqlite3.connect(course.gradebook, check_same_thread=False)
    grader.execute("begin immediate")
    timer = threading.Timer(2, grader.rollback)
    with closing(grader), Gradebook(course.db_url, course.id) as formgrader:
        timer.start() if waits else None
        if waits:
            formgrader.add_student("ada")
        else:
            with pytest.raises((OperationalError, ValueError), match="locked"):
                formgrader.add_student("ada")
    timer.join(60) if waits else None
    assert students(course.gradebook) == ({"ada"} if waits else set())


def test_nbgrader_can_upgrade_what_we_configure(course: Course) -> None:
    """Does `nbgrader db upgrade`, which we send people to, find file and address?"""
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    done = subprocess.run(
        [nbgrader, "db", "upgrade"],
        cwd=course.root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(course.root.glob("gradebook.db.*"))) == 1  # nbgrader's own copy


def test_a_new_gradebook_is_as_nbgrader_makes_it(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Has it nbgrader's tables and its mark, though nbgrader's program is not run?"""
    theirs, ours = (replace(course, root=tmp_path / who) for who in ("one", "two"))
    theirs.root.mkdir()
    ours.root.mkdir()
    with Gradebook(theirs.db_url, theirs.id):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))  # where no alembic lies
    with open_gradebook(ours):
        pass
    assert tables_and_version(ours) == tables_and_version(theirs)
    assert len(tables_and_version(ours)[1]) == 1


def tables_and_version(course: Course) -> tuple[list[object], list[object]]:
    """How a gradebook's tables were made, and which version of nbgrader's they are."""
    with closing(sqlite3.connect(course.gradebook)) as db:
        tables = db.execute("select name, sql from sqlite_master order by name")
        return tables.fetchall(), db.execute("select * from alembic_version").fetchall()


def test_other_databases_are_left_alone(course: Course, tmp_path: Path) -> None:
    """Does only the gradebook get our time to wait?"""
    make_nbgrader_config(course)
    for file, wanted in ((course.gradebook, 60_000), (tmp_path / "other.db", 5_000)):
        engine = create_engine(f"sqlite:///{file}")
        with engine.connect() as db:
            found = db.exec_driver_sql("pragma busy_timeout").scalar()
        engine.dispose()
        assert found == wanted


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /home rw shared:2 - nfs4 server:/home rw
31 30 0:27 / /home/my\\040disk rw shared:3 - xfs /dev/vdb rw
32 22 0:28 / /srv rw - ext4 /dev/vdc rw
33 22 0:29 / /srv rw - fuse.sshfs host:/srv rw
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's list of mounts")
@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/course/gradebook.db", True),
        ("/home/ada/gradebook.db", False),
        ("/home/my disk/gradebook.db", True),
        ("/homes/gradebook.db", True),
        ("/srv/gradebook.db", False),
    ],
)
def test_a_network_disk_gets_no_write_ahead_log(
    path: str, local: bool, tmp_path: Path
) -> None:
    """Is each path judged by the file system that it really lies on?"""
    (tmp_path / "mounts").write_text(MOUNTS)
    assert is_on_local_disk(Path(path), tmp_path / "mounts") == local


def test_a_gradebook_moved_to_a_network_disk_loses_the_log(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is the mode taken back where shared memory would not be shared?"""
    set_journal_mode(course.gradebook)
    assert pragma(course.gradebook, "journal_mode") == "wal"
    monkeypatch.setattr("unrolled.gradebook.sqlite.is_on_local_disk", lambda _: False)
    set_journal_mode(course.gradebook)
    assert pragma(course.gradebook, "journal_mode") == "delete"


GROUP = 12345
WRITE = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
db.execute("insert into student (id) values (?)", (sys.argv[2],))
db.commit()
print("written", flush=True)
sys.stdin.read()
"""


def writer_of(folder: Path, account: int, name: str) -> subprocess.Popen[bytes]:
    """Somebody of the group who writes, and keeps the gradebook open."""
    return subprocess.Popen(
        ["/usr/bin/python3", "-c", WRITE, str(folder / "gradebook.db"), name],
        user=account,
        group=account,
        extra_groups=[GROUP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        umask=0o022,
    )


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0,
    reason="is two other accounts: run the tests as root",
)
def test_two_accounts_of_a_group_write_at_once(built: Path) -> None:
    """Can both write, while each has it open, in a folder that keeps its group?"""
    with tempfile.TemporaryDirectory(prefix="group-", dir="/tmp") as made:
        folder = Path(made)
        shutil.copy(built / "gradebook.db", folder / "gradebook.db")
        set_journal_mode(folder / "gradebook.db")
        for path, mode in ((folder, 0o2770), (folder / "gradebook.db", 0o660)):
            os.chown(path, 0, GROUP)
            path.chmod(mode)
        people = [writer_of(folder, 2001, "ada"), writer_of(folder, 2002, "bob")]
        for person in people:
            assert read_line(person) == b"written\n"
        assert students(folder / "gradebook.db") == {"ada", "bob"}
        for person in people:
            person.communicate(timeout=60)
