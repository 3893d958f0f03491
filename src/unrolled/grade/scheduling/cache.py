"""Results of earlier runs: an unchanged submission is never run twice."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

from unrolled.course import Course
from unrolled.files import write_file
from unrolled.grade.scheduling.job import JobResult


class ResultCache:
    """The last result of each submission of an assignment, by what it hangs on.

    They lie in build/results/ and may be deleted at any time.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self.folder = course.build / "results" / assignment

    def find(self, student: str, key: str) -> JobResult | None:
        """The stored result, if it belongs to this key."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            text = self._make_path(student).read_text(encoding="utf-8")
            document = json.loads(text)
            if document["key"] == key:
                return JobResult(**document["graded"])
        return None

    def keep(self, key: str, graded: JobResult) -> None:
        """Keep a result in the place of the last one; a full disk is no obstacle."""
        path = self._make_path(graded.student)
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            document = {"key": key, "graded": asdict(graded)}
            write_file(path, json.dumps(document))

    def _make_path(self, student: str) -> Path:
        return self.folder / f"{student}.json"
