"""What each regrade has changed, written down before it is changed.

A folder for each, numbered, in build/regrades/ASSIGNMENT/: regrade.json (who, when,
why, by which rules), changes.jsonl (a line a student: grades and comments before and
after) and the notebooks that gave way. A regrade that was killed is not finished in it:
the same one, asked for again, goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unrolled.assignment.decisions import get_regrades_folder
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import make_scratch_folder, write_file
from unrolled.gradebook.tables import GradeRow
from unrolled.regrade.model import Rules

Grades = Mapping[str, GradeRow]


@dataclass(frozen=True, kw_only=True)
class RegradeRecord:
    """One regrade; times are in UTC, "" where it is not finished, or not undone."""

    number: int
    assignment: str
    who: str
    why: str
    began: str
    rules: Rules
    finished: str = ""
    undone: str = ""
    undone_by: str = ""


@dataclass(frozen=True, kw_only=True)
class LoggedChange:
    """One student's grades and automatic comments, before and after."""

    student: str
    before: Grades
    after: Grades
    comments: Mapping[str, str | None]


class RegradeLog:
    """The folder of one regrade."""

    def __init__(self, folder: Path, record: RegradeRecord) -> None:
        self.folder = folder
        self.record = record

    def note(self, change: LoggedChange) -> None:
        """Write down what gives way: on the disk before anything is changed."""
        with (self.folder / "changes.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(change)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def keep_notebooks(self, student: str, graded: Path) -> None:
        """Copy a student's folder of autograded/: once, as a second run would find
        what the first has put there."""
        copy = self.get_notebooks(student)
        if graded.is_dir() and not copy.exists():
            with make_scratch_folder(copy) as scratch:
                whole = scratch / "whole"
                shutil.copytree(graded, whole)
                whole.rename(copy)

    def get_notebooks(self, student: str) -> Path:
        """The copy of a student's folder in autograded/, as it was before."""
        return self.folder / "autograded" / student

    def read_changes(self) -> tuple[LoggedChange, ...]:
        """All changes. A student's last line counts: the others came to nothing."""
        return tuple({c.student: c for c in self._read_lines()}.values())

    def _read_lines(self) -> Iterator[LoggedChange]:
        path = self.folder / "changes.jsonl"
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):  # cut by a kill:
                yield _read_change(json.loads(line))  # what it says was not done yet

    def finish(self) -> None:
        """All of it is in the gradebook."""
        self._put(replace(self.record, finished=_tell_time()))

    def mark_undone(self, who: str) -> None:
        """The grades are those of before."""
        self._put(replace(self.record, undone=_tell_time(), undone_by=who))

    def _put(self, record: RegradeRecord) -> None:
        write_file(self.folder / "regrade.json", json.dumps(asdict(record)), sync=True)
        self.record = record


def open_log(
    course: Course, assignment: str, rules: Rules, *, who: str, why: str
) -> RegradeLog:
    """A new regrade; or the one with these rules that was stopped in the middle.

    Raises UserError if one with other rules was stopped.
    """
    logs = list_logs(course, assignment)
    for log in logs:
        record = log.record
        if record.finished or record.undone:
            continue
        if record.rules == rules:
            return log
        raise UserError(
            f"regrade {record.number} of {assignment} was stopped in the middle: run "
            f"it again with its options ({describe_rules(record.rules)}), or undo it "
            f"(`unrolled regrade {assignment} --undo {record.number}`)."
        )
    record = RegradeRecord(
        number=max((log.record.number for log in logs), default=0) + 1,
        assignment=assignment,
        who=who,
        why=why,
        began=_tell_time(),
        rules=rules,
    )
    folder = get_regrades_folder(course, assignment) / str(record.number)
    folder.mkdir(parents=True)
    log = RegradeLog(folder, record)
    log._put(record)
    return log


def list_logs(course: Course, assignment: str) -> list[RegradeLog]:
    """All regrades of an assignment, the first one first."""
    folders = get_regrades_folder(course, assignment).glob("*/regrade.json")
    logs = [RegradeLog(path.parent, _read_record(path)) for path in folders]
    return sorted(logs, key=lambda log: log.record.number)


def find_log(course: Course, assignment: str, number: int) -> RegradeLog:
    """The regrade with a number; UserError says which there are."""
    logs = {log.record.number: log for log in list_logs(course, assignment)}
    if number not in logs:
        known = ", ".join(map(str, logs)) or "none so far"
        raise UserError(f"{assignment} has no regrade {number}; there is {known}.")
    return logs[number]


def describe_rules(rules: Rules) -> str:
    """The options that a regrade was asked for with."""
    words = [f"--only {name}" for name in rules.only]
    words += [f"--give {name}" for name in rules.give]
    words += ["--never-lower"] if rules.never_lower else []
    return " ".join(words) or "no --only, --give or --never-lower"


def _read_record(path: Path) -> RegradeRecord:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rules = document.pop("rules")
        only, give = tuple(rules.pop("only")), tuple(rules.pop("give"))
        return RegradeRecord(**document, rules=Rules(only=only, give=give, **rules))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: no record of a regrade ({error}).") from error


def _read_change(document: dict[str, Any]) -> LoggedChange:
    before, after = (
        {name: GradeRow(**grade) for name, grade in document[key].items()}
        for key in ("before", "after")
    )
    return LoggedChange(
        student=document["student"],
        before=before,
        after=after,
        comments=document["comments"],
    )


def _tell_time() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
