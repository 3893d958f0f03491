"""The doctor tries each protection, and tells a hole from a wall."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.tiers import starts

from unrolled.course.limits import Limits
from unrolled.grade.doctor.doctor import (
    REQUIRED_PROTECTIONS,
    Checkup,
    Protection,
    examine,
    run_checkups,
)
from unrolled.grade.worker.zygote_worker import ZygoteWorker
from unrolled.sandbox import landlock
from unrolled.sandbox.isolate import Tier

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
ROOT = Path(__file__).parents[3]
ALL = {*REQUIRED_PROTECTIONS, "disk", "siblings", "time", "output"}


def held(checkup: Checkup) -> set[str]:
    """The names of the protections that hold."""
    return {p.name for p in checkup.protections if p.holds}


def test_namespaces_hold_everything() -> None:
    """Does no probe get anything out of the first tier?"""
    found = examine("namespaces")
    if found.trouble:
        pytest.skip("no namespaces: allow user namespaces, or run as root")
    assert held(found) == ALL, found.protections
    assert found.sufficient


@pytest.mark.skipif(
    not landlock.read_version(), reason="no Landlock: Linux 5.13 or newer"
)
def test_landlock_holds_the_floor_and_more() -> None:
    """Does the fallback hold all but the size of the disk?"""
    found = examine("landlock")
    assert held(found) >= {*REQUIRED_PROTECTIONS, "time", "output"}, found.protections
    assert found.sufficient


def test_the_plain_tier_is_found_to_be_open() -> None:
    """Does the doctor see the holes of a process that is not isolated?"""
    found = examine("none")
    open_ = ALL - held(found)
    assert open_ >= {"files", "network", "processes", "disk"}
    assert not found.sufficient
    for protection in found.protections:
        assert protection.holds or protection.advice or protection.name == "time"


def test_one_missing_protection_is_not_sufficient() -> None:
    """Is every single protection of the floor needed?"""
    for missing in REQUIRED_PROTECTIONS:
        parts = tuple(Protection(n, n != missing, "") for n in sorted(ALL))
        assert not Checkup("landlock", parts).sufficient
    whole = tuple(Protection(n, True, "") for n in REQUIRED_PROTECTIONS)
    assert Checkup("landlock", whole).sufficient
    assert not Checkup("landlock", whole, "does not start").sufficient


def test_nothing_stays_behind() -> None:
    """Are zygote, children and scratch folder gone after the end?"""
    with ZygoteWorker("namespaces" if starts("namespaces") else "landlock") as worker:
        folder = worker.folder
        channel = worker.open({"a.txt": b"a"}, Limits())
        assert folder.exists()
        del channel
    assert not folder.exists()
    commands = subprocess.run(
        ["ps", "ax", "-o", "args"], capture_output=True, text=True, timeout=600
    )
    assert str(folder) not in commands.stdout


def test_the_command_says_what_holds() -> None:
    """Does `unrolled doctor --json` give one document and its exit code?"""
    command = [sys.executable, "-m", "unrolled", "doctor", "--tier", "none", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=600
    )
    (found,) = json.loads(done.stdout)
    assert found["tier"] == "none" and found["sufficient"] is False
    assert done.returncode == 1
    wrong = subprocess.run(
        [*command[:-3], "--tier", "bwrap"], capture_output=True, text=True, timeout=600
    )
    assert wrong.returncode == 2 and "no tier 'bwrap'" in wrong.stderr


PROGRAM = """
import sys
from unrolled.grade.doctor.doctor import examine
found = examine(sys.argv[1])
print(found.trouble or sorted(p.name for p in found.protections if p.holds))
"""


@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_an_ordinary_user_has_the_same_walls(tier: str, tmp_path: Path) -> None:
    """Does the sandbox hold without any privilege?"""
    python = _python_of_all(tmp_path)
    if os.getuid() != 0 or python is None:
        pytest.skip("run as root; apt-get install util-linux python3 (of this version)")
    if _as_nobody(str(python), "-c", "import unrolled, IPython").returncode != 0:
        pytest.skip("only root may enter this folder: put the clone below /srv, say")
    done = _as_nobody(str(python), "-c", PROGRAM, tier)
    said = done.stdout + done.stderr
    for name in ALL - ({"disk"} if tier == "landlock" else set()):
        assert f"'{name}'" in said, said


def _as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "OMP_NUM_THREADS": "1"}
    words = [*user, *command]
    return subprocess.run(
        words, capture_output=True, text=True, env=environment, cwd="/", timeout=600
    )


def _python_of_all(folder: Path) -> Path | None:
    """An interpreter with our packages that every user may start, if there can be."""
    system = Path("/usr/bin/python3")
    here = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}"
    version = subprocess.run(
        [system, "--version"], capture_output=True, text=True, timeout=600
    )
    if f"3.{sys.version_info.minor}." not in version.stdout:
        return None
    subprocess.run(
        [system, "-m", "venv", "--without-pip", folder / "v"], check=True, timeout=600
    )
    site = folder / "v/lib" / here.name / "site-packages"
    packages = f"{here / 'site-packages'}\n{ROOT / 'src'}\n"
    (site / "ours.pth").write_text(packages)
    for path in (folder, *folder.parents):
        if path.owner() == "root" and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    return folder / "v/bin/python"


def test_the_open_tier_is_tried_only_where_no_other_will_do() -> None:
    """Does a machine with a sandbox go without the slow tier, and say what it does?"""
    command = [sys.executable, "-m", "unrolled", "doctor", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=600
    )
    found = json.loads(done.stdout)
    if not any(c["sufficient"] for c in found):
        pytest.skip("no tier holds here: allow user namespaces, or Linux 5.13")
    assert [c["tier"] for c in found] == ["namespaces", "landlock"]
    assert done.stderr.startswith("starting the sandbox ...\ntrying to break out")


def test_without_a_sandbox_the_open_tier_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is one told what a process that is not isolated can do, where no tier starts?"""
    tried: list[str] = []

    def nothing(tier: Tier) -> Checkup:
        tried.append(tier)
        return Checkup(tier, (), "does not start here")

    monkeypatch.setattr("unrolled.grade.doctor.doctor.examine", nothing)
    said: list[str] = []
    assert len(run_checkups(say=said.append)) == 3 and tried[-1] == "none"
    assert "not isolated" in said[-1]
