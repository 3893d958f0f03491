"""Is the hub that JupyterHub is told to be the one that course.toml asks for?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.waits import run_async
from tornado.web import HTTPError
from traitlets.config import Config
from traitlets.config.loader import KeyValueConfigLoader
from traitlets.utils.importstring import import_item

from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.hub.lab_notice import find_notice_folder
from unrolled.hub.plan import HubPlan, load_plan, make_plan
from unrolled.hub.setup.hub_config import CULLER, build_memory_limit, configure
from unrolled.hub.staff.gate import Gate

TOML = """
[course]
id = "rnn"
title = "Recurrent Networks"
timezone = "America/Chicago"
[hub]
folder = "{folder}"
{lines}
"""


def plan_of(tmp_path: Path, *lines: str) -> HubPlan:
    """The plan of a course.toml, with what a start has put beside it."""
    text = TOML.format(folder=tmp_path / "hub", lines="\n".join(lines))
    (tmp_path / "course.toml").write_text(text)
    plan = make_plan(load_course(tmp_path))
    plan.state.mkdir(parents=True)
    for name in ("password", "check.token"):
        (plan.state / name).write_text("word")
    plan.save()
    return plan


def configured(plan: HubPlan) -> Any:
    config = Config()
    configure(config, str(plan.folder))
    return config


def services(config: Any) -> dict[str, Any]:
    return {s["name"]: s for s in config.JupyterHub.services}


def test_servers_run_on_and_are_bounded(tmp_path: Path) -> None:
    """Do servers outlive a restart, end when idle, and have a limit of memory?"""
    plan = plan_of(tmp_path, "idle_minutes = 30", "memory_mb = 1000")
    config = configured(load_plan(plan.folder))
    assert config.JupyterHub.cleanup_servers is False
    assert "--timeout=1800" in services(config)[CULLER]["command"]
    (role,) = [r for r in config.JupyterHub.load_roles if r["name"] == CULLER]
    assert set(role["scopes"]) >= {"delete:servers", "read:users:activity"}
    spawner = config.LocalProcessSpawner
    assert "--MappingKernelManager.cull_idle_timeout=1800" in spawner.args
    assert "--MappingKernelManager.cull_connected=True" in spawner.args
    assert spawner.cmd[:2] == ["prlimit", "--data=1000000000"]


def test_what_is_not_said_is_bounded_too(tmp_path: Path) -> None:
    """Does a hub of a class of 120 end what is idle and bound memory unasked?"""
    plan = plan_of(tmp_path)
    config = configured(plan)
    assert CULLER in services(config)
    assert config.LocalProcessSpawner.cmd[0] == "prlimit"
    assert plan.stop_seconds > 0


def test_without_limits(tmp_path: Path) -> None:
    """Does 0 mean that there is none?"""
    config = configured(plan_of(tmp_path, "idle_minutes = 0", "memory_mb = 0"))
    assert CULLER not in services(config)
    assert config.LocalProcessSpawner.cmd[0].endswith("jupyterhub-singleuser")
    assert "cull" not in " ".join(config.LocalProcessSpawner.args)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("memory_mb = 100", "too little"),
        ("idle_minutes = -1", "idle_minutes"),
        ("stop_seconds = 99999", "stop_seconds"),
        ("idle_minuts = 5", "did you mean idle_minutes"),
    ],
)
def test_wrong_limits(tmp_path: Path, line: str, words: str) -> None:
    """Is a limit that makes no sense refused, by its name?"""
    with pytest.raises(UserError, match=words):
        plan_of(tmp_path, line)


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="apt install util-linux")
@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts memory for data")
def test_memory_is_bounded(tmp_path: Path) -> None:
    """Does a notebook that takes too much fail, and one that works not notice?"""
    bound = build_memory_limit(replace(plan_of(tmp_path), memory_mb=600))
    code = "import numpy as np; x = np.ones({} * 125_000); print('taken')"
    kernel = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}])"
    for size, taken in ((200, True), (900, False)):
        inner = kernel.format(code.format(size))  # a kernel is a child of its server
        done = subprocess.run(
            [*bound, sys.executable, "-c", inner],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ("taken" in done.stdout) == taken
        assert taken or "Unable to allocate" in done.stderr


def test_where_people_land(tmp_path: Path) -> None:
    """Do staff land on the page of grading, students on their own server?"""
    plan = plan_of(tmp_path, 'assistants = ["tara"]')
    config = configured(plan)

    def lands(name: str) -> str:
        user = SimpleNamespace(name=name)
        handler = SimpleNamespace(current_user=user, settings={"base_url": "/"})
        return str(config.JupyterHub.default_url(handler))

    assert lands("tara") == lands("instructor") == "/services/rnn-grading/"
    assert lands("ada") == ""


def test_all_servers_find_the_notice(tmp_path: Path) -> None:
    """Do students' and staff's servers look where the hub writes what it tells?"""
    plan = plan_of(tmp_path)
    config = configured(plan)
    environments = [config.LocalProcessSpawner.environment]
    for name in (plan.formgrader, plan.authoring):
        environments.append(services(config)[name]["environment"])
    found = {find_notice_folder(environment) for environment in environments}
    assert found == {plan.exchange / plan.course}
    assert find_notice_folder({}) is None


def test_names_in_the_menu(tmp_path: Path) -> None:
    """Has every service that is shown a name in words?"""
    config = configured(plan_of(tmp_path))
    words = config.JupyterHub.template_vars["service_words"]
    shown = {s["name"] for s in config.JupyterHub.services if s.get("display")}
    assert shown == set(words)
    assert all(" " in word for word in words.values())
    (folder,) = config.JupyterHub.template_paths
    assert "service_words" in (Path(folder) / "page.html").read_text()


@pytest.mark.parametrize("sign_in", ["password", "pam"])
def test_nobody_signs_in_as_who_grades(tmp_path: Path, sign_in: str) -> None:
    """Are the grader and root kept out, whichever way people sign in?"""
    plan = plan_of(tmp_path, f'sign_in = "{sign_in}"')
    ours = configured(plan).Authenticator
    assert "root" in ours.blocked_users
    assert ours.post_auth_hook(None, None, {"name": "ada"}) == {"name": "ada"}
    with pytest.raises(HTTPError, match="nobody signs in as it"):
        ours.post_auth_hook(None, None, {"name": plan.grader})


def test_the_grader_gets_no_server(tmp_path: Path) -> None:
    """Is the grader's own server refused by what JupyterHub calls before a start?"""
    plan = plan_of(tmp_path)
    config = configured(plan)
    spawner = SimpleNamespace(
        user=SimpleNamespace(name=plan.grader),
        environment=config.LocalProcessSpawner.environment,
    )
    with pytest.raises(UserError, match="It has no server of its own"):
        config.LocalProcessSpawner.pre_spawn_hook(spawner)


def test_behind_the_gate_nothing_runs_either(tmp_path: Path) -> None:
    """Would the assistants' server run and write nothing if its gate let it through?"""
    plan = plan_of(tmp_path)
    service = services(configured(plan))[plan.formgrader]
    words = [w for w in service["command"] if w.startswith("--")]
    told = KeyValueConfigLoader(words).load_config()
    assert told.ServerApp.terminals_enabled in (False, "False")
    kernels = import_item(told.ServerApp.kernel_manager_class)()
    files = import_item(told.ServerApp.contents_manager_class)()
    with pytest.raises(HTTPError, match="No code is run here"):
        run_async(kernels.start_kernel())
    with pytest.raises(HTTPError, match="Here you may look"):
        run_async(files.save({}, "rnn/submitted/x.txt"))
    assert told.Gate.role == "assistants" == Gate().role
