"""A test that is skipped in CI was not run by anybody: it counts as failed there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SKIPS = {
    "mark": "@pytest.mark.skipif(True, reason='apt-get install it')\n"
    "def test_one() -> None: pass\n",
    "call": "def test_one() -> None: pytest.skip('apt-get install it')\n",
    "fixture": "@pytest.fixture\ndef gone(): pytest.skip('apt-get install it')\n"
    "def test_one(gone) -> None: pass\n",
    "file": "pytest.importorskip('no_such_package')\ndef test_one() -> None: pass\n",
}


def run(folder: Path, ci: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of `folder` with the hooks that ours have."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", *more, str(folder)],
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of tests for each way to skip."""
    hooks = "pytest_make_collect_report, pytest_runtest_makereport"
    (tmp_path / "conftest.py").write_text(f"from strict_skips import {hooks}\n")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\n")
    for name, text in SKIPS.items():
        (tmp_path / f"test_{name}.py").write_text(f"import pytest\n{text}")
    return tmp_path


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_skip_is_a_failure_in_ci(folder: Path, workers: str) -> None:
    """Is a run with something missing never green there, however it is skipped?"""
    done = run(folder, "true", "-n", workers, "--continue-on-collection-errors")
    assert done.returncode == 1, done.stdout
    for name in SKIPS:
        assert f"test_{name}.py" in done.stdout
    assert "1 failed, 3 errors" in done.stdout and "passed" not in done.stdout
    assert done.stdout.count("nothing may be skipped") >= len(SKIPS)


def test_elsewhere_a_skip_says_what_to_install(folder: Path) -> None:
    """Is nobody without a browser kept from running the other tests?"""
    done = run(folder, "")
    assert done.returncode == 0, done.stdout
    assert "4 skipped" in done.stdout and "apt-get install it" in done.stdout
