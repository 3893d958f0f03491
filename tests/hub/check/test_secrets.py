"""Can a student read on the hub's machine what holds answers or secrets?

The student is the account "nobody", and everything is tried as that account.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.exchange_course import TOML

from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.hub.check import check, secrets
from unrolled.hub.check.check import QUICK_PROBES
from unrolled.hub.check.secrets import Finding
from unrolled.hub.clone import close_clones, list_clones, require_closed
from unrolled.hub.plan import HubPlan
from unrolled.hub.setup import start

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="root alone can try what others may: run this as root"
)
STUDENT = "nobody"
IN_A_CLONE = (
    *("lessons/02/oracle.py", "source/02/a.ipynb", "solutions/02/a.ipynb"),
    *("tests/submissions/a.toml", "src/unrolled/assignment/catalogue.py", ".git/HEAD"),
    *("build/backups/gradebook.db", "gradebook.db", "gradebook.db-wal"),
    *("course.secret", "canvas.token", "dist/unrolled-0.1-py3-none-any.whl"),
)


def put(path: Path, text: str = "a secret") -> Path:
    """A file that everybody may read, as umask 022 makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return path


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter."""
    root = Path(tempfile.mkdtemp(prefix="hub-secrets-", dir="/var/tmp"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def plan(place: Path) -> HubPlan:
    """A hub as it should be: what is secret is closed, the clone is not yet."""
    plan = HubPlan(
        course="rnn",
        title="A course",
        folder=place / "hub",
        port=18700,
        sign_in="password",
        instructors=("instructor",),
        assistants=("ta",),
        students=(STUDENT,),
        homes=place / "homes",
    )
    for name in IN_A_CLONE:
        put(place / "clone" / name)
        put(plan.course_root / name)
    put(place / "clone" / "course.toml", TOML)
    put(plan.course_root / "course.toml", TOML)
    plan.course_root.parent.chmod(0o700)
    for name in ("password", "check.token", "cookie_secret", "jupyterhub.sqlite"):
        put(plan.state / name, f"the {name} of a hub")
    plan.state.chmod(0o700)
    site = plan.students_env / "lib" / "python3.11" / "site-packages"
    put(site / "unrolled" / "lab" / "checks.py")
    put(site / "unrolled" / "author" / "oracles" / "witness.py")
    exchange = plan.exchange / plan.course
    put(exchange / "outbound" / "02" / "a.ipynb", "a notebook")
    for name, mode in (("inbound", 0o3733), ("feedback", 0o711), (".terms", 0o700)):
        put(exchange / name / "theirs" / "a.ipynb")
        (exchange / name).chmod(mode)
    return plan


def findings(plan: HubPlan) -> list[Finding]:
    """What all probes of this kind find."""
    probes = [p for p in QUICK_PROBES if p.__module__ == secrets.__name__]
    assert len(probes) >= 5
    return [f for probe in probes for f in probe(plan)]


def bad(plan: HubPlan) -> list[Finding]:
    """What does not hold."""
    return [f for f in findings(plan) if not f.holds]


def test_a_hub_as_it_should_be_passes(plan: HubPlan, place: Path) -> None:
    """Is nothing said where all is closed?"""
    close_clones(plan, [place / "clone"], lambda _: None)
    assert bad(plan) == []


@pytest.mark.parametrize("name", IN_A_CLONE)
def test_an_open_clone_is_found_whatever_is_open_in_it(
    plan: HubPlan, place: Path, name: str
) -> None:
    """Does the check see each file, and say how to close the clone?"""
    clone = place / "clone"
    close_clones(plan, [clone], lambda _: None)
    clone.chmod(0o711)  # names are not told, but known to all who have the project
    for path in clone.iterdir():
        top = path.name == name.partition("/")[0]
        path.chmod((0o755 if path.is_dir() else 0o644) if top else 0o700)
    (found,) = bad(plan)
    assert f"cannot read the clone {clone}" in found.what
    assert name.partition("/")[0] in found.found
    assert f"chmod o-rwx {clone}" in found.mend
    with pytest.raises(UserError, match=STUDENT):
        require_closed(plan)


def test_the_start_closes_the_clone_and_the_course(
    plan: HubPlan, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does `unrolled hub` close both before it does anything else, and say so?"""
    course, said = place / "clone", list[str]()
    other = put(place / "other" / "lessons" / "a.py").parents[1]
    toml = f'{TOML}\n[hub]\nfolder = "{place / "hub"}"\nport = 18700\n'
    put(course / "course.toml", toml)
    put(plan.folder / "installed", "x")
    monkeypatch.setattr(start, "PROJECT", other)

    def stop(*_: object) -> None:
        raise UserError("far enough")

    monkeypatch.setattr(start, "install", stop)
    with pytest.raises(UserError, match="far enough"):
        start.prepare_hub(load_course(course), said.append)
    for folder in (course, other):
        assert folder.stat().st_mode & 0o007 == 0
        assert folder in list_clones(plan)
        assert any(str(folder) in line for line in said)
        assert _seen_by_student(folder / "lessons") is False


