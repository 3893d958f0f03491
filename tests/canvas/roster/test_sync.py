"""`unrolled canvas roster`: shown first, written after a yes, nobody's work lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.cli import Call, own_course
from support.shared import make_built_course

from unrolled.canvas.records import locate_identities, read_identities
from unrolled.canvas.roster.read import read_roster, split_name
from unrolled.canvas.roster.sync import apply_roster, plan_roster
from unrolled.course.model import Course
from unrolled.errors import UserError

NAME = "01_tiny"
HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,Tiny (7)"
EXPORT = f"""\
{HEAD}
    Points Possible,,,,,100.00
"Lovelace, Ada",11,S11,ada,A,
"李, 小龍",12,S12,bruce,A,5.00
"Student, Test",99,,{"0f" * 20},A,
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built course."""
    return make_built_course(tmp_path_factory.mktemp("class")).root


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course of its own, one stands in it, with students ada, old and worker."""
    made = own_course(built, tmp_path, monkeypatch)
    with Gradebook(made.db_url, made.id) as gradebook:
        gradebook.update_or_create_student("ada", first_name="Augusta")
        gradebook.update_or_create_student("old")
        gradebook.update_or_create_student("worker")
        gradebook.add_submission(NAME, "worker")
    return made


def file(course: Course, text: str = EXPORT, encoding: str = "utf-8") -> Path:
    """A file from Canvas."""
    path = course.root / "from_canvas.csv"
    path.write_bytes(text.encode(encoding))
    return path


def students(course: Course) -> dict[str, tuple[str | None, ...]]:
    """First name, last name, e-mail, Canvas id of everybody."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return {
            s.id: (s.first_name, s.last_name, s.email, s.lms_user_id)
            for s in gradebook.students
        }


def test_a_roster_is_shown_then_written(course: Course, call: Call) -> None:
    """Does the plan come first, nothing change in a dry run, everything with --yes?"""
    before = students(course)
    path = str(file(course))
    said = call("canvas", "roster", path, "--dry-run")
    assert said.code == 0 and students(course) == before
    assert "1 to add, 1 to change, 1 to drop, 0 unchanged" in said.out
    assert "Canvas's test student" in said.out
    said = call("canvas", "roster", path, "--yes")
    assert said.code == 0
    assert students(course) == {
        "ada": ("Ada", "Lovelace", None, "11"),
        "bruce": ("小龍", "李", None, "12"),
        "worker": (None, None, None, None),
    }
    assert read_identities(course)["bruce"] == {"sis_id": "S12", "login": "bruce"}
    assert locate_identities(course).stat().st_mode & 0o077 == 0
    assert list((course.build / "backups").glob("gradebook-*.db"))


def test_a_second_time_there_is_nothing_to_do(course: Course, call: Call) -> None:
    """Is the same file then no change, and no question asked?"""
    path = str(file(course))
    assert call("canvas", "roster", path, "--yes").code == 0
    document = call("canvas", "roster", path, "--json").document()
    assert document["applied"] is False and document["same"] == 2
    assert document["added"] == document["changes"] == document["dropped"] == []


def test_where_nobody_can_be_asked_nothing_is_done(course: Course, call: Call) -> None:
    """Is a missing --yes told in one line, with exit code 2?"""
    before = students(course)
    said = call("canvas", "roster", str(file(course)))
    assert said.code == 2 and "--yes" in said.err and students(course) == before


@pytest.mark.parametrize("where", ["submitted", "autograded", "feedback"])
def test_a_student_with_work_is_never_dropped(course: Course, where: str) -> None:
    """Do files keep a student, as a submission in the gradebook does?"""
    (course.root / where / "old" / NAME).mkdir(parents=True)
    plan = plan_roster(course, file(course))
    assert plan.dropped == () and plan.stay == ("old", "worker")
    apply_roster(course, plan)
    assert {"old", "worker"} <= students(course).keys()


def test_work_that_came_after_the_plan_keeps_its_student(course: Course) -> None:
    """Is the gradebook looked at again before a student is dropped?"""
    plan = plan_roster(course, file(course))
    assert plan.dropped == ("old",)
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.add_submission(NAME, "old")
    apply_roster(course, plan)
    assert "old" in students(course)


def test_a_student_is_known_by_canvas_id_first(course: Course) -> None:
    """Does a changed login change no student's name here?"""
    apply_roster(course, plan_roster(course, file(course)))
    renamed = EXPORT.replace(",ada,", ",ada.lovelace,")
    plan = plan_roster(course, file(course, renamed))
    assert plan.added == () and plan.dropped == ()
    assert [(c.student, c.what, c.new) for c in plan.changes] == [
        ("ada", "login", "ada.lovelace")
    ]


