"""Is "who may do what" in docs/hub.md true, row by row, over HTTP?

Each row of the table has its requests here: the same deed at every door that could be
open. Somebody may do it if a door answers, and may not if every door refuses.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.exchange_course import NAME
from support.staff_servers import Doors, make_place, open_doors
from support.student_server import free_port

from unrolled.hub.setup.hub_config import make_formgrader_service
from unrolled.hub.staff.read_only import VISIBLE_FOLDERS

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")

DOCS = Path(__file__).parents[3] / "docs" / "hub.md"
WHO = {"students": "ada", "assistants": "ta", "instructors": "instructor"}
STAFF = ("assistants", "instructors")
NOTE = f"submitted/ada/{NAME}/forward_pass.ipynb"
Ask = tuple[Any, ...]
NBGRADER = "formgrader/api"


def at(doors: tuple[str, ...], *asked: Any) -> list[Ask]:
    """The same request at several doors."""
    return [(door, *asked) for door in doors]


def file(path: str) -> list[Ask]:
    """Every way to read a file of the course."""
    return [
        *at(STAFF, "GET", f"files/rnn/{path}"),
        *at(STAFF, "GET", f"api/contents/rnn/{path}?content=1"),
    ]


REQUESTS: dict[str, list[Ask]] = {
    "work on their own server": [
        ("own", "GET", "course"),
        ("own", "GET", "api/contents"),
    ],
    "see how far the class is": [("grading", "GET", "state")],
    "collect, grade the class, make and release all feedback": [
        ("grading", "POST", "stop", b"assignment=02_forward_pass&quiet=1"),
    ],
    "read what was handed in, graded, released, and its solution": file(NOTE),
    "read grades and comments": [
        *at(STAFF, "GET", f"{NBGRADER}/submissions/{NAME}"),
        *at(STAFF, "GET", f"{NBGRADER}/grades?submission_id=SUBMISSION"),
        *at(STAFF, "GET", f"formgrader/gradebook/{NAME}/forward_pass"),
        *at(STAFF, "GET", "formgrader/submissions/SUBMISSION/"),
    ],
    "mark and comment an answer": [
        *at(STAFF, "PUT", f"{NBGRADER}/grade/GRADE", {"manual_score": 3}),
        *at(STAFF, "PUT", f"{NBGRADER}/comment/COMMENT", {"manual_comment": "why?"}),
        *at(STAFF, "POST", f"{NBGRADER}/submitted_notebook/SUBMISSION/flag"),
    ],
    "grade one submission again": at(
        STAFF, "POST", f"{NBGRADER}/submission/{NAME}/nobody/autograde"
    ),
    "make and release one student's feedback": [
        *at(STAFF, "POST", f"{NBGRADER}/assignment/{NAME}/nobody/generate_feedback"),
        *at(STAFF, "POST", f"{NBGRADER}/assignment/{NAME}/nobody/release_feedback"),
    ],
    "read the gradebook file, tokens and secrets": [
        *file("gradebook.db"),
        *file("canvas.token"),
        *file("course.secret"),
        *file(f"submitted/ada/{NAME}/submission_secret.txt"),
    ],
    "read lessons and settings": [
        *file(f"lessons/{NAME}/forward_pass.ipynb"),
        *file("course.toml"),
        *at(STAFF, "GET", "lab/api/extensions"),
    ],
    "write, rename or delete files of the course": [
        *at(
            STAFF,
            "PUT",
            "api/contents/rnn/x.txt",
            {"type": "file", "content": "x", "format": "text"},
        ),
        *at(STAFF, "PATCH", "api/contents/rnn/x.txt", {"path": "rnn/y.txt"}),
        *at(STAFF, "POST", "api/contents/rnn", {"type": "directory"}),
        *at(STAFF, "DELETE", "api/contents/rnn/y.txt"),
    ],
    "add assignments, change due dates": [
        *at(
            STAFF,
            "PUT",
            f"{NBGRADER}/assignment/{NAME}",
            {"duedate_notimezone": "2030-01-01T00:00", "duedate_timezone": "+0000"},
        ),
        *at(STAFF, "PUT", f"{NBGRADER}/assignment/08_mine", {}),
        *at(STAFF, "POST", f"{NBGRADER}/assignment/08_mine/assign"),
    ],
    "give a student more time, or take it back": [
        ("grading", "GET", f"extensions/{NAME}"),
        ("grading", "GET", f"extensions/{NAME}?students=ada&until=%2B1d"),
        ("grading", "POST", f"extensions/{NAME}", b"students=ada&until=%2B1d"),
        ("grading", "POST", f"extensions/{NAME}", b"students=ada&change=remove"),
    ],
    "release an assignment, or take it back": [
        *at(STAFF, "POST", f"{NBGRADER}/assignment/{NAME}/unrelease"),
        *at(STAFF, "POST", f"{NBGRADER}/assignment/{NAME}/release"),
        ("grading", "POST", "publish", f"assignment={NAME}&quiet=1".encode()),
    ],
    "look at a regrade, apply and undo it": [
        ("grading", "GET", f"regrade/{NAME}", None),
        *(
            ("grading", "POST", f"regrade/{NAME}/{verb}", b"number=1&why=mine")
            for verb in ("preview", "apply", "undo")
        ),
    ],
    "add and change students": at(
        STAFF, "PUT", f"{NBGRADER}/student/mallory", {"last_name": "M"}
    ),
    "change JupyterLab's settings of a course server": at(
        STAFF,
        "PUT",
        "lab/api/settings/@jupyterlab/apputils-extension:themes",
        {"raw": "{}"},
    ),
    "run code of their own in the course": [
        *at(STAFF, "POST", "api/terminals", {}),
        *at(STAFF, "POST", "api/kernels", {"name": "python3"}),
    ],
    "make a course server run settings of another folder": [
        *at(STAFF, "GET", "formgrader/?path=/tmp"),
        *at(STAFF, "GET", f"formgrader?path=rnn/submitted/ada/{NAME}"),
        *at(STAFF, "GET", "formgrader/", b"path=/tmp"),
    ],
    "shut a course server down": at(STAFF, "POST", "api/shutdown", {}),
}


def table() -> dict[str, dict[str, str]]:
    """The rows of the guide: what, and who may."""
    text = DOCS.read_text(encoding="utf-8")
    lines = re.findall(r"^\|.*\|$", text.partition("## Who may do what")[2], re.M)
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines]
    begin = next(i for i, r in enumerate(rows) if r[1:] == list(WHO))
    found = {}
    for row in rows[begin + 2 :]:
        if len(row) != 4 or not {*row[1:]} <= {"yes", "no", "their own"}:
            break
        found[row[0]] = dict(zip(WHO, row[1:], strict=True))
    return found


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """All servers of a hub."""
    with open_doors(make_place(tmp_path_factory.mktemp("hub"))) as doors:
        yield doors


def named(doors: Doors, path: str) -> str:
    """A path with the numbers of the submission, its grade and its comment."""
    numbers = doors.place.numbers()
    for word, number in numbers.items():
        path = path.replace(word, number)
    return path


def test_each_row_of_the_table_is_tried() -> None:
    """Does the guide say all that is tried here, in the same order, and no more?"""
    assert list(table()) == list(REQUESTS)


TRICKS = (
    "formgrader/submissions/SUBMISSION/../../../canvas.token",
    "formgrader/submissions/SUBMISSION/..%2f..%2f..%2fcanvas.token",
    "formgrader/submissions/SUBMISSION/%2e%2e/%2e%2e/%2e%2e/canvas.token",
    "formgrader/submissions/SUBMISSION//COURSE/canvas.token",
    "formgrader/submissions/SUBMISSION/submission_secret.txt",
    "formgrader/submissions/SUBMISSION/page.html",
    "formgrader/static/..%2f..%2fhandlers.py",
    "files/rnn/submitted/..%2fcanvas.token",
    "files/rnn/submitted/%2e%2e/canvas.token",
    "files/rnn/submitted/link.txt",
    "files/rnn/.git/config",
    "files/.jupyter/x",
    "api/contents/rnn/submitted%2f..%2fcanvas.token",
    "api/contents/rnn/submitted/link.txt",
    "nbconvert/script/rnn/source/02_forward_pass/forward_pass.ipynb",
    "view/rnn/canvas.token",
    "edit/rnn/canvas.token",
    "metrics",
    "api/spec.yaml",
    "terminals/websocket/1",
    "lab/api/extensions",
    "lab/api/listings/@jupyterlab/listings",
    "api/nbconvert",
    "lsp/status",
)


@pytest.mark.parametrize("path", TRICKS)
def test_tricks_to_read_more(doors: Doors, path: str) -> None:
    """Is an assistant refused, however the address is written?"""
    course = doors.place.plan.course_root
    link = course / "submitted" / "link.txt"
    link.unlink(missing_ok=True)
    link.symlink_to(course / "canvas.token")
    path = named(doors, path.replace("COURSE", str(course).lstrip("/")))
    status, text = doors.ask("ta", "assistants", "GET", path)
    assert status in (403, 404)
    assert "a secret" not in text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{NBGRADER}/submission/{NAME}/*/autograde"),
        ("POST", f"{NBGRADER}/submission/{NAME}/%2e%2e/autograde"),
        ("POST", f"{NBGRADER}/submission/{NAME}/..%2f..%2fx/autograde"),
        ("POST", f"{NBGRADER}/assignment/{NAME}/collect"),
        ("POST", f"{NBGRADER}/assignment/{NAME}%2funrelease"),
        ("DELETE", f"{NBGRADER}/assignment/{NAME}"),
        ("OPTIONS", "api/contents"),
        ("PUT", "lab/api/workspaces/default"),
        ("POST", "api/events"),
        ("POST", "api/sessions"),
        ("POST", "lab/api/extensions"),
        ("POST", "api/contents/rnn/submitted/checkpoints"),
    ],
)
def test_tricks_to_do_more(doors: Doors, method: str, path: str) -> None:
    """Is every deed refused that is not on the list, also one for many at once?"""
    assert doors.ask("ta", "assistants", method, path, {})[0] == 403


def test_an_assistant_sees_folders_of_marking_only(doors: Doors) -> None:
    """Are no other names listed, neither in the grader's home nor in the course?"""
    for path, names in (("", {"rnn"}), ("rnn", VISIBLE_FOLDERS)):
        _, text = doors.ask("ta", "assistants", "GET", f"api/contents/{path}")
        assert {m["name"] for m in json.loads(text)["content"]} <= set(names)


