"""A real JupyterHub with our sign-in from Canvas, in front of a stand-in Canvas.

There is no proxy in between: the hub's own pages are what is asked for.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from nbgrader.api import Gradebook
from support.lti_stand_in import CLIENT, DEPLOYMENT, StandInCanvas

from unrolled.canvas.records import write_identities
from unrolled.course.model import Course, load_course
from unrolled.hub.lti.settings import LTI_FILE
from unrolled.hub.plan import HubPlan

ROOT = Path(__file__).parents[2]
TOKEN = "token-of-the-test"
NO_PROXY = """
from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {}
"""
CONFIG = """
import sys
from pathlib import Path
from unrolled.hub.plan import load_plan
from unrolled.hub.lti.authenticator import configure_canvas
from no_proxy import NoProxy

c = get_config()
plan = load_plan(Path({folder!r}))
configure_canvas(c, plan)
c.CanvasAuthenticator.reader = {reader!r}
c.CanvasAuthenticator.python = sys.executable
c.Authenticator.allow_existing_users = True
c.Authenticator.blocked_users = {{"root", plan.grader}}
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/hub/cookie_secret"
c.JupyterHub.redirect_to_server = False
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "scopes": ["list:users", "read:users"], "services": ["test"]}}
]
c.JupyterHub.load_groups = {{
    "formgrade-" + plan.course: {{"users": [*plan.instructors, *plan.assistants]}},
    "nbgrader-" + plan.course: {{"users": list(plan.students)}},
}}
"""


def place_plan(folder: Path) -> HubPlan:
    """A plan with a course folder of its own, below `folder`."""
    plan = HubPlan(
        course="unrolled",
        title="A course",
        folder=folder / "srv",
        port=8000,
        sign_in="lti",
        instructors=("instructor",),
        assistants=("ta",),
        students=("ada",),
        homes=folder / "homes",
    )
    plan.course_root.mkdir(parents=True)
    for name in ("course.toml", "nbgrader_config.py"):
        (plan.course_root / name).write_bytes((ROOT / name).read_bytes())
    plan.state.mkdir(parents=True, mode=0o700)
    plan.save()
    return plan


def enrol(course: Course, students: Mapping[str, Mapping[str, str]]) -> None:
    """Students with their ids, as `unrolled canvas roster` keeps them."""
    with Gradebook(course.db_url, course.id) as gradebook:
        for name, told in students.items():
            known = {k: told.get(k) for k in ("lms_user_id", "email")}
            gradebook.update_or_create_student(name, **known)
    kept = {
        name: {k: told.get(k, "") for k in ("sis_id", "login")}
        for name, told in students.items()
    }
    write_identities(course, kept)


LTI = """
issuer = "{canvas.issuer}"
authorize_url = "https://canvas.example.edu/api/lti/authorize_redirect"
jwks_endpoint = "{canvas.url}/jwks"
client_ids = ["{client}"]
deployments = ["{deployment}"]
[staff]
instructor = "sub-of-the-instructor"
"""


def write_lti(plan: HubPlan, canvas: StandInCanvas) -> None:
    """The hub's lti.toml for the stand-in."""
    path = plan.state / LTI_FILE
    path.write_text(
        LTI.format(canvas=canvas, client=CLIENT, deployment=DEPLOYMENT),
        encoding="utf-8",
    )
    path.chmod(0o600)


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def who(url: str, session: requests.Session) -> str:
    """Whose page a hub shows to a browser; "" for nobody's."""
    page = session.get(f"{url}/hub/home", allow_redirects=False, timeout=60)
    found = re.search(r'user: "([^"]*)"', page.text)
    return found[1] if page.status_code == 200 and found else ""


@dataclass
class SignInHub:
    """The running hub and what belongs to it."""

    url: str
    canvas: StandInCanvas
    plan: HubPlan
    course: Course

    def begin(self, session: requests.Session) -> tuple[str, str]:
        """The first step of a launch; state and nonce as the hub gave them."""
        answer = session.get(
            f"{self.url}/hub/lti13/oauth_login",
            params={
                "iss": self.canvas.issuer,
                "client_id": CLIENT,
                "login_hint": "hint",
                "target_link_uri": f"{self.url}/hub",
            },
            allow_redirects=False,
            timeout=60,
        )
        assert answer.status_code == 302, answer.text
        sent = parse_qs(urlsplit(answer.headers["Location"]).query)
        return sent["state"][0], sent["nonce"][0]

    def finish(
        self, session: requests.Session, state: str, message: str
    ) -> requests.Response:
        """The second step, with the message that Canvas posts through the browser."""
        return session.post(
            f"{self.url}/hub/lti13/oauth_callback",
            data={"state": state, "id_token": message},
            allow_redirects=False,
            timeout=60,
        )

    def launch(self, key: Any = None, **changed: Any) -> tuple[str, requests.Response]:
        """A whole launch; who is signed in ("" if nobody) and the hub's last answer."""
        session = requests.Session()
        state, nonce = self.begin(session)
        message = self.canvas.message(changed.pop("nonce", nonce), key, **changed)
        answer = self.finish(session, state, message)
        return self.who(session), answer

    def who(self, session: requests.Session) -> str:
        """Whose page the hub shows to a browser."""
        return who(self.url, session)

    def groups(self, name: str) -> list[str]:
        """The hub's groups of a user."""
        headers = {"Authorization": f"token {TOKEN}"}
        answer = requests.get(
            f"{self.url}/hub/api/users/{name}", headers=headers, timeout=120
        )
        return sorted(answer.json()["groups"])


@contextmanager
def running_hub(folder: Path, reader: str) -> Iterator[SignInHub]:
    """Start the hub, wait for its sign-in page, stop it at the end."""
    plan = place_plan(folder)
    port = free_port()
    with StandInCanvas() as canvas:
        write_lti(plan, canvas)
        text = CONFIG.format(
            folder=str(plan.folder), port=port, reader=reader, token=TOKEN
        )
        (plan.state / "config.py").write_text(text)
        hub = SignInHub(
            f"http://127.0.0.1:{port}", canvas, plan, load_course(plan.course_root)
        )
        with hub_process(plan) as process:
            wait_for(hub.url, plan, process)
            yield hub


@contextmanager
def hub_process(plan: HubPlan, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """JupyterHub with the `config.py` of the plan's state; `before` is put in front."""
    (plan.state / "no_proxy.py").write_text(NO_PROXY)
    with (plan.state / "log").open("wb") as log:
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "jupyterhub", "-f", "config.py"],
            cwd=plan.state,
            env=os.environ | {"PYTHONPATH": str(plan.state)},
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def wait_for(url: str, plan: HubPlan, process: subprocess.Popen[bytes]) -> None:
    """Until the sign-in page is there; AssertionError with the log if it never is."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{url}/hub/login", timeout=10).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.2)
    raise AssertionError((plan.state / "log").read_text())
