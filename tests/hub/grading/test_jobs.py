"""Do jobs tell how far they are, stop when they should, and leave nothing behind?"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.waits import read_line, run_async

from unrolled.errors import UserError
from unrolled.hub.grading.jobs import Jobs

COMMANDS = {
    "grade": ("job_for_tests", "grade", "{name}"),
    "collect": ("job_for_tests", "fail", "{name}"),
    "feedback": ("job_for_tests", "wait", "{name}"),
}


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "support"))
    return Jobs(tmp_path, COMMANDS)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


def lives(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def waiting(jobs: Jobs, name: str = "a") -> Callable[[], bool]:
    return lambda: (
        (jobs.latest(name) or None) is not None
        and bool(
            jobs.latest(name).lines  # type: ignore[union-attr]
        )
    )


def child_of(jobs: Jobs, name: str = "a") -> int:
    return int((jobs.root / f"{name}.pids").read_text())


def test_a_grading(jobs: Jobs) -> None:
    """Are progress and the ungraded told, and does exit 1 count as done?"""

    async def run() -> None:
        job = await jobs.start("a", "grade", "ta")
        await until(lambda: bool(job.ended))
        assert job.state == "done"
        assert (job.done, job.total) == (2, 2)
        assert job.ungraded == [{"student": "emmy", "reason": "not a notebook"}]

    run_async(run())
    again = Jobs(jobs.root).last("a", "grade")
    assert again is not None
    assert again.ungraded[0]["student"] == "emmy"


def test_a_failure(jobs: Jobs) -> None:
    """Are the last lines kept, whatever else it printed?"""

    async def run() -> None:
        job = await jobs.start("a", "collect", "ta")
        await until(lambda: bool(job.ended))
        assert job.state == "failed"
        assert job.lines[-1] == "the disk is full"

    run_async(run())


def test_one_at_a_time(jobs: Jobs) -> None:
    """Is a second job of an assignment refused, but not one of another?"""

    async def run() -> None:
        await jobs.start("a", "feedback", "ta")
        with pytest.raises(UserError, match="another step is still running"):
            await jobs.start("a", "grade", "instructor")
        other = await jobs.start("b", "grade", "instructor")
        await until(lambda: bool(other.ended))
        assert jobs.running("a") is not None
        await jobs.close()

    run_async(run())


def test_stop(jobs: Jobs) -> None:
    """Does a stopped job end with everything that it started?"""

    async def run() -> None:
        job = await jobs.start("a", "feedback", "ta")
        await until(waiting(jobs))
        child = child_of(jobs)
        assert lives(child)
        await jobs.stop("a")
        await until(lambda: bool(job.ended))
        assert job.state == "stopped"
        await until(lambda: not lives(child))
        await jobs.start("a", "grade", "ta")
        await jobs.close()

    run_async(run())


def test_the_service_is_killed(jobs: Jobs) -> None:
    """Does a job end when the page's service is killed, and is that told after?"""
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(jobs.root)],
        stdout=subprocess.PIPE,
        text=True,
    )
    job = int(read_line(service))
    service.send_signal(signal.SIGKILL)
    service.communicate(timeout=60)
    for _ in range(200):
        if not lives(job):
            break
        time.sleep(0.05)
    assert not lives(job)
    os.kill(child_of(jobs), signal.SIGKILL)  # what a real job's children do themselves
    again = Jobs(jobs.root).latest("a")
    assert again is not None
    assert (again.state, bool(again.ended)) == ("cut off", True)


SERVICE = """
import asyncio, sys
from pathlib import Path
from unrolled.hub.grading.jobs import Jobs
async def main():
    jobs = Jobs(Path(sys.argv[1]), {"feedback": ("job_for_tests", "wait", "{name}")})
    job = await jobs.start("a", "feedback", "ta")
    while not job.lines:
        await asyncio.sleep(0.05)
    print(jobs._processes["a"].pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_no_tokens_in_jobs(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is the service's token kept from the commands it starts?"""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")

    async def run() -> None:
        await jobs.start("a", "feedback", "ta")
        await until(waiting(jobs))
        pid = jobs._processes["a"].pid
        assert b"JUPYTERHUB" not in Path(f"/proc/{pid}/environ").read_bytes()
        await jobs.close()

    run_async(run())


def test_a_broken_record(jobs: Jobs) -> None:
    """Is a record that cannot be read no obstacle?"""
    jobs.folder.mkdir(parents=True)
    (jobs.folder / "a.grade.json").write_text("{")
    (jobs.folder / "b.grade.json").write_text(json.dumps({"other": 1}))
    assert Jobs(jobs.root).latest("a") is None