def _seen_by_student(path: Path) -> bool:
    words = ["ls", str(path)]
    done = subprocess.run(
        words,
        user=STUDENT,
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        timeout=120,
    )
    return done.returncode == 0


def test_a_clone_that_stays_open_stops_the_start(plan: HubPlan, place: Path) -> None:
    """Is a student of the clone's own group noticed, before the hub is started?"""
    clone = place / "clone"
    shutil.chown(clone, group="nogroup")
    close_clones(plan, [clone], lambda _: None)
    with pytest.raises(UserError) as told:
        require_closed(plan)
    for words in (STUDENT, str(clone), "solutions and hidden tests", "getfacl"):
        assert words in str(told.value)


def test_a_hub_inside_the_clone_is_refused(plan: HubPlan, place: Path) -> None:
    """Is it said that students could not reach a hub in a closed folder?"""
    with pytest.raises(UserError, match="is inside"):
        close_clones(plan, [place], lambda _: None)


Open = Callable[[HubPlan], object]


def _notebook(plan: HubPlan) -> Path:
    return plan.exchange / plan.course / "outbound" / "02" / "a.ipynb"


def _site(plan: HubPlan) -> Path:
    return plan.students_env / "lib" / "python3.11" / "site-packages"


OPENED: dict[str, Open] = {
    "the course folder": lambda p: p.course_root.parent.chmod(0o755),
    "the gradebook": lambda p: p.course_root.parent.chmod(0o711),
    "copies of the gradebook": lambda p: p.course_root.parent.chmod(0o711),
    "the grader's home": lambda p: p.course_root.parent.chmod(0o755),
    "the hub's state": lambda p: p.state.chmod(0o711),
    "what others have handed in": lambda p: (p.exchange / p.course / "inbound").chmod(
        0o755
    ),
    "the list of feedback": lambda p: (p.exchange / p.course / "feedback").chmod(0o755),
    "the exchange of past terms": lambda p: (p.exchange / p.course / ".terms").chmod(
        0o755
    ),
    "the students' Python holds no answers": lambda p: put(
        _site(p) / "unrolled" / "lessons" / "02" / "misconceptions.py"
    ),
    "the released notebooks hold no answers": lambda p: put(
        _notebook(p), "x\\n### BEGIN HIDDEN TESTS\\nassert"
    ),
    "only root can change the hub's programs": lambda p: p.folder.chmod(0o777),
}


@pytest.mark.parametrize("what", OPENED)
def test_each_thing_that_is_open_is_found(
    plan: HubPlan, place: Path, what: str
) -> None:
    """Does the check say what is open, where, and how to mend it?"""
    close_clones(plan, [place / "clone"], lambda _: None)
    OPENED[what](plan)
    found = [f for f in bad(plan) if re.search(rf"(^|read ){what}", f.what)]
    assert len(found) == 1
    assert str(place) in found[0].found
    assert found[0].mend