def test_a_page_that_came_with_a_notebook_is_not_shown_to_an_instructor(
    doors: Doors,
) -> None:
    """Can a file that a student hands in never act as the one who marks?"""
    place = doors.place.plan.course_root / "autograded" / "ada" / NAME
    (place / "page.html").write_text("<script>alert(1)</script>")
    (place / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (place / "drawing.svg").write_text("<svg><script>alert(1)</script></svg>")
    for name, wanted in (
        ("page.html", 403),
        ("drawing.svg", 403),
        ("picture.png", 200),
    ):
        path = named(doors, f"formgrader/submissions/SUBMISSION/{name}")
        assert doors.ask("instructor", "instructors", "GET", path)[0] == wanted


def test_files_with_unusual_names_can_be_read(doors: Doors) -> None:
    """Is a Mac's screenshot shown, with its narrow space in the name?"""
    folder = doors.place.plan.course_root / "submitted" / "ada" / NAME
    for name, ends in (("9.00\u202fAM é.png", STAFF), ("a\\b.txt", STAFF[1:])):
        (folder / name).write_bytes(b"x")
        path = urllib.parse.quote(f"files/rnn/submitted/ada/{NAME}/{name}")
        for door in ends:
            assert doors.ask(WHO[door], door, "GET", path)[0] == 200


def test_settings_of_instructors_are_their_own(doors: Doors) -> None:
    """Does a setting of an instructor's Lab stay out of the assistants' Lab?"""
    path = "lab/api/settings/@jupyterlab/apputils-extension:themes"
    dark = {"raw": '{"theme": "JupyterLab Dark"}'}
    assert doors.ask("instructor", "instructors", "PUT", path, dark)[0] < 400
    assert "JupyterLab Dark" in doors.ask("instructor", "instructors", "GET", path)[1]
    settings = json.loads(doors.ask("ta", "assistants", "GET", path)[1])["settings"]
    assert settings == {}


def test_the_assistants_lab_installs_nothing(doors: Doors) -> None:
    """Is the extension manager read-only, and is the configuration not shown?"""
    _, page = doors.ask("ta", "assistants", "GET", "lab")
    assert re.search(r'"can_install": false', page)
    for door in STAFF:
        who = WHO[door]
        _, page = doors.ask(who, door, "GET", "formgrader/manage_assignments")
        assert "CourseDirectory" not in page


def test_pages_offer_no_button_that_is_refused(doors: Doors) -> None:
    """Are buttons for instructors on the instructors' pages only?"""
    for page, words in (
        ("manage_assignments", "Add new assignment"),
        ("manage_students", "Add new student"),
    ):
        path = f"formgrader/{page}"
        assert words in doors.ask("instructor", "instructors", "GET", path)[1]
        status, text = doors.ask("ta", "assistants", "GET", path)
        assert status == 200 and words not in text
    _, text = doors.ask("ta", "assistants", "GET", "formgrader/manage_assignments")
    assert "/services/rnn-grading/" in text
    # JupyterLab shows this when it opens a notebook.
    _, text = doors.ask("ta", "assistants", "POST", "api/sessions", {})
    assert "No code is run here" in json.loads(text)["message"]


def test_a_server_without_its_gate_does_not_start(doors: Doors) -> None:
    """Would assistants get an open server if the gate could not be loaded?"""
    service = make_formgrader_service(doors.place.plan)
    command = [
        w.replace("hub.staff.gate", "hub.staff.no_gate") for w in service["command"]
    ]
    assert command != service["command"]
    done = subprocess.run(
        [*command, "--ServerApp.allow_root=True"],
        cwd=service["cwd"],
        env=service["environment"]
        | {
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{free_port()}/services/rnn/",
            "JUPYTERHUB_API_TOKEN": "x",
            "JUPYTERHUB_CLIENT_ID": "x",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "no_gate" in done.stderr


@pytest.mark.parametrize("what", REQUESTS)
def test_who_may(doors: Doors, what: str) -> None:
    """Is each row true for a student, an assistant and an instructor?

    The last row ends a server, so this test is the file's last.
    """
    says = table()[what]
    for kind, who in WHO.items():
        if kind != "students" and says[kind] == "their own":
            continue  # their own server is like ada's
        met: dict[str, list[int]] = {}
        for door, method, path, *body in REQUESTS[what]:
            status, _ = doors.ask(who, door, method, named(doors, path), *body)
            deed = f"{method} {path}"
            met[deed] = [*met.get(deed, []), status]
        for deed, got in met.items():
            opened = any(status < 400 for status in got)
            refused = all(status in (403, 404) for status in got)
            assert opened if says[kind] != "no" else refused, (kind, deed, got)
