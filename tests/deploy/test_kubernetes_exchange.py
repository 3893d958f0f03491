"""nbgrader's exchange as deploy/kubernetes lays it out, with real user numbers.

What a pod is, is made here by hand: a user number of the table, that table in place of
the system's, and the exchange. Everything runs as those users; only making them is
root's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.deploy_files import DEPLOY, PLAN, documents, public_python

from unrolled.hub.setup.jupyter_config import STAFF_CONFIG, STUDENTS_CONFIG

RUNNER = public_python()
pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0, reason="acts as several users: run the tests as root"
    ),
    pytest.mark.skipif(
        RUNNER is None,
        reason="apt-get install python3 (one that every account may run)",
    ),
]
NOTEBOOK = """{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""
GRADER = "grader-unrolled"


@dataclass
class Cluster:
    """The shared volume, homes, and the table of numbers."""

    root: Path
    numbers: dict[str, int]

    @property
    def volume(self) -> Path:
        """What is ReadWriteMany in a cluster."""
        return self.root / "volume"

    def home(self, name: str) -> Path:
        """Somebody's home volume."""
        return self.root / "homes" / name

    def run(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a pod of that user would: number, table, home."""
        number = str(self.numbers[name])
        inside = (
            'cat /etc/passwd "$TABLE" > "$TABLE.all" && mount --bind "$TABLE.all" '
            '/etc/passwd && cd "$HOME" && exec setpriv --reuid "$0" --regid "$0" '
            '--clear-groups "$@"'
        )
        python, path = RUNNER or ("", "")
        home = str(self.home(name))
        env = {
            "PATH": f"{self.root}/bin:{os.defpath}:/usr/sbin:/sbin",
            "HOME": home,
            "TABLE": str(self.volume / "names/passwd"),
            "PYTHONPATH": path,
            "JUPYTER_CONFIG_DIR": f"{home}/.jupyter",
        }
        words = [python, "-m", "nbgrader"] if command[0] == "nbgrader" else []
        words += command[1:] if words else command
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", inside, number, *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def submissions(self) -> list[str]:
        """What lies in the inbound folder."""
        inbound = self.volume / "exchange/unrolled/inbound"
        return sorted(p.name for p in inbound.iterdir())


@pytest.fixture(scope="module")
def cluster(monkeypatch_module: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The layout of shared.yaml and the numbers of hub_config.py, a course on it."""
    root = Path(tempfile.mkdtemp(prefix="unrolled-cluster-"))
    root.chmod(0o755)
    made = Cluster(root, {})
    lay_out(made)
    provide_alembic(made)
    monkeypatch_module.setenv("UNROLLED_NAMES", str(made.volume / "names"))
    hub = load_hub()
    made.numbers = {GRADER: hub["GRADER_UID"]}
    made.numbers |= {n: hub["number_of"](n) for n in ("zz-ada", "zz-emmy")}
    for name in made.numbers:
        new_home(made, name)
    new_course(made)
    yield made
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    """Changes that last as long as the cluster."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def lay_out(cluster: Cluster) -> None:
    """Run the job's own script."""
    job = next(d for d in documents("kubernetes/shared.yaml") if d["kind"] == "Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    cluster.volume.mkdir(mode=0o755)
    env = {e["name"]: e["value"] for e in container["env"]}
    env |= {"VOLUME": str(cluster.volume), "PATH": os.defpath}
    subprocess.run(container["command"], env=env, check=True, timeout=300)


def provide_alembic(cluster: Cluster) -> None:
    """nbgrader looks for this program on PATH."""
    program = cluster.root / "bin/alembic"
    program.parent.mkdir()
    python = RUNNER[0] if RUNNER else ""
    program.write_text(f'#!/bin/sh\nexec {python} -m alembic "$@"\n')
    program.chmod(0o755)


def load_hub() -> dict[str, Any]:
    """Run hub_config.py."""
    from traitlets.config import Config

    names: dict[str, Any] = {"c": Config()}
    exec((DEPLOY / "kubernetes/hub_config.py").read_text(encoding="utf-8"), names)
    return names


def new_home(cluster: Cluster, name: str) -> None:
    """A home, as the pod's first container leaves it, with nbgrader's configuration."""
    home = cluster.home(name)
    (home / ".jupyter").mkdir(parents=True)
    exchange, course = str(cluster.volume / "exchange"), str(home / "unrolled")
    text = STUDENTS_CONFIG.format(exchange=exchange)
    if name == GRADER:
        text = STAFF_CONFIG.format(exchange=exchange, course=course)
    # There is no hub to ask who is in the course.
    lines = [x for x in text.splitlines() if "Authenticator.plugin_class" not in x]
    (home / ".jupyter/nbgrader_config.py").write_text("\n".join(lines))
    own(home, cluster.numbers[name])


def own(folder: Path, number: int) -> None:
    """Give a folder to a user, closed to others."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, number, number)
    folder.chmod(0o700)


def new_course(cluster: Cluster) -> None:
    """A course folder with one assignment, registered, in the grader's home."""
    place = cluster.home(GRADER) / "unrolled"
    (place / "release/01_sequences").mkdir(parents=True)
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copyfile(DEPLOY.parent / name, place / name)
    (place / "release/01_sequences/sequences.ipynb").write_text(NOTEBOOK)
    own(place, cluster.numbers[GRADER])
    done = cluster.run(
        *(GRADER, "nbgrader", "db", "assignment", "add", "01_sequences"),
        f"--CourseDirectory.root={place}",
    )
    assert done.returncode == 0, done.stderr


def nbgrader(cluster: Cluster, name: str, verb: str, *more: str) -> str:
    """Run an exchange command for the one assignment; what it said."""
    where = ["--course", "unrolled"]
    if name == GRADER:
        where.append(f"--CourseDirectory.root={cluster.home(GRADER) / 'unrolled'}")
    done = cluster.run(name, "nbgrader", verb, "01_sequences", *where, *more)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_class_hands_in_over_the_volume(cluster: Cluster) -> None:
    """Do release, fetch, submit and collect work, each under a number of its own?"""
    nbgrader(cluster, GRADER, "release_assignment")
    for name in ("zz-ada", "zz-emmy"):
        nbgrader(cluster, name, "fetch_assignment")
        notebook = "unrolled/01_sequences/sequences.ipynb"
        work = NOTEBOOK.replace('"metadata": {}', f'"metadata": {{"by": "{name}"}}')
        assert (cluster.home(name) / notebook).stat().st_uid == cluster.numbers[name]
        (cluster.home(name) / notebook).write_text(work)
        nbgrader(cluster, name, "submit")
    assert [s.split("+")[0] for s in cluster.submissions()] == ["zz-ada", "zz-emmy"]
    nbgrader(cluster, GRADER, "collect")
    for name in ("zz-ada", "zz-emmy"):
        place = cluster.home(GRADER) / "unrolled/submitted" / name
        collected = place / "01_sequences/sequences.ipynb"
        assert f'"by": "{name}"' in collected.read_text()
        assert collected.stat().st_uid == cluster.numbers[GRADER]


def test_a_student_reads_nothing_of_another(cluster: Cluster) -> None:
    """Are homes, the list of submissions, and the course folder closed to students?"""
    homes = [cluster.home("zz-ada"), cluster.home(GRADER)]
    inbound = cluster.volume / "exchange/unrolled/inbound"
    for closed in (*homes, inbound, inbound.parent / "feedback"):
        done = cluster.run("zz-emmy", "ls", str(closed))
        assert done.returncode != 0, closed
        assert "Permission denied" in done.stderr


def test_a_student_changes_nothing_of_the_course(cluster: Cluster) -> None:
    """Can no student replace the exchange's folders, the release or the table?"""
    exchange = cluster.volume / "exchange"
    names = cluster.volume / "names/passwd"
    for attempt in (
        ("mv", str(exchange / "unrolled"), str(exchange / "mine")),
        ("rm", "-r", str(exchange / "unrolled/outbound/01_sequences")),
        ("touch", str(exchange / "unrolled/outbound/mine")),
        ("cp", "/etc/hostname", str(names)),
        ("rm", str(names)),
    ):
        assert cluster.run("zz-emmy", *attempt).returncode != 0, attempt
    assert (exchange / "unrolled/outbound/01_sequences").is_dir()


def test_a_submission_in_another_s_name_is_not_collected(cluster: Cluster) -> None:
    """Is the owner's number believed, and not the name that a folder has?"""
    inbound = cluster.volume / "exchange/unrolled/inbound"
    own_one = next(s for s in cluster.submissions() if s.startswith("zz-emmy"))
    forged = own_one.replace("zz-emmy", "zz-ada").replace("+20", "+21", 1)
    command = ("cp", "-r", str(inbound / own_one), str(inbound / forged))
    assert cluster.run("zz-emmy", *command).returncode == 0
    nbgrader(cluster, GRADER, "collect", "--update")
    submitted = cluster.home(GRADER) / "unrolled/submitted/zz-ada/01_sequences"
    assert '"by": "zz-ada"' in (submitted / "sequences.ipynb").read_text()


def test_the_grader_s_number_is_that_of_its_pod() -> None:
    """Do hub, layout, image and pod mean the same user by the grader's number?"""
    job = next(d for d in documents("kubernetes/shared.yaml") if d["kind"] == "Job")
    env = job["spec"]["template"]["spec"]["containers"][0]["env"]
    grader = documents("kubernetes/grader.yaml")[0]["spec"]["template"]["spec"]
    number = grader["securityContext"]["runAsUser"]
    assert {"name": "GRADER", "value": str(number)} in env
    assert (
        f'GRADER_UID = f"grader-{{COURSE}}", {number}'
        in (DEPLOY / "kubernetes/hub_config.py").read_text()
    )
    assert f"USER {number}:{number}" in (DEPLOY / "image/Dockerfile").read_text()
    assert PLAN.grader == GRADER
