"""The student's side of the exchange: what there is, and fetch, hand in, feedback.

All of it blocks, and goes through nbgrader's own plug-ins, so it does what the
buttons of JupyterLab's assignment list do. Nothing changes the working folder of
the process: the folders are given as absolute paths.
"""

from __future__ import annotations

import filecmp
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from traitlets.config import Config

from unrolled.course.dates import CourseDates, read_dates
from unrolled.hub.notice import read_notice
from unrolled.hub.student.errors import StudentFacingError, explain_errors
from unrolled.timestamps import parse_timestamp

PLUGINS = {
    "fetch_assignment": "unrolled.hub.exchange.plugins.FetchKeepingWork",
    "submit": "unrolled.hub.exchange.plugins.SubmitOnce",
}
_SCORE = re.compile(r"<h[14]>[^<]*(?:<span[^>]*>)?\(Score: ([\d.]+) / ([\d.]+)\)")


@dataclass(frozen=True)
class Submission:
    """One time that the student handed in; `page` is the fetched feedback."""

    time: datetime
    feedback: bool
    page: Path | None
    score: str = ""


@dataclass(frozen=True)
class AssignmentStatus:
    """What there is of one assignment; `changed` since it was handed in last."""

    name: str
    released: bool
    folder: Path
    notebook: Path | None = None
    submissions: tuple[Submission, ...] = ()
    changed: bool = False
    kept: tuple[Path, ...] = ()


class ExchangeClient:
    """A student's work of one course, in files below `root` (absolute)."""

    def __init__(self, root: Path, course: str = "") -> None:
        self.root = root
        self._course = course

    def config(self, name: str = "") -> Config:
        """nbgrader's configuration, as JupyterLab's assignment list reads it."""
        app = NbGrader()
        app.load_config_file()
        config = app.config
        if self._course:
            config.CourseDirectory.course_id = self._course
        config.CourseDirectory.assignment_id = name
        if "assignment_dir" not in config.Exchange:
            config.Exchange.assignment_dir = "."
        folder = self.root / str(config.Exchange.assignment_dir)
        config.Exchange.assignment_dir = os.path.normpath(folder)
        config.ExchangeSubmit.strict = True
        for verb, plugin in PLUGINS.items():
            if verb not in config.ExchangeFactory:
                config.ExchangeFactory[verb] = plugin
        return config

    def _make_plugin(self, verb: str, config: Config) -> Any:
        return getattr(ExchangeFactory(config=config), verb)(
            coursedir=CourseDirectory(config=config),
            authenticator=Authenticator(config=config),
            config=config,
        )

    def dates(self) -> CourseDates:
        """Titles and due dates of what is released."""
        return read_dates(self._place())

    def read_notice(self) -> str:
        """What the hub tells everybody now; "" if nothing."""
        return read_notice(self._place())

    def _place(self) -> Path:
        plugin = self._make_plugin("List", self.config())
        return Path(plugin.root, plugin.coursedir.course_id)

    def list_assignments(self) -> dict[str, AssignmentStatus]:
        """All that is released, and all that the student has handed in."""
        with explain_errors("The list of assignments could not be read"):
            config = self.config()
            plugin = self._make_plugin("List", config)
            course = Path(plugin.root, plugin.coursedir.course_id)
            if not Path(plugin.root).is_dir():
                raise StudentFacingError(
                    f"The exchange {plugin.root} is missing. {ASK}"
                )
            if not (course / "outbound").is_dir():
                return {}
            released = {a["assignment_id"] for a in plugin.start()}
            config.ExchangeList.cached = True
            found = self._make_plugin("List", config).start()
            handed_in = {a["assignment_id"]: a["submissions"] for a in found}
        return {
            name: self._read_status(
                plugin, name, name in released, handed_in.get(name, [])
            )
            for name in sorted(released | handed_in.keys())
        }

    def _read_status(
        self, plugin: Any, name: str, released: bool, handed_in: list[dict[str, Any]]
    ) -> AssignmentStatus:
        course = plugin.coursedir.course_id if plugin.path_includes_course else ""
        folder = Path(plugin.assignment_dir, course, name)
        notebook = _find_notebook(folder)
        kept = sorted(p for p in folder.parent.glob(f"{name} (kept *)") if p.is_dir())
        place = Path(plugin.root, plugin.coursedir.course_id)
        zone = read_dates(place).timezone
        ordered = sorted(
            handed_in, key=lambda s: _parse_time(str(s["timestamp"]), zone)
        )
        changed = bool(
            ordered and notebook and _is_changed(notebook, ordered[-1]["path"])
        )
        submissions = tuple(_make_submission(s, zone) for s in ordered)
        return AssignmentStatus(
            name, released, folder, notebook, submissions, changed, tuple(kept)
        )

    def fetch(self, name: str) -> Path | None:
        """Fetch the assignment; where older work was kept, or None."""
        with explain_errors(
            f"{name} could not be fetched; your files are as they were"
        ):
            plugin = self._make_plugin("FetchAssignment", self.config(name))
            plugin.start()
            kept: Path | None = getattr(plugin, "kept", None)
            return kept

    def hand_in(self, name: str) -> datetime:
        """Hand in what is saved now; when it was handed in."""
        with explain_errors(f"{name} was not handed in"):
            plugin = self._make_plugin("Submit", self.config(name))
            plugin.start()
            time: datetime = getattr(plugin, "time", datetime.now(UTC))
            return time

    def feedback(self, name: str) -> None:
        """Fetch the feedback that there is."""
        with explain_errors(f"The feedback for {name} could not be fetched"):
            self._make_plugin("FetchFeedback", self.config(name)).start()


ASK = "Please tell your instructor."


def _find_notebook(folder: Path) -> Path | None:
    """The assignment's notebook: 02_topic/topic.ipynb, or else the first."""
    notebooks = sorted(folder.glob("*.ipynb"))
    topic = folder.name.split("_", 1)[-1]
    return next((n for n in notebooks if n.stem == topic), next(iter(notebooks), None))


def _is_changed(notebook: Path, handed_in: str) -> bool:
    copy = Path(handed_in, notebook.name)
    with suppress(OSError):
        return not filecmp.cmp(notebook, copy, shallow=False)
    return True


def _make_submission(values: Mapping[str, Any], zone: tzinfo) -> Submission:
    pages = [n["local_feedback_path"] for n in values["notebooks"]]
    there = [Path(p) for p in pages if p and Path(p).is_file()]
    page = there[0] if there and not values["feedback_updated"] else None
    return Submission(
        _parse_time(str(values["timestamp"]), zone),
        bool(there) or bool(values["has_exchange_feedback"]),
        there[0] if there else None,
        _read_score(page) if page else "",
    )


def _parse_time(stamp: str, zone: tzinfo) -> datetime:
    try:
        return parse_timestamp(stamp, zone).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _read_score(page: Path) -> str:
    """The score that a feedback page tells, such as "87.5 / 100"."""
    with suppress(OSError):
        match = _SCORE.search(page.read_text(encoding="utf-8", errors="replace"))
        if match:
            return " / ".join(f"{float(g):g}" for g in match.groups())
    return ""
