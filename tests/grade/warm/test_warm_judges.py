"""Warm judges: the same results, for the account they belong to, and never stale."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.cluster import NAME, copy_class, make_class, notebooks
from support.gradebook_dump import dump
from support.small_assignment import QUICK, RIGHT, material, submission
from support.tiers import starts
from support.warm_host import PATIENCE, start_host, warm_host

import unrolled.grade.warm.client
from unrolled.assignment.load import load_material
from unrolled.assignment.material import Material
from unrolled.assignment.reference import build_reference
from unrolled.course.model import Course
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.run import grade
from unrolled.grade.scheduling.pool import ONE_THREAD, JudgeHost
from unrolled.grade.submission.rebuild import rebuild_submission
from unrolled.grade.warm import find_warm_judges, memory
from unrolled.grade.warm.address import FOLDER, Door, connect
from unrolled.grade.worker.worker import SubprocessWorker, Worker
from unrolled.grade.worker.zygote_worker import ZygoteWorker
from unrolled.sandbox.isolate import Tier

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
CALLS_THE_JUDGES = """
def call(address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as made:
        made.connect(address)
def call_from(folder):
    call(f"/proc/self/fd/{{os.open(folder, os.O_PATH)}}/judges")
reached = 0
import os, socket
for way, address in ((call, {path!r}), (call_from, {folder!r})):
    try:
        way(address)
        reached += 1
    except OSError:
        pass
return 2 * x + reached
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class in a folder with a long name, nothing graded yet."""
    return make_class(tmp_path_factory.mktemp("school") / ("course" * 20), 8)


@pytest.fixture
def course(school: Course, tmp_path: Path) -> Course:
    """A copy of the class."""
    return copy_class(school, tmp_path / ("course" * 20))


@pytest.fixture
def cold_hosts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that forked judges for runs here, and were started for them."""
    started: list[int] = []
    make = JudgeHost.__init__

    def note(host: JudgeHost, known: Material) -> None:
        make(host, known)
        started.append(host.process.pid)

    monkeypatch.setattr(JudgeHost, "__init__", note)
    return started


def test_the_same_rows_and_notebooks(
    school: Course, course: Course, tmp_path: Path, cold_hosts: list[int]
) -> None:
    """Do warm judges, the spare one too, find what cold ones find, to the byte?"""
    cold = copy_class(school, tmp_path / "cold")
    assert grade(cold, NAME).ungraded == () and len(cold_hosts) == 1
    with warm_host(course) as host:
        assert grade(course, NAME, jobs=2).ungraded == ()
        assert (dump(course), notebooks(course)) == (dump(cold), notebooks(cold))
        spare = wait_for_spare(host)
        until = time.monotonic() + PATIENCE
        while Path(f"/proc/{spare}").exists():  # it is ready soon, and ends as a judge
            grade(course, NAME, ["student00"], force=True)
            assert time.monotonic() < until
        grade(cold, NAME, ["student00"], force=True)
        assert len(cold_hosts) == 2  # one for each run of the cold class
        assert (dump(course), notebooks(course)) == (dump(cold), notebooks(cold))
        assert wait_for_spare(host) != spare
    assert not answers(course)
    assert list((course.root / FOLDER).iterdir()) == []


def wait_for_spare(host: subprocess.Popen[bytes]) -> int:
    """The only judge of a host that nobody calls."""
    until = time.monotonic() + PATIENCE
    while True:
        words = (f"/proc/{host.pid}/task/{host.pid}/children",)
        below = [int(pid) for pid in Path(*words).read_text().split()]
        names = {pid: read_words(pid) for pid in below}
        spares = [pid for pid, words in names.items() if b"warm.host" in words]
        if len(spares) == 1:
            return spares[0]
        assert time.monotonic() < until
        time.sleep(0.1)


def answers(course: Course) -> bool:
    """Whether somebody takes calls for warm judges."""
    if (call := connect(course.root)) is not None:
        call.close()
    return call is not None


def has_judges(course: Course, known: Material) -> bool:
    """Whether a run would get warm judges."""
    if (found := find_warm_judges(course, known)) is not None:
        found[0].end()
    return found is not None


def read_words(pid: int) -> bytes:
    """The command of a process; nothing if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_a_killed_host_costs_nothing(
    school: Course, course: Course, tmp_path: Path, cold_hosts: list[int]
) -> None:
    """Does a run whose warm judges are killed in the middle go on with its own?"""
    cold = copy_class(school, tmp_path / "cold")
    grade(cold, NAME)
    with warm_host(course) as host:
        done: list[object] = []

        def kill_once(result: object) -> None:
            if not done:
                os.kill(host.pid, signal.SIGKILL)
                host.wait(PATIENCE)
            done.append(result)

        assert grade(course, NAME, progress=kill_once).ungraded == ()
    assert (dump(course), notebooks(course)) == (dump(cold), notebooks(cold))
    assert len(cold_hosts) == 2
    # Its socket lies there still, and is no obstacle to anybody.
    assert not answers(course)
    grade(course, NAME, ["student00"], force=True)
    assert len(cold_hosts) == 3
    with warm_host(course):
        pass


def test_other_code_another_sandbox_another_environment(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are judges of other code, or with other settings, taken for none?"""
    known = load_material(course, NAME)
    with warm_host(course) as host:
        assert has_judges(course, known)
        with monkeypatch.context() as patch:
            patch.setenv("KERAS_BACKEND", "jax")
            assert not has_judges(course, known)
        with monkeypatch.context() as patch:
            patch.setenv("UNROLLED_TIER", "landlock")
            assert not has_judges(course, known)
        name = "compute_engine_digest"
        with monkeypatch.context() as patch:
            patch.setattr(unrolled.grade.warm.client, name, lambda: "another")
            assert not has_judges(course, known)
        assert has_judges(course, known)
        # A file of the package that is newer than the process: it goes.
        file = Path(unrolled.grade.warm.client.__file__)
        before = file.stat()
        try:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
            assert not has_judges(course, known)
            host.wait(PATIENCE)
        finally:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_spare_judge_of_an_older_build_is_not_taken(
    course: Course, cold_hosts: list[int]
) -> None:
    """Is a material that the spare judge does not know judged by that material?"""
    with warm_host(course) as host:
        grade(course, NAME, ["student00"])
        wait_for_spare(host)
        oracle = course.lessons / NAME / "oracle.py"
        text = oracle.read_text() if oracle.exists() else ""
        oracle.write_text(f"{text}\n# Another build.\n")
        changed = load_material(course, NAME)
        found = find_warm_judges(course, changed)
        assert found is not None
        client, _ = found
        number, pipe = client.start_judge(tries_sandbox=False, allow_weak=False)
        assert pipe.poll(PATIENCE)
        pipe.close()
        client.end()
        assert grade(course, NAME, ["student00"], force=True).ungraded == ()
        assert number == 1 and cold_hosts == []


def test_judges_that_nobody_calls_are_dropped(course: Course) -> None:
    """Does the process end when it is idle?"""
    assert start_host(course, UNROLLED_WARM_SECONDS="0.5").wait(PATIENCE) == 0
    assert not answers(course)


@pytest.mark.parametrize("told", ["[]", "[False]", "[False, False, False]"])
def test_judges_are_dropped_where_memory_is_short(course: Course, told: str) -> None:
    """Does the process end, or not even begin, when there is little memory?"""
    script = (
        "import sys, unrolled.grade.warm.host as host\n"
        f"answers = iter({told})\n"
        "host.is_memory_short = lambda: next(answers, True)\n"
        "host.main(sys.argv[1:])\n"
        "assert next(answers, None) is None\n"
    )
    words = [sys.executable, "-c", script, str(course.root)]
    subprocess.run(
        words, env={**os.environ, **ONE_THREAD}, check=True, timeout=PATIENCE
    )
    assert not answers(course)


def test_how_memory_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is it short on a full machine, and in a full container on an empty one?"""
    machine, group = tmp_path / "meminfo", tmp_path / "group"
    monkeypatch.setattr(memory, "MACHINE", machine)
    monkeypatch.setattr(memory, "GROUP", group)
    assert not memory.is_memory_short()  # nobody knows
    for free, short in ((9_000_000, False), (2_000_000, False), (1_500_000, True)):
        machine.write_text(f"MemTotal: 16000000 kB\nMemAvailable: {free} kB\n")
        assert memory.is_memory_short() == short
    machine.write_text("MemTotal: 2000000 kB\nMemAvailable: 500000 kB\n")
    assert memory.is_memory_short()  # a quarter, and yet too little
    machine.write_text("MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\n")
    group.mkdir()
    (group / "memory.max").write_text("4000000000\n")
    (group / "memory.current").write_text("3900000000\n")
    for cached, short in ((3_000_000_000, False), (100_000_000, True)):
        (group / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")
        assert memory.is_memory_short() == short
    (group / "memory.max").write_text("max\n")
    assert not memory.is_memory_short()


def test_only_one_for_a_course(course: Course) -> None:
    """Does a second one leave the first alone?"""
    with warm_host(course) as first:
        start_host(course).wait(PATIENCE)
        assert first.poll() is None and answers(course)


def test_a_folder_that_others_may_enter(course: Course) -> None:
    """Is a socket taken for none where somebody else could have put it?"""
    door = Door(course.root)
    try:
        assert answers(course)
        assert (course.root / FOLDER).stat().st_mode & 0o777 == 0o700
        (course.root / FOLDER).chmod(0o750)
        assert not answers(course)
        (course.root / FOLDER).chmod(0o700)
        if os.getuid() == 0:
            os.chown(course.root / FOLDER, 1234, -1)
            assert not answers(course)
            os.chown(course.root / FOLDER, 0, -1)
        with pytest.raises(BlockingIOError):
            Door(course.root)
    finally:
        door.close()


def test_a_host_that_hangs(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does a run wait for an answer with an end, and then grade with its own judges?"""
    monkeypatch.setattr(unrolled.grade.warm.client, "ANSWER_SECONDS", 0.2)
    with warm_host(course) as host:
        os.kill(host.pid, signal.SIGSTOP)
        try:
            assert grade(course, NAME, ["student00"]).ungraded == ()
        finally:
            os.kill(host.pid, signal.SIGCONT)


@pytest.mark.parametrize("tier", ["namespaces", "landlock", "none"])
def test_students_code_cannot_call_the_judges(tier: Tier, tmp_path: Path) -> None:
    """Is the socket out of reach in a sandbox, where it is reached without one?"""
    if tier != "none" and not starts(tier):
        pytest.skip("this sandbox does not start here: `unrolled doctor` says why")
    door = Door(tmp_path)
    code = CALLS_THE_JUDGES.format(
        folder=str(tmp_path / FOLDER), path=str(tmp_path / FOLDER / "judges")
    )
    trusted = material()
    body = textwrap.indent(code, "    ").strip()
    work = submission(**{**RIGHT, "double": body})
    rebuilt = rebuild_submission(trusted, work).notebook
    worker: Worker = SubprocessWorker() if tier == "none" else ZygoteWorker(tier)
    try:
        task = JudgeInput(trusted, rebuilt, 1, replace(QUICK, start_seconds=60))
        verdict = judge_submission(task, build_reference(trusted), worker)
    finally:
        if isinstance(worker, ZygoteWorker):
            worker.stop()
        door.close()
    passed = {cell.grade_id: cell.passed for cell in verdict.cells}
    told = [cell.message for cell in verdict.cells]
    assert passed["double_values"] == (tier != "none"), told
