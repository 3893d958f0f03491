"""The plug-ins for nbgrader's exchange, which `ExchangeFactory` in its configuration
names: fetching keeps work, submitting twice counts once, releasing writes dates."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.exchange.default import (
    ExchangeFetchAssignment,
    ExchangeReleaseAssignment,
    ExchangeReleaseFeedback,
    ExchangeSubmit,
)

from unrolled.course import load_course, read_dates
from unrolled.course.dates import write_dates
from unrolled.errors import UserError
from unrolled.files import (
    explain_os_error,
    make_scratch_folder,
    replace_folder,
    swap_folder,
)
from unrolled.hub.exchange.read_submission import SubmissionRefusedError, parse_entry
from unrolled.timestamps import parse_timestamp


class FetchKeepingWork(ExchangeFetchAssignment):  # type: ignore[misc]
    """Fetching again puts a fresh copy in place and keeps the student's folder.

    `kept` is where the old folder went, or None.
    """

    kept: Path | None = None

    def init_dest(self) -> None:
        """Where the copy goes; that something is there already is no failure."""
        course = self.coursedir.course_id if self.path_includes_course else ""
        folder = Path(self.assignment_dir, course, self.coursedir.assignment_id)
        self.dest_path = str(folder.absolute())

    def copy_files(self) -> None:
        """Copy the release beside the old folder, then exchange the two."""
        target = Path(self.dest_path)
        if self.replace_missing_files and target.is_dir():
            super().copy_files()
            return
        try:
            with make_scratch_folder(target) as fresh:
                ignored = shutil.ignore_patterns(*self.coursedir.ignore)
                shutil.copytree(
                    self.src_path, fresh, ignore=ignored, dirs_exist_ok=True
                )
                self._replace(fresh, target)
        except OSError as error:
            self.fail(
                f"{self.coursedir.assignment_id} could not be fetched "
                f"({explain_os_error(error)}). Your folder has not changed."
            )
        self.log.info("Fetched as: %s", self.dest_path)

    def _replace(self, fresh: Path, target: Path) -> None:
        zone = read_dates(Path(self.root, self.coursedir.course_id)).timezone
        old = _find_free_name(target, zone)
        swap_folder(fresh, target, old)
        if os.path.lexists(old):
            self.kept = old
            self.log.info("Your work was kept as: %s", old)


def _find_free_name(folder: Path, zone: tzinfo) -> Path:
    """A name beside `folder` with date and time in `zone` that nothing has yet."""
    now = datetime.now(zone)
    stem = f"{folder.name} (kept {now:%Y-%m-%d %H.%M.%S}"
    names = (f"{stem})", *(f"{stem}, {n})" for n in range(2, 1000)))
    return next(p for n in names if not os.path.lexists(p := folder.with_name(n)))


class SubmitOnce(ExchangeSubmit):  # type: ignore[misc]
    """Handing the same work in again at once makes no second submission.

    Whoever presses a button three times has handed in once. `time` is when: that of
    the first press. After a minute the same work counts as handed in anew.
    """

    again = timedelta(minutes=1)
    time: datetime

    def copy_files(self) -> None:
        """Hand in, unless this very work was handed in a moment ago."""
        self.zone = read_dates(Path(self.root, self.coursedir.course_id)).timezone
        now = parse_timestamp(self.timestamp, self.zone).replace(tzinfo=UTC)
        for time, copy in self._find_last_submission():
            recent = timedelta(0) <= now - time < self.again
            if recent and self._same(Path(self.src_path), copy):
                self.time = time
                self.log.info(
                    "This very work was handed in a moment ago: %s", copy.name
                )
                return
        super().copy_files()
        self.time = now

    def _find_last_submission(self) -> Iterator[tuple[datetime, Path]]:
        """Time and copy of the last submission of this assignment, if there is one."""
        student, assignment, *_ = self.assignment_filename.split("+")
        entries = []
        cache = Path(self.cache_path)
        for path in cache.iterdir() if cache.is_dir() else ():
            with suppress(SubmissionRefusedError):
                entry = parse_entry(path.name, self.zone)
                if (entry.student, entry.assignment) == (student, assignment):
                    entries.append((entry.claimed.replace(tzinfo=UTC), path))
        yield from sorted(entries)[-1:]

    def _same(self, folder: Path, copy: Path) -> bool:
        """Whether a folder holds, file by file, what the copy of a submission holds."""
        # nbgrader's own two files differ each time.
        records = {Path("timestamp.txt"), Path("submission_secret.txt")}
        mine = set(self._files(folder)) - records
        return mine == set(self._files(copy)) - records and all(
            filecmp.cmp(folder / name, copy / name, shallow=False) for name in mine
        )

    def _files(self, folder: Path) -> Iterator[Path]:
        for path in folder.rglob("*"):
            name = path.relative_to(folder)
            ignored = any(
                fnmatch(part, pattern)
                for part in name.parts
                for pattern in self.coursedir.ignore
            )
            if path.is_file() and not ignored:
                yield name


class ReleaseWithDates(ExchangeReleaseAssignment):  # type: ignore[misc]
    """Releasing again replaces the copy; titles and dates go to where students look."""

    def ensure_root(self) -> None:
        """As nbgrader has it, but nobody removes what others own (sticky bit)."""
        super().ensure_root()
        _set_sticky(Path(self.root))

    def init_src(self) -> None:
        """Read course.toml first: nothing is released without a title and a date."""
        super().init_src()
        try:
            self.course = load_course(Path(self.coursedir.root))
        except UserError as error:
            self.fail(str(error))
        if self.coursedir.assignment_id not in self.course.assignments:
            self.fail(
                f"{self.course.root / 'course.toml'} has no assignment "
                f"{self.coursedir.assignment_id}."
            )

    def init_dest(self) -> None:
        """As nbgrader has it; handed-in folders can be removed by their owners only."""
        super().init_dest()
        _set_sticky(Path(self.inbound_path))

    def copy_files(self) -> None:
        """Copy beside the released folder, exchange the two, write the dates."""
        target = Path(self.dest_path)
        shared = self.coursedir.groupshared
        try:
            with make_scratch_folder(target) as fresh:
                copy = fresh / target.name
                self.do_copy(self.src_path, copy)
                modes = (0o664, 0o2775) if shared else (0o644, 0o755)
                self.set_perms(copy, *modes)
                replace_folder(copy, target)
            released = [p.name for p in target.parent.iterdir() if p.is_dir()]
            write_dates(self.course, Path(self.course_path), released)
        except OSError as error:
            self.fail(f"{self.dest_path} was not released: {explain_os_error(error)}")
        self.log.info("Released as: %s", self.dest_path)


class ReleaseEachFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """Releases what can be released; one student's bad folder stops nobody."""

    src_path: str

    def copy_files(self) -> None:
        """Release student by student, and say who was left out, and why."""
        pattern = Path(self.src_path)
        folders = sorted(
            pattern.parents[1].glob(f"{pattern.parent.name}/{pattern.name}")
        )
        released = 0
        for folder in folders:
            # nbgrader's own stops at the first bad folder; it gets them one by one.
            self.src_path = str(folder)
            try:
                super().copy_files()
                released += 1
            except OSError as error:
                why = explain_os_error(error)
                self.log.warning("Not released: %s: %s", folder.parent.name, why)
            except (ValueError, AssertionError) as error:
                self.log.warning("Not released: %s: %s", folder.parent.name, error)
        self.log.info("Feedback released: %d of %d.", released, len(folders))


def _set_sticky(folder: Path) -> None:
    """Let only owners remove what lies in a folder of ours."""
    info = folder.stat()
    if info.st_uid == os.geteuid():
        folder.chmod(stat.S_IMODE(info.st_mode) | stat.S_ISVTX)