def test_a_doubt_neither_adds_nor_drops(course: Course) -> None:
    """Are two rows with one login left out, and the student they may mean kept?"""
    doubled = EXPORT + '"Old, Olga",21,S21,old,A,\n"Old, Otto",22,S22,old,A,\n'
    plan = plan_roster(course, file(course, doubled))
    assert plan.dropped == ()
    assert "old" not in [s.name for s in plan.added]
    assert sum("2 rows have the user name old" in x for x in plan.left_out) == 2


@pytest.mark.parametrize("login", ["../evil", "a/b", ".", "two+parts", "tail ", "a*"])
def test_a_name_that_cannot_be_a_folder_is_left_out(course: Course, login: str) -> None:
    """Is a login that would lead out of submitted/ refused?"""
    text = f'{HEAD}\n"X, Y",31,S31,{login},A,\n'
    plan = plan_roster(course, file(course, text))
    assert plan.added == () and "cannot be the name of a folder" in plan.left_out[0]


PEOPLE = """\
Name;Login ID;SIS ID;Email;Role
Grace Hopper;grace@navy.mil;S7;grace@navy.mil;StudentEnrollment
Alan Turing;alan@kings.uk;S8;alan@kings.uk;TaEnrollment
"""


@pytest.mark.parametrize(
    ("kind", "student"),
    [
        ("login", "grace@navy.mil"),
        ("local", "grace"),
        ("sis", "S7"),
        ("email", "grace@navy.mil"),
    ],
)
def test_a_list_of_people_is_read(course: Course, kind: str, student: str) -> None:
    """Are a BOM, semicolons and other column names understood, teachers left out?"""
    path = file(course, PEOPLE, "utf-8-sig")
    plan = plan_roster(course, path, kind, keep=True)  # type: ignore[arg-type]
    (added,) = plan.added
    (document,) = plan.as_dict()["added"]
    assert document["student"] == added.name == student
    values = {"first_name": "Grace", "last_name": "Hopper", "lms_user_id": ""}
    assert document["values"] == values | {"email": "grace@navy.mil"}
    assert document["kept"] == {"sis_id": "S7", "login": "grace@navy.mil"}
    assert plan.dropped == () and "not a student (TaEnrollment)" in plan.left_out[0]


def test_a_european_export_is_read(course: Course) -> None:
    """Are a BOM, semicolons and decimal commas no trouble?"""
    text = EXPORT.replace(",", ";").replace("; Ada", ", Ada").replace("; 小", ", 小")
    found = read_roster(file(course, text.replace("5.00", "5,00"), "utf-8-sig"))
    assert [(p.name, p.canvas_id, p.login) for p in found.people] == [
        ("Lovelace, Ada", "11", "ada"),
        ("李, 小龍", "12", "bruce"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "row 1: this is neither a gradebook"),
        (b"Name,Grade\nAda,5\n", "row 1: this is neither a gradebook"),
        ("Name,Login ID\né,e\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_another_file_is_refused(course: Course, content: bytes, said: str) -> None:
    """Does the error name the file and what it lacks?"""
    path = course.root / "other.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        plan_roster(course, path)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Lovelace, Ada", ("Lovelace", "Ada")),
        ("Ada Lovelace", ("Lovelace", "Ada")),
        ('="=cmd, x"', ("=cmd", "x")),
        ("李小龍", ("李小龍", "")),
        ("", ("", "")),
    ],
)
def test_names_are_split(name: str, parts: tuple[str, str]) -> None:
    """Are family and given name told apart in both orders?"""
    assert split_name(name) == parts


def test_nobody_is_dropped_who_shall_be_kept(course: Course, call: Call) -> None:
    """Does --keep leave those in the gradebook who are not in the file?"""
    said = call("canvas", "roster", str(file(course)), "--keep", "--yes")
    assert said.code == 0 and "0 to drop" in said.out
    assert "kept, although not in the file: old" in said.out
    assert "old" in students(course)


@pytest.mark.parametrize("status", ["inactive", "completed", "rejected", "deleted"])
def test_whoever_has_left_in_canvas_is_not_enrolled(
    course: Course, status: str
) -> None:
    """Is a list's status looked at, so that nobody comes back who has left?"""
    rows = f"Name,Login ID,Status\nG H,grace,{status}\nA T,alan,active\n"
    plan = plan_roster(course, file(course, rows))
    assert [s.name for s in plan.added] == ["alan"]
    assert f"not active ({status})" in plan.left_out[0]
