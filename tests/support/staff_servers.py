"""The servers of a hub, each run by the command that JupyterHub runs, and its doors.

JupyterHub itself is a stand-in that knows people by a token that is their name, and
gives them the scopes that our configuration gives them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jupyterhub
from support.exchange_course import NAME, NOTEBOOK, TOML
from support.student_server import free_port
from traitlets.config import Config

from unrolled.course.model import load_course
from unrolled.gradebook.open import open_gradebook
from unrolled.hub.plan import HubPlan
from unrolled.hub.setup.hub_config import (
    _configure_spawner,
    list_groups,
    list_roles,
    make_authoring_service,
    make_formgrader_service,
    make_grading_service,
)
from unrolled.hub.setup.install import _overlay_environment
from unrolled.hub.setup.jupyter_config import write_environment_files

SOURCE = Path(__file__).parents[2] / "src"
SECRETS = ("canvas.token", "course.secret", "gradebook.db", "nbgrader_config.py")
SERVER_CONFIG = """
from pathlib import Path
from unrolled.pipeline import configure
configure(get_config(), Path({course!r}))
"""


@dataclass(frozen=True)
class Place:
    """A hub's folders below a temporary one, and people of each kind."""

    plan: HubPlan

    def scopes(self, name: str) -> list[str]:
        """What the hub's configuration lets somebody do."""
        mine = {
            g for g, told in list_groups(self.plan).items() if name in told["users"]
        }
        found = [f"access:servers!user={name}"]
        for role in list_roles(self.plan):
            if mine & set(role.get("groups", ())):
                found += role["scopes"]
        return found

    def groups(self, name: str) -> list[str]:
        return [
            g for g, told in list_groups(self.plan).items() if name in told["users"]
        ]

    def numbers(self) -> dict[str, str]:
        """What formgrader calls the submission, its grade and its comment."""
        with open_gradebook(load_course(self.plan.course_root)) as book:
            part = book.find_submission_notebook("forward_pass", NAME, "ada")
            found = {"SUBMISSION": part, "GRADE": part.grades[0]}
            found["COMMENT"] = part.comments[0]
            return {word: str(thing.id) for word, thing in found.items()}


def make_place(root: Path) -> Place:
    """A course with one submission, released, graded, and waiting for a mark."""
    plan = HubPlan(
        course="rnn",
        title="Recurrent Networks",
        folder=root / "hub",
        port=1024,
        sign_in="password",
        instructors=("instructor",),
        assistants=("ta",),
        students=("ada", "emmy"),
        homes=root / "home",
    )
    course, name = plan.course_root, "forward_pass.ipynb"
    for folder in ("source", "release", "solutions", "lessons"):
        (course / folder / NAME).mkdir(parents=True)
        (course / folder / NAME / name).write_text(NOTEBOOK)
    for folder in ("submitted", "autograded"):
        (course / folder / "ada" / NAME).mkdir(parents=True)
        (course / folder / "ada" / NAME / name).write_text(NOTEBOOK)
        (course / folder / "ada" / NAME / "submission_secret.txt").write_text("5e")
    for secret in SECRETS:
        (course / secret).write_text("a secret")
    (course / "nbgrader_config.py").write_text(SERVER_CONFIG.format(course=str(course)))
    (course / "course.toml").write_text(TOML)
    _gradebook(course)
    outbound = plan.exchange / "rnn" / "outbound" / NAME
    outbound.mkdir(parents=True)
    (outbound / name).write_text(NOTEBOOK)
    for folder in ("inbound", "feedback"):
        (plan.exchange / "rnn" / folder).mkdir()
    for person in plan.people:
        (plan.homes / person).mkdir()
    for environment in (plan.students_env, plan.staff_env):
        _environment(environment)
    write_environment_files(plan)
    return Place(plan)


def _gradebook(course: Path) -> None:
    (course / "gradebook.db").unlink()
    with open_gradebook(load_course(course)) as book:
        book.add_assignment(NAME)
        book.add_student("ada")
        book.add_notebook("forward_pass", NAME)
        more = {"max_score": 5, "cell_type": "markdown"}
        book.add_grade_cell("why", "forward_pass", NAME, **more)
        book.add_solution_cell("why", "forward_pass", NAME)
        book.add_submission(NAME, "ada")


def _environment(folder: Path) -> None:
    """A virtual environment that sees this one's packages, with settings of its own."""
    venv.create(folder, with_pip=False)
    _overlay_environment(Path(sys.prefix), folder)
    (folder / "share" / "jupyter").unlink()
    theirs, mine = Path(sys.prefix, "share/jupyter"), folder / "share" / "jupyter"
    mine.mkdir()
    for part in theirs.iterdir():
        if part.name != "lab":
            (mine / part.name).symlink_to(part)
    (mine / "lab").mkdir()
    for part in (theirs / "lab").iterdir():
        if part.name != "settings":
            (mine / "lab" / part.name).symlink_to(part)
    site = next((folder / "lib").glob("python3*/site-packages"))
    (site / "unrolled.pth").write_text(f"{SOURCE}\n")
    servers = "etc/jupyter/jupyter_server_config.d"
    shutil.copytree(Path(sys.prefix, servers), folder / servers)