def test_a_hub_without_students_yet_is_tried_as_well(
    plan: HubPlan, place: Path
) -> None:
    """Is what is open found before the first student has an account?"""
    none_yet = replace(plan, students=("not_here_yet",))
    close_clones(none_yet, [place / "clone"], lambda _: None)
    assert bad(none_yet) == []
    plan.course_root.parent.chmod(0o755)
    assert any("course folder" in f.what for f in bad(none_yet))


def test_a_python_that_imports_from_a_clone_is_found(
    plan: HubPlan, place: Path
) -> None:
    """Is an editable install seen? All of the clone would be on students' path."""
    text = json.dumps({"url": "file:///opt/unrolled", "dir_info": {"editable": True}})
    put(_site(plan) / "unrolled-0.1.dist-info" / "direct_url.json", text)
    assert [f.what for f in bad(plan)] == ["the students' Python holds no answers"]


def test_a_secret_on_a_command_line_is_found(plan: HubPlan) -> None:
    """Is a program seen that was given a secret as an argument?"""
    secret = (plan.state / "password").read_text()
    words = [sys.executable, "-c", "input()", secret]
    process = subprocess.Popen(words, stdin=subprocess.PIPE)
    try:
        found = [f for f in bad(plan) if "command line" in f.what]
    finally:
        process.kill()
        process.communicate(timeout=60)
    assert len(found) == 1
    assert f"({process.pid}): password" in found[0].found
    assert secret not in found[0].found


def test_a_student_with_rights_is_found(plan: HubPlan) -> None:
    """Is a student who is root, or in a group like sudo, seen?"""
    found = [f for f in bad(replace(plan, students=("root",))) if "group" in f.what]
    assert found[0].found == "root: root"


