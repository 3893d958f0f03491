"""Does collecting keep what is good and refuse what is not, whatever students do?"""

from __future__ import annotations

import json
import logging
import os
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from nbgrader.api import Gradebook
from nbgrader.exchange import ExchangeError
from support.exchange_course import NAME, Hub, as_user, make_hub
from traitlets.config import Config

from unrolled.hub.exchange import read_submission as reading
from unrolled.hub.exchange.collect_report import read_report

ROOT = os.geteuid() == 0


def collect(hub: Hub, **options: bool) -> dict[str, str]:
    """Collect; why entries were refused, by student."""
    hub.run("Collect", "", **({"update": True} | options))
    report = read_report(hub.course, NAME)
    assert report is not None
    return {r.student: r.reason for r in report.refused}


def text(hub: Hub, student: str = "ada") -> str:
    return (hub.submitted(student) / "forward_pass.ipynb").read_text()


def test_the_last_one_is_collected_and_only_once(hub: Hub) -> None:
    """Is the latest of several collected, and not copied again the next time?"""
    hub.hand_in("ada", "first", late=-20)
    hub.hand_in("ada", "second", late=-10)
    assert collect(hub) == {}
    assert text(hub) == "second"
    before = hub.submitted("ada").stat().st_ino
    collect(hub)
    assert hub.submitted("ada").stat().st_ino == before
    hub.hand_in("ada", "third")
    collect(hub, update=False)
    assert text(hub) == "second"
    collect(hub)
    assert text(hub) == "third"
    assert [p.name for p in hub.submitted("ada").parent.iterdir()] == [NAME]


def test_what_was_laid_there_by_hand_is_kept(hub: Hub) -> None:
    """Is a notebook that came by mail kept when the student hands in after all?"""
    hub.submitted("ada").mkdir(parents=True)
    (hub.submitted("ada") / "forward_pass.ipynb").write_text("by mail")
    hub.hand_in("ada", "by the exchange")
    collect(hub)
    assert text(hub) == "by the exchange"
    (kept,) = hub.course.glob("build/backups/submitted-*/ada/*/forward_pass.ipynb")
    assert kept.read_text() == "by mail"
    report = read_report(hub.course, NAME)
    assert report is not None and str(kept.parent) in report.notes[0].reason
    hub.hand_in("ada", "once more", late=1)
    collect(hub)
    assert len(list(hub.course.glob("build/backups/submitted-*"))) == 1


def test_somebody_elses_name_is_refused(hub: Hub) -> None:
    """Is a folder refused that says it is of another student?"""
    hub.hand_in("emmy", "forged")
    hub.hand_in("ada", "good")
    assert collect(hub) == {"emmy": "the folder is named after emmy but belongs to ada"}
    assert not hub.submitted("emmy").exists()
    assert text(hub) == "good"


@pytest.fixture
def open_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A course in a folder that every account may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield make_hub(Path(folder), monkeypatch)


@pytest.mark.skipif(not ROOT, reason="acts as two accounts: run the tests as root")
def test_two_real_users(open_hub: Hub) -> None:
    """Do real owners count, where nbgrader itself hands in?"""
    hub = open_hub
    hub.accounts.names |= {4101: "sophie", 4102: "emmy"}
    for uid, name in ((4101, "sophie"), (4102, "emmy")):
        hub.home(name).mkdir()
        os.chown(hub.home(name), uid, uid)

        def work(name: str = name) -> None:
            hub.run("FetchAssignment", name)
            hub.run("Submit", name)

        as_user(uid, work)
    as_user(4101, lambda: hub.hand_in("emmy", "forged by sophie", late=1))
    assert collect(hub) == {
        "emmy": "the folder is named after emmy but belongs to sophie"
    }
    assert "cells" in text(hub, "emmy")
    assert "cells" in text(hub, "sophie")
    (entry,) = (p for p in hub.inbound.iterdir() if p.stat().st_uid == 4102)

    def steal() -> None:
        with pytest.raises(PermissionError):
            entry.rename(hub.inbound / "gone")

    as_user(4101, steal)


