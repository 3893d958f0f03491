"""Collect what a class has handed in, and check each entry.

nbgrader's own collect warns of a wrong owner, follows links and stops at one odd
name. Here a bad entry is refused, listed with its reason, and stops nobody.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.exchange.default import ExchangeCollect
from traitlets import Integer

from unrolled.course import load_course, read_dates
from unrolled.deadlines import read_own_deadlines
from unrolled.errors import UserError
from unrolled.files import (
    explain_os_error,
    make_scratch_folder,
    make_stamp,
    replace_folder,
)
from unrolled.gradebook.queries import Gradebook, read_due_date
from unrolled.hub.exchange import read_submission as reading
from unrolled.hub.exchange.collect_report import (
    CollectReport,
    Remark,
    read_collected_time,
)

SECRET = "submission_secret.txt"
_SECRET = re.compile(rb"[0-9a-f]{32,160}")


@dataclass(frozen=True)
class Candidate:
    """A submission that may be collected; `time` is the one that counts."""

    entry: reading.Entry
    time: datetime


class CheckedCollect(ExchangeCollect):  # type: ignore[misc]
    """Collects each student's last good submission."""

    tolerance = Integer(
        180,
        help="Seconds by which the time in a submission's name may differ from the "
        "file system's; beyond it the file system's counts.",
    ).tag(config=True)

    def init_src(self) -> None:
        """Find the inbound folder; it must be this account's own."""
        if not self.coursedir.course_id:
            self.fail("No course id specified. Re-run with --course flag.")
        self.inbound_path = Path(self.root, self.coursedir.course_id, "inbound")
        self.report = CollectReport(assignment=self.coursedir.assignment_id)
        self._zone = self._find_zone()

    def _find_zone(self) -> ZoneInfo:
        root = Path(self.coursedir.root)
        if not (root / "course.toml").exists():  # collected without our course.toml
            return read_dates(self.inbound_path.parent).timezone
        try:
            return load_course(root).timezone
        except UserError as error:
            # Nothing is collected under rules that cannot be read.
            self.fail(str(error))
            raise

    def copy_files(self) -> None:
        """Collect; then say what was refused, and keep that for the grading page."""
        with self._open_inbound() as inbound:
            for student, entries in sorted(self._list_entries(inbound).items()):
                self._collect(inbound, student, entries)
        self.report.time = datetime.now(UTC).isoformat(timespec="seconds")
        self.report.save(Path(self.coursedir.root))
        self.log.info(
            "%s: %d collected, %d refused.",
            self.coursedir.assignment_id,
            len(self.report.collected),
            len(self.report.refused),
        )

    @contextmanager
    def _open_inbound(self) -> Iterator[int]:
        try:
            inbound = os.open(self.inbound_path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            self.fail(
                f"{self.inbound_path}: {explain_os_error(error)}. Release the "
                "assignment first."
            )
        try:
            # Whoever owns the folder can exchange what is in it.
            if self.check_owner and os.fstat(inbound).st_uid not in (0, os.geteuid()):
                self.fail(f"{self.inbound_path} belongs to another account.")
            yield inbound
        finally:
            os.close(inbound)

    def _list_entries(self, inbound: int) -> dict[str, list[reading.Entry]]:
        """The entries of this assignment by student; those of odd form are refused."""
        students: dict[str, list[reading.Entry]] = {}
        # An odd name is reported with its own assignment, and with no other.
        mark = f"+{self.coursedir.assignment_id}+"
        for name in sorted(os.listdir(inbound)):
            if mark not in name:
                continue
            try:
                entry = reading.parse_entry(name, self._zone)
            except reading.SubmissionRefusedError as why:
                odd = reading.Entry(ascii(name), "", "", datetime.min)
                self._refuse(odd, str(why))
                continue
            if entry.assignment != self.coursedir.assignment_id:
                continue
            if fnmatch(entry.student, self.coursedir.student_id or "*"):
                students.setdefault(entry.student, []).append(entry)
        return students

    def _collect(
        self, inbound: int, student: str, entries: list[reading.Entry]
    ) -> None:
        """Copy the best submission of a student; the next one if that is refused."""
        course = self.coursedir
        target = Path(
            course.format_path(
                course.submitted_directory, student, course.assignment_id
            )
        )
        existing = read_collected_time(target, self._zone)
        for candidate in self._list_candidates(inbound, entries, existing):
            if target.is_dir() and not self._is_wanted(candidate, existing):
                self.log.info("Nothing newer to collect: %s", student)
                return
            try:
                self._copy(inbound, candidate.entry, target, existing)
            except reading.SubmissionRefusedError as refusal:
                self._refuse(candidate.entry, str(refusal))
                continue
            except OSError as error:
                # A full disk, say: an older submission in its place would be wrong.
                why = f"it could not be copied: {explain_os_error(error)}"
                self._refuse(candidate.entry, why)
                return
            self.report.collected.append(student)
            self.log.info("Collected: %s", student)
            return

    def _list_candidates(
        self, inbound: int, entries: list[reading.Entry], existing: datetime | None
    ) -> list[Candidate]:
        """The submissions that can be read, the best first."""
        good = []
        for entry in entries:
            try:
                info = reading.read_entry(inbound, entry.name, self._make_rules())
                self._check_owner(entry, info.uid)
            except reading.SubmissionRefusedError as why:
                self._refuse(entry, str(why))
            else:
                good.append(Candidate(entry, self._choose_time(entry, info, existing)))
        good.sort(key=lambda c: (self._is_in_time(c), c.time), reverse=True)
        return good

    def _is_in_time(self, candidate: Candidate) -> bool:
        """With `before_duedate`: what was handed in in time comes first."""
        if not self.before_duedate:
            return True
        assignment = self.coursedir.assignment_id
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            due = read_due_date(gradebook, assignment)
        root = Path(self.coursedir.root)
        if (root / "course.toml").exists():
            own = read_own_deadlines(load_course(root))
            due = own.find(candidate.entry.student, assignment, due).at
        return due is None or candidate.time <= due

    def _is_wanted(self, candidate: Candidate, existing: datetime | None) -> bool:
        # The best may be older than what was collected, which came in late.
        if self.before_duedate and candidate.time != existing:
            return True
        return bool(self.update and (existing is None or candidate.time > existing))

    def _choose_time(
        self, entry: reading.Entry, info: reading.EntryInfo, existing: datetime | None
    ) -> datetime:
        """The time that counts; one that was collected before was checked then."""
        if entry.claimed == existing:
            return entry.claimed
        tolerance = timedelta(seconds=self.tolerance)
        return reading.choose_time(entry.claimed, info.changed, tolerance)

    def _make_rules(self) -> reading.SubmissionRules:
        course = self.coursedir
        return reading.SubmissionRules(
            ignore=tuple(course.ignore),
            include=tuple(course.include),
            file_bytes=1000 * course.max_file_size,  # nbgrader's are in kB
            folder_bytes=1000 * course.max_dir_size,
        )

    def _check_owner(self, entry: reading.Entry, uid: int) -> None:
        if not self.check_owner:
            return
        try:
            owner = pwd.getpwuid(uid).pw_name
        except KeyError:
            owner = f"user number {uid}"
        if owner != entry.student:
            raise reading.SubmissionRefusedError(
                f"the folder is named after {entry.student} but belongs to {owner}"
            )

    def _copy(
        self,
        inbound: int,
        entry: reading.Entry,
        target: Path,
        existing: datetime | None,
    ) -> None:
        """Copy into a folder beside the old one, then exchange the two.

        The owner is checked again: the entry may be another one than was looked at.
        """
        with make_scratch_folder(target) as fresh:
            copy = fresh / "copy"
            info = reading.read_entry(inbound, entry.name, self._make_rules(), copy)
            self._check_owner(entry, info.uid)
            self._stamp(entry, copy, self._choose_time(entry, info, existing))
            if self.coursedir.groupshared:
                self.set_perms(copy, 0o664, 0o2775)
            self._back_up(entry, target)
            replace_folder(copy, target)

    def _back_up(self, entry: reading.Entry, folder: Path) -> None:
        """Copy a folder that was not collected: somebody put it there by hand.

        What is collected has its secret; a notebook that came by mail has none.
        """
        if not folder.is_dir() or (folder / SECRET).exists():
            return
        if not any(folder.iterdir()):
            return
        backups = Path(self.coursedir.root) / "build" / "backups"
        name = f"submitted-{make_stamp()}"
        backup = backups / name / entry.student / entry.assignment
        shutil.copytree(folder, backup, symlinks=True)
        self._note(
            entry, f"files put there by hand were replaced; a copy is in {backup}"
        )

    def _stamp(self, entry: reading.Entry, copy: Path, time: datetime) -> None:
        """Write the time that counts; mend a secret that would stop nbgrader.

        Releasing feedback reads every student's secret, and stops at a bad one.
        """
        stamp, secret = copy / "timestamp.txt", copy / SECRET
        if stamp.is_dir() or secret.is_dir():
            raise reading.SubmissionRefusedError(
                f"its {stamp.name} or {secret.name} is a folder, not a file"
            )
        stamp.write_text(f"{time:%Y-%m-%d %H:%M:%S.%f} UTC", encoding="ascii")
        if time != entry.claimed:
            self._note(
                entry,
                f"its name says {self._format(entry.claimed)}, but the file system "
                f"says {self._format(time)}; the file system's time counts",
            )
        if not secret.exists() or not _SECRET.fullmatch(secret.read_bytes()):
            secret.write_text(secrets.token_hex(64), encoding="ascii")
            self._note(
                entry,
                f"its {SECRET} was changed; the student cannot fetch the feedback",
            )

    def _format(self, time: datetime) -> str:
        """A naive time in UTC, written in the course's zone."""
        local = time.replace(tzinfo=UTC).astimezone(self._zone)
        return f"{local:%Y-%m-%d %H:%M:%S %Z}"

    def _note(self, entry: reading.Entry, reason: str) -> None:
        self.log.warning("Note: %s: %s", ascii(entry.name), reason)
        self.report.notes.append(Remark(entry.student, entry.name, reason))

    def _refuse(self, entry: reading.Entry, reason: str) -> None:
        self.log.warning("Refused: %s: %s", ascii(entry.name), reason)
        self.report.refused.append(Remark(entry.student, entry.name, reason))
