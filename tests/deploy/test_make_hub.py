"""Does `make hub` install what a hub needs, and say what it is doing?"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    shutil.which("make") is None, reason="apt-get install make"
)


def planned(folder: Path, target: str) -> str:
    """What make would do in a fresh clone."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, folder / name)
    done = subprocess.run(
        ["make", "-n", target],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout


def test_a_hub_needs_no_developer_s_tools(tmp_path: Path) -> None:
    """Is the extra of those who develop left to those who test?"""
    assert ".[grading,hub]" in planned(tmp_path, "hub")
    assert "dev]" not in planned(tmp_path, "hub")
    assert "dev]" in planned(tmp_path, "test")


def test_a_whole_environment_is_good_enough(tmp_path: Path) -> None:
    """Is nothing installed anew where all is there already?"""
    planned(tmp_path, "hub")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").touch()
    assert "pip install" not in planned_again(tmp_path)


def planned_again(folder: Path) -> str:
    done = subprocess.run(
        ["make", "-n", "hub"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("UNROLLED")},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout


def test_it_says_what_it_does() -> None:
    """Is a line said in a pipe while a command lasts, and its exit code kept?"""
    saying = ROOT / ".ci" / "saying"
    words = ["sh", str(saying), "waiting", "sh", "-c", "sleep 5.5; exit 3"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == ["waiting ...", "  waiting ... 5 s"]
    assert done.returncode == 3
