"""The course as the grading service sees it: numbers, jobs, who is told what."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from unrolled.course import load_course
from unrolled.course.exchange import find_exchange_folder, publish_dates
from unrolled.deadlines import publish_own_dates
from unrolled.errors import UserError
from unrolled.hub.exchange.collect_report import Remark, read_report
from unrolled.hub.grading.jobs import Job, Jobs
from unrolled.hub.grading.progress import ClassProgress, count_progress
from unrolled.hub.grading.warm import WarmJudges
from unrolled.timestamps import format_moment

FRESH_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class GradingRow:
    """One assignment on the page."""

    name: str
    title: str
    due: str
    standing: ClassProgress
    job: Job | None
    ended: str
    refused: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    ungraded: tuple[dict[str, str], ...]

    @property
    def to_grade(self) -> int:
        """Submissions that a run may still grade: not those it could not."""
        return max(0, self.standing.to_grade - len(self.ungraded))

    @property
    def next(self) -> str:
        """The step that makes sense now."""
        standing = self.standing
        steps = {
            "collect": standing.fresh > 0,
            "grade": self.to_grade > 0,
            "mark": standing.waiting > 0,
            "feedback": standing.pages < standing.graded,
            "release": standing.out < standing.pages,
        }
        return next((step for step, is_due in steps.items() if is_due), "")

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return asdict(self) | {"next": self.next, "to_grade": self.to_grade}


class GradingState:
    """The course, its jobs, and what was last counted (kept for two seconds)."""

    def __init__(self, root: Path) -> None:
        self.course = load_course(root)
        self.exchange = find_exchange_folder(self.course)
        self.jobs = Jobs(root)
        self.warm = WarmJudges(root)
        self.messages: dict[str, str] = {}  # to the person who pressed a button
        self.said: dict[str, str] = {}  # what somebody's last change has done
        self.changing = asyncio.Lock()  # one change of deadlines after the other
        self._counted: dict[str, ClassProgress] = {}
        self._error = ""
        self._when = 0.0
        self._lock = asyncio.Lock()

    async def read_rows(self) -> tuple[list[GradingRow], str]:
        """All assignments, and what is wrong with the course; "" if nothing is."""
        async with self._lock:  # many who look at once make one count
            if time.monotonic() - self._when > FRESH_SECONDS:
                await self._count()
        names = self.course.assignments
        return [await asyncio.to_thread(self._make_row, n) for n in names], self._error

    async def _count(self) -> None:
        self._error = ""
        try:
            self._counted = await asyncio.to_thread(self._read_progress)
        except UserError as error:
            self._error = str(error)
        except OSError as error:
            self._error = f"The course cannot be read: {error}"
        self._when = time.monotonic()

    def _read_progress(self) -> dict[str, ClassProgress]:
        self.course = load_course(self.course.root)
        progress = count_progress(self.course, self.exchange)
        with suppress(UserError):  # the page shows what there is
            publish_dates(self.course, self.exchange)
            publish_own_dates(self.course, self.exchange)
        return progress

    def _make_row(self, name: str) -> GradingRow:
        assignment = self.course.assignments[name]
        report = read_report(self.course.root, name)
        graded = self.jobs.last(name, "grade")
        due, zone = assignment.due, self.course.timezone
        job = self.jobs.latest(name)
        ended = datetime.fromisoformat(job.ended) if job and job.ended else None
        return GradingRow(
            name=name,
            title=assignment.title,
            due=format_moment(due, zone) if due else "",
            standing=self._counted.get(name, ClassProgress()),
            job=job,
            ended=format_moment(ended, zone) if ended else "",
            refused=tuple(report.refused) if report else (),
            notes=tuple(report.notes) if report else (),
            ungraded=tuple(graded.ungraded) if graded else (),
        )
