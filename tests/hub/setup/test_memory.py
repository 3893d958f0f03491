"""Is all that a student runs bounded together, wherever the system can do that?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from jupyterhub.spawner import LocalProcessSpawner
from traitlets.config import Config

from unrolled.course.model import load_course
from unrolled.hub.plan import HubPlan, make_plan
from unrolled.hub.setup import memory
from unrolled.hub.setup.hub_config import configure
from unrolled.hub.setup.memory import find_groups, make_joining, open_groups
from unrolled.hub.setup.spawner import BoundedSpawner

TOML = """
[course]
id = "bounds"
title = "Bounds"
timezone = "America/Chicago"
[hub]
folder = "{folder}"
memory_mb = 1000
"""
FILES = {
    2: ("cgroup.procs", "cgroup.subtree_control", "memory.max", "memory.swap.max"),
    1: ("cgroup.procs", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
}
# Two processes of 200 MB each, of which one server is the parent.
TAKE = """
import subprocess, sys
code = "x = bytearray(b'1') * 200_000_000; print('taken', flush=True); input()"
run = [sys.executable, "-c", code]
both = [subprocess.Popen(run, stdin=-1, stdout=-1, text=True) for _ in range(2)]
print(*sorted(p.stdout.readline().strip() for p in both), flush=True)
print(*sorted(p.communicate("x")[1] or p.returncode for p in both))
"""


@pytest.fixture
def plan(tmp_path: Path) -> HubPlan:
    """A plan of a course that no other test has."""
    (tmp_path / "course.toml").write_text(TOML.format(folder=tmp_path / "hub"))
    plan = make_plan(load_course(tmp_path))
    plan.state.mkdir(parents=True)
    for name in ("password", "check.token"):
        (plan.state / name).write_text("word")
    plan.save()
    return replace(plan, course=f"bounds-{os.getpid()}")


def make_tree(root: Path, version: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the system, whose folders have files from the start."""
    mkdir, top = Path.mkdir, root if version == 2 else root / "memory"

    def make(path: Path, *args: int, **options: bool) -> None:
        mkdir(path, *args, **options)  # type: ignore[arg-type]
        if path.is_relative_to(top):
            for name in FILES[version]:
                (path / name).touch()

    monkeypatch.setattr(Path, "mkdir", make)
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)
    top.mkdir(parents=True)
    if version == 2:
        (root / "cgroup.controllers").write_text("cpu memory pids\n")
    return root


def test_version_2(
    plan: HubPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are memory and swap bounded, for each student and for all, and who is inside?"""
    root = make_tree(tmp_path / "cgroup", 2, monkeypatch)
    groups = open_groups(plan, root)
    assert groups is not None
    assert (root / "cgroup.subtree_control").read_text() == "+memory"
    assert (groups.folder / "cgroup.subtree_control").read_text() == "+memory"
    total = psutil.virtual_memory().total
    assert 0.8 * total < int((groups.folder / "memory.max").read_text()) < total
    make_joining(plan, "ada", root)()
    group = groups.folder / "ada"
    assert (group / "memory.max").read_text() == "1300000000"
    assert (group / "memory.swap.max").read_text() == "0"
    assert groups.list_members("ada") == {0}  # the system would write a number here
    assert [p.name for p in groups.folder.iterdir() if p.is_dir()] == ["ada"]
    memory.remove_groups(plan, root)
    assert not groups.folder.exists()


def test_version_1(
    plan: HubPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does it work with the older files, too?"""
    root = make_tree(tmp_path / "cgroup", 1, monkeypatch)
    make_joining(plan, "ada", root)()
    group = root / "memory" / f"unrolled-{plan.course}" / "ada"
    assert (group / "memory.limit_in_bytes").read_text() == "1300000000"
    assert (group / "memory.memsw.limit_in_bytes").read_text() == "1300000000"
    assert (group / "cgroup.procs").read_text() == "0"


def test_where_none_can_be_made(plan: HubPlan, tmp_path: Path) -> None:
    """Does a server start all the same where groups are missing or closed?"""
    assert find_groups(plan, tmp_path) is None
    make_joining(plan, "ada", tmp_path)()
    (tmp_path / "cgroup.controllers").write_text("memory\n")
    (tmp_path / f"unrolled-{plan.course}").write_text("not a folder")
    assert open_groups(plan, tmp_path) is None
    make_joining(plan, "ada", tmp_path)()


def test_no_limit_is_asked_for(
    plan: HubPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does `memory_mb = 0` make no group?"""
    root = make_tree(tmp_path / "cgroup", 2, monkeypatch)
    assert open_groups(replace(plan, memory_mb=0), root) is None
    assert not (root / f"unrolled-{plan.course}").exists()


def test_on_this_machine(plan: HubPlan) -> None:
    """Do two processes together run into the limit, where this machine has groups?"""
    plan = replace(plan, memory_mb=10)
    groups = open_groups(plan)
    peak = 0
    try:
        done = subprocess.run(
            [sys.executable, "-c", TAKE],
            preexec_fn=make_joining(plan, "ada"),
            capture_output=True,
            text=True,
            timeout=120,
        )
        if groups is not None:  # what does not fit may also be swapped out
            for name in ("memory.peak", "memory.max_usage_in_bytes"):
                file = groups.folder / "ada" / name
                peak = int(file.read_text()) if file.exists() else peak
    finally:
        memory.remove_groups(plan)
    if groups is None:
        assert "taken taken" in done.stdout, done
    else:
        within = 0 < peak <= memory.compute_limit(plan)
        assert within or "taken taken" not in done.stdout, done


def test_the_hub_starts_servers_so(
    tmp_path: Path, plan: HubPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does JupyterHub's spawner join before it becomes the student?"""
    config = Config()
    configure(config, str(plan.folder))
    assert config.JupyterHub.spawner_class.endswith("spawner.BoundedSpawner")
    done: list[str] = []
    monkeypatch.setattr(
        "unrolled.hub.setup.spawner.make_joining",
        lambda plan, name: lambda: done.append(f"joined {plan.course} {name}"),
    )
    monkeypatch.setattr(
        LocalProcessSpawner,
        "make_preexec_fn",
        lambda self, name: lambda: done.append(f"became {name}"),
    )
    BoundedSpawner(config=config).make_preexec_fn("ada")()
    assert done == ["joined bounds ada", "became ada"]
