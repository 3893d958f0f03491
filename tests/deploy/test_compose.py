"""deploy/compose: `unrolled hub` in a container whose data outlives it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.deploy_files import DEPLOY, PLAN, compose, tool

COMPOSE = compose()
# Keys of the Compose specification that are used here.
TOP = {"services", "volumes"}
SERVICE = {
    *("build", "image", "restart", "stop_grace_period", "ports", "volumes", "cap_drop"),
    *("pids_limit", "network_mode", "environment"),
}


def test_keys_are_those_of_compose() -> None:
    """Is no key there that Compose would not know?"""
    assert COMPOSE.keys() <= TOP
    for service in COMPOSE["services"].values():
        assert service.keys() <= SERVICE
    assert COMPOSE["services"]["hub"]["build"].keys() <= {
        *("context", "dockerfile", "target", "args")
    }


@pytest.mark.skipif(not tool("docker-compose"), reason="apt-get install docker-compose")
def test_compose_takes_the_file() -> None:
    """Does Compose itself accept the file?"""
    file = str(DEPLOY / "compose/compose.yaml")
    done = subprocess.run(
        ["docker-compose", "-f", file, "config", "--quiet"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_what_must_outlive_the_container_lies_in_volumes() -> None:
    """Are state, exchange and homes kept, and is course.toml the project's own?"""
    hub = COMPOSE["services"]["hub"]
    mounts = dict(v.split(":")[:2][::-1] for v in hub["volumes"])
    for place in (PLAN.state, PLAN.exchange, PLAN.homes):
        assert mounts[str(place)] in COMPOSE["volumes"]
    given = DEPLOY / "compose" / mounts["/opt/unrolled/course.toml"]
    assert given.resolve() == DEPLOY.parent / "course.toml"
    assert str(PLAN.students_env) not in mounts


def test_the_web_server_reaches_the_hub_on_loopback() -> None:
    """Does it share the hub's network, and does the hub publish only its ports?"""
    services = COMPOSE["services"]
    assert services["front"]["network_mode"] == "service:hub"
    inner = [p.split(":")[1] for p in services["hub"]["ports"]]
    assert inner == ["80", "443"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of our own."""
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def start(folder: Path, *command: str) -> Any:
    """Run the entry point with an /etc of its own, as in a new container."""
    if not (folder / "etc").exists():
        shutil.copytree("/etc", folder / "etc", symlinks=True)
    script = DEPLOY / "compose/entrypoint.sh"
    inside = 'mount --bind "$0" /etc && exec sh "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside, folder / "etc", script, *command],
        env=os.environ | {"HOMES": str(folder / "homes")},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="makes accounts: run the tests as root")
def test_homes_get_their_accounts_back(folder: Path) -> None:
    """In a new container, is each home's owner an account again, with its number?"""
    owners = {"zz-student": 41001, "grader-zz": 41002, "lost+found": 0}
    for name, number in owners.items():
        (folder / "homes" / name).mkdir(parents=True)
        os.chown(folder / "homes" / name, number, number)
    (folder / "homes" / "link").symlink_to("/root")
    for _ in range(2):  # the second is a restart of the same container
        done = start(folder, "getent", "passwd", "zz-student", "grader-zz")
        assert done.returncode == 0, done.stderr
        student, grader = done.stdout.splitlines()
        assert student.split(":")[2:4] == ["41001", "41001"]
        assert student.split(":")[5:] == [f"{folder}/homes/zz-student", "/bin/bash"]
        assert grader.endswith("/usr/sbin/nologin")
    for name in ("lost+found", "link"):
        assert start(folder, "getent", "passwd", name).returncode != 0
