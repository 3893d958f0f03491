"""A gradebook in PostgreSQL, by one line of course.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli import Told, command
from support.cluster import NAME
from support.gradebook_dump import dump
from support.judges import grade_here
from support.postgresql import Server, needs_postgresql, programs, server
from support.two_assignments import NAMES, copy_school, grade_school, make_school

from unrolled.author.build import Approval, build_assignments
from unrolled.canvas.grades_csv.export import export_canvas
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.feedback.generate import generate_feedback
from unrolled.grade.run import grade
from unrolled.grade.stored_results import read_stored_result
from unrolled.gradebook.open import backup_gradebook, has_gradebook, open_gradebook
from unrolled.samples.demo import run_demo

pytestmark = needs_postgresql
AUTOGRADE = "autograde 01_tiny --student student00"
CAPFD = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A server."""
    with server() as found:
        yield found


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two assignments, nothing graded yet."""
    return make_school(tmp_path_factory.mktemp("school") / "course")


@pytest.fixture(scope="module")
def graded(school: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The school, graded in gradebook.db."""
    return grade_school(school, tmp_path_factory.mktemp("graded") / "course")


@pytest.fixture
def course(
    request: pytest.FixtureRequest,
    school: Course,
    graded: Course,
    postgresql: Server,
    tmp_path: Path,
) -> Course:
    """The school in a database of its own; results are kept, and not written yet."""
    line = f'database = "{postgresql.create(request.node.name[-50:])}"'
    return copy_school(school, graded, tmp_path / "course", line)


def say(capfd: CAPFD, course: Course, *words: str) -> Told:
    """`unrolled`."""
    return command(capfd, "--course", str(course.root), *words)


def test_a_class_is_the_same_in_both_databases(
    course: Course, graded: Course, tmp_path: Path
) -> None:
    """Are rows, results, Canvas's file and feedback equal to those of gradebook.db?"""
    assert not course.gradebook.exists()
    for name in NAMES:
        report = grade(course, name)
        assert report.ungraded == ()
        for found in report.submissions:
            assert read_stored_result(graded, name, found.student).cells == found.cells
    assert dump(course) == dump(graded)
    files = []
    for one in (course, graded):
        out = one.root / "canvas.csv"
        export_canvas(one, list(NAMES), None, out, force=True)
        (page,) = generate_feedback(one, NAME, ["student00"])
        files.append((out.read_bytes(), page.read_bytes()))
    assert files[0] == files[1]


def test_a_term_that_has_begun_moves_whole_and_once(
    graded: Course, postgresql: Server, tmp_path: Path
) -> None:
    """Does `unrolled build` bring all rows over, and never again?"""
    course = load_course(shutil.copytree(graded.root, tmp_path / "course"))
    toml = course.root / "course.toml"
    line = f'[grading]\ndatabase = "{postgresql.create("term")}"\n'
    toml.write_text(f"{toml.read_text()}\n{line}")
    course = load_course(course.root)
    earlier = course.root / "gradebook.db.moved-to-postgresql"
    earlier.write_text("of the term before")
    assert not build_assignments(course, list(NAMES)).assignments[0].registered
    assert dump(course) == dump(graded)
    assert not course.gradebook.exists()
    assert earlier.read_text() == "of the term before"
    assert len(list(course.root.glob("gradebook.db.moved-to-postgresql-*"))) == 1
    shutil.copy(graded.gradebook, course.gradebook)
    with open_gradebook(course) as gradebook:
        gradebook.add_student("newcomer")
    build_assignments(course, [NAME])
    with open_gradebook(course) as gradebook:
        assert gradebook.find_student("newcomer")


def test_build_registers_and_asks(course: Course) -> None:
    """Does a changed test reach the database, and other cells when agreed to?"""
    lesson = course.lessons / NAME / "tiny.py"
    text = lesson.read_text()
    lesson.write_text(text.replace("integers(100)", "integers(200)"))
    assert build_assignments(course, [NAME]).assignments[0].registered
    assert not build_assignments(course, [NAME]).assignments[0].registered
    with open_gradebook(course) as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(NAME, "ada")
    before = dump(course)
    lesson.write_text(text.replace('"double_values"', '"double_numbers"'))
    with pytest.raises(UserError, match="renamed  double_values -> double_numbers"):
        build_assignments(course, [NAME])
    assert dump(course) == before
    added = '# %% check="double_zero" points=10\nassert double(0) == 0\n\n# %% show'
    more = text.replace("# %% show", added).replace("points=60", "points=50")
    for changed in (more, text):
        lesson.write_text(changed)
        assert (
            build_assignments(course, [NAME], agreed=Approval(cells=True))
            .assignments[0]
            .gradebook
        )
        assert grade_here(course, NAME).ungraded == ()
    assert list((course.build / "backups").glob("dropped-*"))


