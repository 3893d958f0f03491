"""`make` sets itself up: with the build of PyTorch that was asked for, and once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.author_course import make_course

from unrolled.hub.plan import HubPlan, make_plan
from unrolled.hub.setup import install

ROOT = Path(__file__).parents[1]
PIP = ".venv/bin/python -m pip install"
LINE = "pip3 install torch torchvision --index-url file:///torch"

# A Python that makes an environment of itself, and writes down what it is told.
STUB = """\
#!/bin/sh
echo "$@" >>"$LOG"
if [ "$1 $2" = "-m venv" ]; then
  rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python
  cp "$0" .venv/bin/unrolled
fi
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that make needs, and a Python that installs nothing."""
    if shutil.which("make") is None:
        pytest.skip("there is no make here: apt-get install make")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "python").write_text(STUB)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def make(clone: Path, *words: str) -> list[str]:
    """What `make demo` made Python do."""
    log = clone / "log.txt"
    log.unlink(missing_ok=True)
    env = {k: v for k, v in os.environ.items() if k != "TORCH"} | {"LOG": str(log)}
    command = ["make", "--silent", "demo", f"PYTHON={clone / 'python'}", *words]
    subprocess.run(
        command, cwd=clone, env=env, check=True, capture_output=True, timeout=600
    )
    lines = log.read_text().splitlines() if log.exists() else []
    return [x for x in lines if x.startswith("-m venv") or "--no-deps" in x]


def test_the_line_of_pytorch_s_site_is_taken(clone: Path) -> None:
    """Is PyTorch installed into the new environment, before what needs it?"""
    cleared, torch = make(clone, f"TORCH={LINE}")
    assert cleared.startswith("-m venv --clear")
    assert torch.endswith("--no-deps torch --index-url file:///torch")
    assert "torchvision" not in torch and "-c constraints.txt" in torch


def test_it_is_remembered_and_not_done_twice(clone: Path) -> None:
    """Does a second make install nothing, and a changed requirement the same build?"""
    make(clone, f"TORCH={LINE}")
    assert make(clone) == []
    later = (clone / "constraints.txt").stat().st_mtime + 60
    os.utime(clone / "constraints.txt", (later, later))
    assert "--index-url file:///torch" in make(clone)[-1]


def test_another_choice_makes_the_environment_anew(clone: Path) -> None:
    """Is an environment with CUDA replaced when a small build is asked for?"""
    (first,) = make(clone)
    assert first.startswith("-m venv")
    assert make(clone, "TORCH=/tmp/torch.whl")[-1].endswith("--no-deps /tmp/torch.whl")
    assert len(make(clone, "TORCH=/tmp/torch.whl")) == 0


def test_clean_leaves_what_nothing_makes_again(clone: Path) -> None:
    """Do copies of the gradebook, last term's work and archives outlive make clean?"""
    for name in ("demo", "results", "rendered", "terms", "backups", "hub"):
        (clone / "build" / name).mkdir(parents=True)
    (clone / ".venv").mkdir()
    done = subprocess.run(
        ["make", "clean"],
        cwd=clone,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    left = {p.name for p in (clone / "build").iterdir()}
    assert left == {"terms", "backups", "hub"} and not (clone / ".venv").exists()
    assert "build/terms" in done.stdout
    for name in left:
        (clone / "build" / name).rmdir()
    subprocess.run(
        ["make", "clean"], cwd=clone, check=True, capture_output=True, timeout=600
    )
    assert not (clone / "build").exists()


@pytest.fixture
def plan(tmp_path: Path) -> HubPlan:
    """The plan of a hub in a folder of its own."""
    course = make_course(tmp_path / "course")
    toml = course.root / "course.toml"
    toml.write_text(f'{toml.read_text()}\n[hub]\nfolder = "{tmp_path / "hub"}"\n')
    from unrolled.course.model import load_course

    return make_plan(load_course(course.root))


def test_the_hub_takes_the_same_build(
    plan: HubPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do the hub's environments get it, now and when they are made anew?"""
    calls: list[list[str]] = []

    def call(words: list[object], **_: object) -> str:
        calls.append([str(word) for word in words])
        return "3 11"

    monkeypatch.setattr(install, "run_program", call)
    for name in (
        "_install_debian_packages",
        "_install_proxy",
        "_overlay_environment",
        "_copy_programs",
    ):
        monkeypatch.setattr(install, name, lambda *_: None)
    project = tmp_path / "project"
    project.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, project / name)

    def torch() -> list[str]:
        calls.clear()
        install.install(plan, project, lambda _: None)
        return [
            " ".join(c) for c in calls if "--no-deps" in c and "torch" in " ".join(c)
        ]

    monkeypatch.setenv("UNROLLED_TORCH", LINE)
    (told,) = torch()
    assert told.endswith("--no-deps torch --index-url file:///torch")
    assert f"{plan.students_env}/bin/python" in told
    monkeypatch.delenv("UNROLLED_TORCH")
    assert torch() == []  # nothing new, nothing done
    (project / "constraints.txt").write_text("torch==2.13.0\n")
    assert torch() == [told]  # made anew: as it was asked for
    monkeypatch.setenv("UNROLLED_TORCH", "")
    assert torch() == []  # the usual one again
    assert any(str(plan.students_env) in " ".join(c) for c in calls)


def test_no_registry_is_named() -> None:
    """Does no file of ours lead pip to a place that may move or be forbidden?"""
    files = ("README.md", "Makefile", "docs/hub.md", "docs/many-machines.md")
    for name in (*files, "deploy/image/Dockerfile"):
        assert "whl/cpu" not in (ROOT / name).read_text()