class StandIn(ThreadingHTTPServer):
    """JupyterHub's interface, as far as a service asks it."""

    def __init__(self, place: Place) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.place = place

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", " ").split()[-1:]
        if self.path.rstrip("/") == "/hub/api":
            self._json({"version": jupyterhub.__version__})
        elif self.path.startswith("/hub/api/users/"):
            self._user(self.path.rpartition("/")[2])
        elif self.path.startswith("/hub/api/user") and token:
            self._user(token[0])
        else:
            self._json([])

    def _user(self, name: str) -> None:
        place = self.server.place
        model = {"kind": "user", "name": name, "admin": False, "server": None}
        model |= {"scopes": place.scopes(name), "groups": place.groups(name)}
        self._json(model)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._json({})

    def _json(self, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-JupyterHub-Version", jupyterhub.__version__)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Doors:
    """The running servers: where each answers."""

    place: Place
    addresses: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def ask(
        self, who: str, door: str, method: str, path: str, body: Any = None
    ) -> tuple[int, str]:
        """Status and text of what a server answers to somebody."""
        data = body if isinstance(body, bytes) else None
        kind = "application/x-www-form-urlencoded"
        if body is not None and data is None:
            data, kind = json.dumps(body).encode(), "application/json"
        headers = {"Content-Type": kind} if data is not None else {}
        headers["Authorization"] = f"token {who}"
        if method == "POST" and door == "grading":
            headers |= self._form(who, door)
        request = urllib.request.Request(
            self.addresses[door] + path, data, headers, method=method
        )
        try:
            with _OPENER.open(request, timeout=120) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")

    def _form(self, who: str, door: str) -> dict[str, str]:
        """What a form of a page brings along against forgery."""
        headers = {"Authorization": f"token {who}"}
        request = urllib.request.Request(self.addresses[door], headers=headers)
        try:
            with _OPENER.open(request, timeout=60) as page:
                cookies = page.headers.get_all("Set-Cookie", [])
        except urllib.error.HTTPError as error:
            cookies = error.headers.get_all("Set-Cookie", [])
        token = next((c for c in cookies if c.startswith("_xsrf=")), "_xsrf=")
        token = token.partition("=")[2].partition(";")[0]
        return {"Cookie": f"_xsrf={token}", "X-Xsrftoken": token}


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


@contextlib.contextmanager
def open_doors(place: Place) -> Iterator[Doors]:
    """All servers of a hub: of the assistants, the instructors, and ada's own."""
    plan, doors = place.plan, Doors(place)
    with StandIn(place) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        try:
            for door, service in (
                ("assistants", make_formgrader_service(plan)),
                ("instructors", make_authoring_service(plan)),
                ("grading", make_grading_service(plan)),
            ):
                prefix = f"/services/{service['name']}/"
                scope = f"access:services!service={service['name']}"
                _start(doors, door, hub, service, prefix, scope)
            own = _own_server(plan, "ada")
            _start(doors, "own", hub, own, "/user/ada/", "access:servers!user=ada")
            for door in doors.addresses:
                _wait(doors, door)
            yield doors
        finally:
            for process in doors.processes.values():
                process.terminate()
            for process in doors.processes.values():
                process.wait(30)
            hub.shutdown()


def _own_server(plan: HubPlan, name: str) -> dict[str, Any]:
    config = Config()
    _configure_spawner(config, plan)
    spawner, home = config.LocalProcessSpawner, plan.homes / name
    python = str(plan.students_env / "bin" / "python")
    more = {"HOME": str(home), "JUPYTERHUB_USER": name}
    return {
        "command": [python, "-m", "jupyterhub.singleuser", *spawner.args],
        "cwd": str(home),
        "environment": spawner.environment | more,
    }


def _start(
    doors: Doors,
    door: str,
    hub: StandIn,
    service: dict[str, Any],
    prefix: str,
    scope: str,
) -> None:
    plan, port = doors.place.plan, free_port()
    root = ["--ServerApp.allow_root=True"] if "singleuser" in str(service) else []
    keep = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
    told = {
        "JUPYTERHUB_API_TOKEN": plan.grader,
        "JUPYTERHUB_API_URL": f"{hub.address}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "a-service",
        "JUPYTERHUB_HOST": hub.address,
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([scope]),
        "JUPYTERHUB_OAUTH_SCOPES": json.dumps([scope]),
        "JUPYTERHUB_SERVICE_NAME": str(service.get("name", "")),
        "JUPYTERHUB_SERVICE_PREFIX": prefix,
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}{prefix}",
        "JUPYTERHUB_USER": plan.grader,
    }
    kept = {k: os.environ[k] for k in keep if k in os.environ}
    env = kept | told | service["environment"]
    env["PATH"] += f"{os.pathsep}{sys.prefix}/bin"
    with (plan.folder / f"{door}.log").open("wb") as log:
        doors.processes[door] = subprocess.Popen(
            [*service["command"], *root],
            cwd=service["cwd"],
            env=env,
            stdout=log,
            stderr=log,
        )
    doors.addresses[door] = f"http://127.0.0.1:{port}{prefix}"


def _wait(doors: Doors, door: str) -> None:
    for _ in range(900):
        if doors.processes[door].poll() is not None:
            break
        with contextlib.suppress(OSError):
            doors.ask("nobody", door, "GET", "api")
            return
        time.sleep(0.1)
    raise AssertionError((doors.place.plan.folder / f"{door}.log").read_text())