@pytest.mark.parametrize("what", ["link", "hard link", "pipe", "socket", "folder link"])
def test_nothing_but_files(
    hub: Hub, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are links and special files refused, and the last good submission taken?"""
    secret = hub.root / "hidden_tests.py"
    secret.write_text("the answer")
    hub.hand_in("ada", "good", late=-5)
    place = hub.hand_in("ada", "bad")
    planted = place / "notes.txt"
    if what == "link":
        planted.symlink_to(secret)
    elif what == "hard link":
        planted.hardlink_to(secret)
    elif what == "pipe":
        os.mkfifo(planted)
    elif what == "folder link":
        planted.symlink_to(hub.root)
    else:
        monkeypatch.chdir(place)  # a socket's address is at most 107 bytes long
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(planted.name)
    assert "notes.txt" in collect(hub)["ada"]
    assert text(hub) == "good"
    assert not (hub.submitted("ada") / "notes.txt").exists()


def test_the_folder_itself_is_a_link(hub: Hub) -> None:
    """Is an entry refused that is a link to a folder of somebody else?"""
    place = hub.hand_in("ada")
    moved = place.rename(hub.root / "elsewhere")
    place.symlink_to(moved)
    assert collect(hub) == {"ada": "the submission is a link, or not a folder"}


@pytest.mark.skipif(not ROOT, reason="acts as two accounts: run the tests as root")
def test_files_of_others_in_it(hub: Hub) -> None:
    """Is a submission refused that holds a file of another account?"""
    place = hub.hand_in("ada")
    (place / "data.csv").write_text("x")
    os.chown(place / "data.csv", 4101, 4101)
    assert collect(hub) == {"ada": "'data.csv' belongs to another account"}


@pytest.mark.parametrize(
    "name",
    [
        f"ada+{NAME}+never+abc",
        f"ada+{NAME}+",
        f"+{NAME}+2027-01-01 00:00:00 UTC",
        f"..+{NAME}+2027-01-01 00:00:00 UTC",
        f"ada+{NAME}+2027-13-41 99:00:00 UTC",
        f"ada+{NAME}+2027-01-01 00:00:00 UTC+\x1b[2J",
        f"a+b+{NAME}+2027-01-01 00:00:00 UTC+x+y",
        f"ada+{NAME}+\udcff\udcfe",
    ],
)
def test_odd_names_stop_nobody(hub: Hub, name: str) -> None:
    """Does an entry of odd name leave the others collected, and the log readable?"""
    hub.hand_in("ada", "good")
    (hub.inbound / name).mkdir()
    hub.run("Collect", update=True)
    report = read_report(hub.course, NAME)
    assert report is not None
    assert text(hub) == "good"
    assert len(report.refused) == 1
    assert report.refused[0].entry.isprintable()


def test_too_large(hub: Hub) -> None:
    """Are large files, large folders, too many files and endless folders refused?"""
    rules = reading.SubmissionRules(
        ignore=(), include=("*",), file_bytes=1000, folder_bytes=1500, files=20, depth=3
    )
    place = hub.hand_in("ada")
    (place / "big.bin").write_bytes(b"x" * 1001)
    assert "larger than 0.001 MB" in refusal(place, rules)
    (place / "big.bin").write_bytes(b"x" * 999)
    (place / "more.bin").write_bytes(b"x" * 999)
    assert "it is larger" in refusal(place, rules)
    for n in range(20):
        (place / f"{n}").touch()
    (place / "more.bin").unlink()
    assert "more than 20 files" in refusal(place, rules)
    deep = hub.hand_in("ada")
    (deep / "a/b/c/d").mkdir(parents=True)
    assert "more than 3 deep" in refusal(deep, rules)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("max_file_size", 2, "is larger than 0.002 MB"),
        ("max_dir_size", 4, "it is larger than 0.004 MB"),
    ],
)
def test_limits_of_the_course_hold(hub: Hub, key: str, value: int, why: str) -> None:
    """Do the sizes that nbgrader's configuration names count when it collects?"""
    place = hub.hand_in("ada")
    for name in ("data.csv", "more.csv"):
        (place / name).write_bytes(b"x" * 2500)
    settings = Config({"CourseDirectory": {key: value}})
    hub.run("Collect", settings=settings, update=True)
    report = read_report(hub.course, NAME)
    assert report is not None
    (refused,) = report.refused
    assert refused.reason.endswith(why)
    assert not hub.submitted("ada").exists()
    hub.run("Collect", update=True)
    assert (hub.submitted("ada") / "more.csv").stat().st_size == 2500


def test_what_the_course_leaves_out_is_not_collected(hub: Hub) -> None:
    """Do nbgrader's patterns of files to take and to leave count when it collects?"""
    place = hub.hand_in("ada")
    for name in ("data.csv", "movie.mp4", "ignored.csv"):
        (place / name).write_text("x")
    patterns = {"ignore": ["ignored*"], "include": ["*.ipynb", "*.csv", "*.txt"]}
    hub.run("Collect", settings=Config({"CourseDirectory": patterns}))
    names = {p.name for p in hub.submitted("ada").iterdir()}
    assert names == {
        *("data.csv", "forward_pass.ipynb"),
        *("submission_secret.txt", "timestamp.txt"),
    }


def test_a_folder_that_is_exchanged_before_it_is_copied(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is whose it is looked at again in the very copy, not at the first look alone?"""
    hub.hand_in("ada", "good", late=-5)
    collect(hub)
    hub.hand_in("ada", "theirs")
    look = reading.read_entry

    def exchanged(
        inbound: int,
        name: str,
        rules: reading.SubmissionRules,
        target: Path | None = None,
    ) -> reading.EntryInfo:
        if target is not None:
            hub.accounts.names[os.geteuid()] = "emmy"
        return look(inbound, name, rules, target)

    monkeypatch.setattr("unrolled.hub.exchange.collect.reading.read_entry", exchanged)
    assert collect(hub) == {"ada": "the folder is named after ada but belongs to emmy"}
    assert text(hub) == "good"


def test_an_inbound_folder_of_somebody_else_is_not_believed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is nothing collected from a folder that another account put in its place?"""
    hub.hand_in("ada")
    monkeypatch.setattr("unrolled.hub.exchange.collect.os.geteuid", lambda: 4102)
    fstat = os.fstat

    def theirs(descriptor: int) -> os.stat_result:
        found = list(fstat(descriptor))
        found[4] = 4101  # st_uid
        return os.stat_result(found)

    with monkeypatch.context() as patched, pytest.raises(ExchangeError):
        patched.setattr(os, "fstat", theirs)
        hub.run("Collect", update=True)
    assert not hub.submitted("ada").exists()


def test_a_time_in_the_course_s_zone(hub: Hub) -> None:
    """Is a name with CST, as nbgrader may be set to write, that of the course's CST?"""
    now = datetime.now(UTC)
    toml = hub.course / "course.toml"
    toml.write_text(toml.read_text().replace("America/Chicago", "Asia/Shanghai"))
    local = now.astimezone(ZoneInfo("Asia/Shanghai"))
    entry = hub.hand_in("ada")
    stamp = f"{local:%Y-%m-%d %H:%M:%S.%f %Z}"
    entry.rename(entry.with_name(f"ada+{NAME}+{stamp}+x"))
    assert collect(hub) == {}
    assert when(hub) == now
    report = read_report(hub.course, NAME)
    assert report is not None and report.notes == []


def refusal(
    place: Path, rules: reading.SubmissionRules, target: Path | None = None
) -> str:
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        reading.read_entry(folder, place.name, rules, target)
    except reading.SubmissionRefusedError as why:
        return str(why)
    finally:
        os.close(folder)
    return ""


def test_a_file_that_grows_while_it_is_copied(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is the copy bounded when its owner makes the file larger after the first look?"""
    place = hub.hand_in("ada")
    rules = reading.SubmissionRules(
        ignore=(), include=("*",), file_bytes=5000, folder_bytes=9000
    )
    read, more = os.read, iter([b"more" * 500] * 1000)

    def growing(descriptor: int, size: int) -> bytes:
        return read(descriptor, size) or next(more, b"")

    monkeypatch.setattr(os, "read", growing)
    target = hub.root / "copy"
    assert "larger than 0.005 MB" in refusal(place, rules, target)
    assert all(p.stat().st_size < 9000 for p in target.iterdir())


def test_an_owner_who_swaps_files(hub: Hub) -> None:
    """Does a link that is planted again and again never get through?"""
    secret = hub.root / "hidden_tests.py"
    secret.write_text("the answer")
    place = hub.hand_in("ada")
    victim = place / "swapped.txt"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            victim.unlink(missing_ok=True)
            victim.symlink_to(secret)
            victim.unlink()
            victim.write_text("harmless")

    owner = threading.Thread(target=swap)
    owner.start()
    seen: Counter[str] = Counter()
    until = time.monotonic() + 120
    try:
        while seen.total() < 300 or min(seen["copied"], seen["a link"]) < 10:
            assert time.monotonic() < until, seen
            seen[copy_of(victim)] += 1
    finally:
        stop.set()
        owner.join(60)
    assert not owner.is_alive()


def copy_of(victim: Path) -> str:
    """What came of the copy of a folder whose owner swaps a file: in one word."""
    rules = reading.SubmissionRules(
        ignore=(), include=("*",), file_bytes=1000, folder_bytes=1000000
    )
    with tempfile.TemporaryDirectory() as target:
        why = refusal(victim.parent, rules, Path(target))
        copied = Path(target, victim.name)
        found = copied.exists()
        assert not found or copied.read_text() in ("harmless", "")
    if why:
        return "a link" if "link" in why else "refused"
    return "copied" if found else "absent"


def test_a_file_swapped_between_two_looks(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a link refused that was an ordinary file a moment ago, and nothing copied?"""
    secret = hub.root / "hidden_tests.py"
    secret.write_text("the answer")
    place = hub.hand_in("ada")
    victim = place / "swapped.txt"
    victim.write_text("harmless")
    really = os.open

    def swap_and_open(path: Any, *flags: int, **where: Any) -> int:
        if path == victim.name and not victim.is_symlink():
            victim.unlink()
            victim.symlink_to(secret)
        return really(path, *flags, **where)

    monkeypatch.setattr(os, "open", swap_and_open)
    target = hub.root / "copy"
    rules = reading.SubmissionRules(
        ignore=(), include=("*",), file_bytes=1000, folder_bytes=1000000
    )
    assert refusal(place, rules, target) == "'swapped.txt' is a link"
    assert victim.is_symlink() and not (target / victim.name).exists()


def when(hub: Hub) -> datetime:
    stamp = (hub.submitted("ada") / "timestamp.txt").read_text()
    return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)


@pytest.mark.parametrize("days", [-2, 2])
def test_a_time_that_was_made_up(hub: Hub, days: int) -> None:
    """Does the file system's time count where the name says another?"""
    place = hub.hand_in("ada", late=days * 86400)
    for path in (*place.iterdir(), place):
        os.utime(path, (0, 0))  # what a student can set
    assert collect(hub) == {}
    assert abs(when(hub) - datetime.now(UTC)) < timedelta(minutes=1)
    report = read_report(hub.course, NAME)
    assert report is not None
    assert "the file system's time counts" in report.notes[0].reason


def test_a_file_changed_after_the_submission(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does an edit in inbound make the submission as late as the edit?"""
    place = hub.hand_in("ada", late=-3600)
    fstat = os.fstat
    notebook = place / "forward_pass.ipynb"

    def earlier(descriptor: int) -> os.stat_result:
        """All but the notebook was changed an hour ago."""
        found = fstat(descriptor)
        if found.st_ino == notebook.stat().st_ino:
            return found
        return os.stat_result(found, {"st_ctime": found.st_ctime - 3600})

    monkeypatch.setattr(os, "fstat", earlier)
    collect(hub)
    assert abs(when(hub) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_collected_time_stays(hub: Hub) -> None:
    """Is nothing collected again because the exchange was moved to another disk?"""
    hub.hand_in("ada", "good", late=-60)
    collect(hub)
    stamp = hub.submitted("ada") / "timestamp.txt"
    earlier = datetime.now(UTC) - timedelta(days=3)
    # As if both had been made three days ago, and inbound copied today.
    stamp.write_text(f"{earlier:%Y-%m-%d %H:%M:%S.%f} UTC")
    (old,) = hub.inbound.iterdir()
    old.rename(old.with_name(f"ada+{NAME}+{earlier:%Y-%m-%d %H:%M:%S.%f} UTC+x"))
    before = hub.submitted("ada").stat().st_ino
    collect(hub)
    assert hub.submitted("ada").stat().st_ino == before


@pytest.mark.parametrize("secret", [b"", b"\xff\xfe", b"../../x", b"5e" * 500])
def test_a_secret_that_would_stop_the_feedback(hub: Hub, secret: bytes) -> None:
    """Is a bad secret replaced, since nbgrader stops at it for the whole class?"""
    place = hub.hand_in("ada")
    (place / "submission_secret.txt").write_bytes(secret)
    assert collect(hub) == {}
    kept = (hub.submitted("ada") / "submission_secret.txt").read_text()
    assert len(kept) == 128
    again = hub.hand_in("ada")
    (again / "submission_secret.txt").unlink()
    (again / "submission_secret.txt").mkdir()
    assert "is a folder, not a file" in collect(hub)["ada"]


def test_a_full_disk_stops_nobody(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If a copy cannot be written, is the old one kept and the rest collected?"""
    hub.hand_in("ada", "old", late=-60)
    collect(hub)
    hub.hand_in("ada", "new")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(reading._Walk, "_copy", full)
        assert collect(hub)["ada"].endswith("No space left on device")
    assert text(hub) == "old"
    assert [p.name for p in hub.submitted("ada").parent.iterdir()] == [NAME]


def test_the_last_before_the_due_date(hub: Hub) -> None:
    """Does nbgrader's --before-duedate still take the last one in time?"""
    hub.hand_in("ada", "in time", late=-60)
    hub.hand_in("ada", "late")
    due = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=30)
    with Gradebook(f"sqlite:///{hub.course / 'gradebook.db'}", "rnn") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=due)
    collect(hub, before_duedate=True)
    assert text(hub) == "in time"
    collect(hub)
    assert text(hub) == "late"
    collect(hub, before_duedate=True)
    assert text(hub) == "in time"
    until = datetime.now(UTC) + timedelta(hours=1)
    line = f"ada,{NAME},{until.isoformat()}"
    (hub.course / "extensions.csv").write_text(f"student,assignment,until\n{line}\n")
    collect(hub, before_duedate=True)  # by the own date it is in time
    assert text(hub) == "late"


@pytest.mark.skipif(not ROOT, reason="acts as two accounts: run the tests as root")
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_what_its_owner_has_locked(open_hub: Hub, mode: int) -> None:
    """Is a folder that the grader may not read refused, and no stop?"""
    hub = open_hub
    hub.accounts.names |= {4101: "sophie", 4102: "grader"}
    for path in (hub.course, *hub.course.rglob("*"), hub.exchange, hub.inbound):
        os.chown(path, 4102, 4102)
    as_user(4101, lambda: hub.hand_in("sophie").chmod(mode))
    as_user(4102, lambda: collect(hub))
    report = read_report(hub.course, NAME)
    assert report is not None
    assert [r.student for r in report.refused] == ["sophie"]
    assert "its permissions forbid it" in report.refused[0].reason


def test_modes_and_the_report(hub: Hub) -> None:
    """Is the copy an ordinary folder, and the report whole?"""
    place = hub.hand_in("ada")
    place.chmod(0o777)
    (place / "forward_pass.ipynb").chmod(0o4755)
    (place / ".ipynb_checkpoints").mkdir()
    collect(hub)
    assert hub.submitted("ada").stat().st_mode & 0o7777 == 0o755
    assert not (hub.submitted("ada") / ".ipynb_checkpoints").exists()
    notebook = hub.submitted("ada") / "forward_pass.ipynb"
    assert notebook.stat().st_mode & 0o7111 == 0
    document = json.loads((hub.course / f"build/collected/{NAME}.json").read_text())
    assert document["collected"] == ["ada"]


def test_a_course_toml_that_cannot_be_read(hub: Hub) -> None:
    """Is nothing collected, and the mistake named, rather than under other rules?"""
    hub.hand_in("ada")
    toml = hub.course / "course.toml"
    good = toml.read_text()
    toml.write_text(f"{good}\n[[[")
    with pytest.raises(ExchangeError, match=r"course\.toml"):
        hub.run("Collect")
    assert not hub.submitted("ada").exists()
    toml.write_text(good)
    hub.run("Collect")
    assert hub.submitted("ada").is_dir()