@pytest.mark.parametrize("group", ["disk", "shadow"])
def test_a_student_in_a_group_with_rights_is_found(
    plan: HubPlan, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is one found who is nobody's like, but for the group?"""
    number = grp.getgrnam(group).gr_gid
    monkeypatch.setattr(os, "getgrouplist", lambda name, own: [own, number])
    found = [f for f in bad(plan) if "group" in f.what]
    assert [f.found for f in found] == [f"{STUDENT}: {group}"]


def test_root_s_caches_are_tried(
    plan: HubPlan, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a wheel of this project found that pip has kept where students may read?"""
    put(place / "root" / ".cache" / "pip" / "wheels" / "a.whl")
    root = SimpleNamespace(pw_name="root", pw_dir=str(place / "root"))
    others = pwd.getpwuid
    monkeypatch.setattr(pwd, "getpwuid", lambda n: others(n) if n else root)
    found = [f for f in bad(plan) if "root's caches" in f.what]
    assert len(found) == 1 and str(place / "root" / ".cache") in found[0].found


def test_temporary_files_of_grading_are_tried(
    plan: HubPlan, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is what a killed grader has left open found?"""
    put(place / "unrolled-left" / "a.ipynb")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(place))
    found = [f for f in bad(plan) if "temporary" in f.what]
    assert len(found) == 1 and str(place / "unrolled-left") in found[0].found


def test_the_environment_of_a_service_is_tried(
    plan: HubPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a service found that runs as somebody whose processes students may look at?"""
    group = pwd.getpwnam(STUDENT).pw_gid
    service = subprocess.Popen(
        ["sleep", "60"], user=STUDENT, group=group, extra_groups=[]
    )
    try:
        monkeypatch.setattr(
            secrets, "_list_staff_processes", lambda _: iter([service.pid])
        )
        found = [f for f in bad(plan) if "environment" in f.what]
    finally:
        service.kill()
        service.communicate(timeout=60)
    assert len(found) == 1 and f"/proc/{service.pid}/environ" in found[0].found


def test_a_home_that_is_open_to_students_is_found(plan: HubPlan) -> None:
    """Is a home of an account that was there before seen? ("bin" has /bin.)"""
    open_ = replace(plan, assistants=("bin",))
    found = [f for f in bad(open_) if "homes" in f.what]
    assert found and "/bin" in found[0].found


def test_a_clone_that_opened_meanwhile_stops_the_start(
    plan: HubPlan, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does `unrolled hub` look as a student at its end, and not begin to serve?"""
    course = place / "clone"
    toml = f'{TOML}\n[hub]\nfolder = "{place / "hub"}"\nport = 18700\n'
    put(course / "course.toml", toml)
    put(plan.folder / "installed", "x")
    other = put(place / "other" / "lessons" / "a.py").parents[1]
    monkeypatch.setattr(start, "PROJECT", other)
    for step in ("prepare_state", "make_exchange", "write_environment_files"):
        monkeypatch.setattr(start, step, lambda _: None)
    for step in ("make_account", "make_accounts", "copy_course"):
        monkeypatch.setattr(start, step, lambda *_: [])
    monkeypatch.setattr(start, "install", lambda *_: course.chmod(0o755))
    monkeypatch.setattr(start, "build_course", lambda _: None)
    monkeypatch.setattr(start, "_add_students", lambda plan, _: plan)
    with pytest.raises(UserError, match="solutions and hidden tests"):
        start.prepare_hub(load_course(course), lambda _: None)


class Members:
    """The hub's interface, with who is in which group."""

    groups: dict[str, list[str]]

    def __init__(self, url: str, token: str) -> None:
        pass

    def get(self, path: str) -> dict[str, list[str]]:
        return {"users": self.groups[path.rpartition("/")[2]]}


def checked(
    plan: HubPlan, monkeypatch: pytest.MonkeyPatch, groups: dict[str, list[str]]
) -> list[Finding]:
    """What `unrolled hub check` finds wrong; the slow probes are left out."""
    monkeypatch.setattr(Members, "groups", groups, raising=False)
    monkeypatch.setattr(check, "HubClient", Members)
    monkeypatch.setattr(check, "SLOW_PROBES", ())
    return [f for f in check.check_hub(plan).findings if not f.holds]


@pytest.mark.parametrize(
    ("folder", "mode"),
    [
        ("inbound", 0o3777),
        ("inbound", 0o2733),
        ("feedback", 0o755),
        ("outbound", 0o777),
        ("", 0o777),
    ],
)
def test_the_check_sees_a_wrong_mode(
    plan: HubPlan, monkeypatch: pytest.MonkeyPatch, folder: str, mode: int
) -> None:
    """Is each folder of the exchange found that students could read or empty?"""
    course = plan.exchange / plan.course
    plan.exchange.chmod(0o1777)
    (course / "outbound").chmod(0o755)
    modes = [f for f in checked(plan, monkeypatch, {}) if " has mode " in f.what]
    assert modes == []
    path = course / folder if folder else plan.exchange
    path.chmod(mode)
    (found,) = [f for f in checked(plan, monkeypatch, {}) if " has mode " in f.what]
    assert found.what.startswith(f"{path} has mode")
    assert found.found == f"{mode:04o}" and found.mend.endswith(str(path))


def test_the_check_sees_who_is_what(
    plan: HubPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is somebody found who is missing, and an assistant who became a student?"""
    groups = {
        "formgrade-rnn": ["instructor", "ta", "grader-rnn"],
        "nbgrader-rnn": [STUDENT],
        "instructors-rnn": ["instructor"],
    }

    def wrong() -> dict[str, str]:
        found = checked(plan, monkeypatch, groups)
        return {
            f.what: f.found for f in found if "group " in f.what or "both" in f.what
        }

    assert wrong() == {}
    groups["nbgrader-rnn"].append("ta")
    assert wrong() == {"nobody is both student and staff": "ta"}
    groups["nbgrader-rnn"] = []
    groups["formgrade-rnn"].remove("ta")
    assert wrong() == {
        "group formgrade-rnn is complete": "missing: ta",
        "group nbgrader-rnn is complete": f"missing: {STUDENT}",
    }