def test_a_backup_brings_everything_back(course: Course, postgresql: Server) -> None:
    """Does `pg_restore` make of the copy what the database was?"""
    grade(course, NAME)
    copy = backup_gradebook(course)
    assert copy is not None and copy.suffix == ".dump"
    folder = programs()
    assert folder is not None
    words = [str(folder / "pg_restore"), f"--dbname={postgresql.create('restored')}"]
    subprocess.run([*words, str(copy)], check=True, timeout=600)
    toml = course.root / "course.toml"
    toml.write_text(toml.read_text().replace(course.database.url, words[1][9:]))
    assert dump(load_course(course.root)) == dump(course)


def test_without_pg_dump_it_says_whose_backups_there_are(
    course: Course, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Is the absence of a copy told, and no obstacle?"""
    monkeypatch.setattr("unrolled.gradebook.postgresql.shutil.which", lambda _: None)
    assert grade(course, NAME).ungraded == ()
    assert "backups of the PostgreSQL server" in caplog.text


def test_stock_nbgrader_takes_the_same_database(course: Course, graded: Course) -> None:
    """Do nbgrader's own commands read, write and upgrade what the line names?"""
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    for words in ("db student add zoe", AUTOGRADE, "db upgrade"):
        done = subprocess.run(
            [nbgrader, *words.split()],
            cwd=course.root,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
    with open_gradebook(course) as gradebook:
        assert gradebook.find_student("zoe")
    ours, theirs = dump(graded)["grade"], dump(course)["grade"]
    assert theirs and set(map(repr, theirs)) < set(map(repr, ours))


def test_the_demo_stays_out_of_the_real_gradebook(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does `unrolled demo` make a gradebook of its own, whatever course.toml says?"""

    class Stop(Exception):
        pass

    def stop(made: Course, *_: object, **__: object) -> None:
        assert made.database.url == "" and made.root == course.build / "demo"
        raise Stop

    (course.root / "tests" / "submissions").mkdir(parents=True)
    monkeypatch.setattr("unrolled.samples.demo.load_students", lambda _: [])
    monkeypatch.setattr("unrolled.samples.demo.build_assignments", stop)
    with pytest.raises(Stop):
        run_demo(course, None)  # type: ignore[arg-type]


def test_a_server_that_cannot_be_used_is_told(course: Course, capfd: CAPFD) -> None:
    """Is each mistake one line with the way out?"""
    toml = course.root / "course.toml"
    text = toml.read_text()
    for old, new, said in (
        ("host=/tmp/pg-", "host=/tmp/gone-", "Does the server run"),
        ("@/test_", "@/no_", "createdb"),
        ("//postgres@", "//nobody@", "createuser"),
    ):
        toml.write_text(text.replace(old, new))
        told = say(capfd, course, "grade", NAME)
        assert told.code == 2 and "Traceback" not in told.err
        assert "the gradebook in PostgreSQL cannot be used" in told.err
        assert said in told.err


def test_an_empty_database_is_no_gradebook(
    course: Course, postgresql: Server, capfd: CAPFD
) -> None:
    """Is a new database told to be built, as a missing file is?"""
    postgresql.sql("drop schema public cascade", course.database.url)
    postgresql.sql("create schema public", course.database.url)
    assert not has_gradebook(course)
    told = say(capfd, course, "grade", NAME)
    assert told.code == 2 and "unrolled build" in told.err
    told = say(capfd, course, "canvas", "export", NAME)
    assert told.code == 2 and "unrolled build" in told.err
    assert say(capfd, course, "build", NAME).code == 0 and has_gradebook(course)


def test_a_lock_is_waited_for_and_told(course: Course, capfd: CAPFD) -> None:
    """Does the command give up after lock_seconds, and name the reason?"""
    import psycopg

    toml = course.root / "course.toml"
    toml.write_text(
        toml.read_text().replace("database =", "lock_seconds = 0.3\ndatabase =")
    )
    with psycopg.connect(course.database.url) as other:
        other.execute("lock table submitted_assignment in access exclusive mode")
        told = say(capfd, course, "grade", NAME)
    assert told.code == 2 and "lock timeout" in told.err
    assert "Another program is writing it" in told.err
