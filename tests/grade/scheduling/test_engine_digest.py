"""Kept results hang on all the code that made them, whoever adds an import."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.small_assignment import RIGHT, material, submission

import unrolled
from unrolled.course.limits import Limits
from unrolled.grade.doctor.select_worker import JudgeReady
from unrolled.grade.scheduling.engine_digest import ROOT, find_engine_files
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.pool import JudgeHost

LOADED = re.compile(r"\| +(unrolled[\w.]*)\r?$", re.MULTILINE)
TELL = "import sys\nprint([m for m in sys.modules if m.startswith('unrolled')])"


def test_the_digest_covers_every_module_that_a_judge_imports(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Does a real judge, with a real student's process, run no file left out of it?"""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # Python tells each import
    host = JudgeHost(material())
    _, pipe = host.start_judge(tries_sandbox=True, allow_weak=True)
    try:
        assert pipe.poll(60) and isinstance(pipe.recv(), JudgeReady)
        content = json.dumps(submission(**RIGHT, first=TELL)).encode()
        pipe.send(
            GradingJob(
                student="ada",
                name="ada.ipynb",
                submission=content,
                material=material(),
                seed=1,
                limits=Limits(),
            )
        )
        assert pipe.poll(60)
        graded: JobResult = pipe.recv()
    finally:
        pipe.close()
        host.end()
    loaded = set(LOADED.findall(capfd.readouterr().err))
    assert {"unrolled.assignment.catalogue", "unrolled.grade.judge.judge"} <= loaded
    said = "".join(re.findall(r"\['unrolled.*?\]", graded.notebook))
    inside = set(re.findall(r"'(unrolled[\w.]*)'", said))
    assert "unrolled.grade.student.child" in inside
    covered = set(find_engine_files())
    for module in loaded | inside:
        assert _file(module) in covered, module


def _file(module: str) -> Path:
    place = ROOT.parent / module.replace(".", "/")
    source = place.with_suffix(".py")
    return source if source.is_file() else place / "__init__.py"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to be changed."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(unrolled.__file__).parent, folder / "unrolled", ignore=ignored)
    return folder


def _digest(package: Path) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from unrolled.grade.scheduling import engine_digest;"
            "print(engine_digest.compute_engine_digest())",
        ],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("assignment/catalogue.py", True),
        ("grade/judge/replay.py", True),
        ("errors.py", True),
        ("sandbox/seccomp.py", True),
        ("lab/data/judge.npz", True),
        ("canvas/api/push.py", False),
        ("hub/student/page.py", False),
    ],
)
def test_a_changed_file_changes_the_digest(
    package: Path, name: str, counts: bool
) -> None:
    """Is what changes a verdict in the digest, and a page of the hub not?"""
    path = package / "unrolled" / name
    before, content = _digest(package), path.read_bytes()
    path.write_bytes(content + b"\n")
    try:
        assert (_digest(package) != before) == counts
    finally:
        path.write_bytes(content)
