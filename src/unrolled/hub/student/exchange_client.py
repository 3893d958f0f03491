"""The student's side of the exchange: list, fetch, hand in, and get feedback.

All of it blocks, and goes through nbgrader's own plug-ins, so it does what the
buttons of JupyterLab's assignment list do. Nothing changes the working folder of
the process: the folders are given as absolute paths.
"""

from __future__ import annotations

import errno
import filecmp
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.utils import get_username
from traitlets.config import Config

from unrolled.course import CourseDates, read_dates
from unrolled.deadlines import apply_own_dates
from unrolled.hub.notice import read_notice
from unrolled.timestamps import parse_timestamp

PLUGINS = {
    "fetch_assignment": "unrolled.hub.exchange.plugins.FetchKeepingWork",
    "submit": "unrolled.hub.exchange.plugins.SubmitOnce",
}
# The first is of our pages, the second of those that earlier versions have made.
_SCORE = re.compile(
    r'<meta name="score" content="([\d.]+) / ([\d.]+)">'
    r"|<h[14]>[^<]*(?:<span[^>]*>)?\(Score: ([\d.]+) / ([\d.]+)\)"
)
log = logging.getLogger("unrolled.hub")


@dataclass(frozen=True)
class Submission:
    """One time that the student handed in; `page` is the fetched feedback."""

    time: datetime
    feedback: bool = field(kw_only=True)
    page: Path | None = None
    score: str = ""


@dataclass(frozen=True, kw_only=True)
class AssignmentStatus:
    """What a student has of one assignment.

    `changed`: since it was handed in last. `kept`: older folders beside this one.
    """

    name: str
    folder: Path
    released: bool = False
    notebook: Path | None = None
    submissions: tuple[Submission, ...] = ()
    changed: bool = False
    kept: tuple[Path, ...] = ()


class ExchangeClient:
    """A student's work of one course, in files below `root` (absolute)."""

    def __init__(self, root: Path, course: str = "") -> None:
        self.root = root
        self._course = course

    def _make_config(self, name: str = "") -> Config:
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
        config.ExchangeSubmit.strict = True  # refuse to hand in without the notebook
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

    def read_dates(self) -> CourseDates:
        """Titles of what is released, and when it is due for this student."""
        folder = self._find_exchange()
        return apply_own_dates(read_dates(folder), folder, get_username())

    def read_notice(self) -> str:
        """What the hub tells everybody now; "" if nothing."""
        return read_notice(self._find_exchange())

    def _find_exchange(self) -> Path:
        """The course's folder in the exchange."""
        plugin = self._make_plugin("List", self._make_config())
        return Path(plugin.root, plugin.coursedir.course_id)

    def list_assignments(self) -> dict[str, AssignmentStatus]:
        """All that is released, and all that the student has handed in."""
        with explain_errors("The list of assignments could not be read"):
            config = self._make_config()
            plugin = self._make_plugin("List", config)
            course = Path(plugin.root, plugin.coursedir.course_id)
            if not Path(plugin.root).is_dir():
                message = f"The exchange folder {plugin.root} is missing. {ASK}"
                raise StudentFacingError(message)
            if not (course / "outbound").is_dir():
                return {}
            released = {a["assignment_id"] for a in plugin.start()}
            # This makes nbgrader list what was handed in, by the student's own copies.
            config.ExchangeList.cached = True
            cached = self._make_plugin("List", config).start()
            handed_in = {a["assignment_id"]: a["submissions"] for a in cached}
        statuses = {}
        for name in sorted(released | handed_in.keys()):
            status = self._read_status(plugin, name, handed_in.get(name, []))
            statuses[name] = replace(status, released=name in released)
        return statuses

    def _read_status(
        self, plugin: Any, name: str, handed_in: list[dict[str, Any]]
    ) -> AssignmentStatus:
        course = plugin.coursedir.course_id if plugin.path_includes_course else ""
        folder = Path(plugin.assignment_dir, course, name)
        notebook = _find_notebook(folder)
        zone = read_dates(Path(plugin.root, plugin.coursedir.course_id)).timezone
        older = folder.parent.glob(f"{name} (kept *)")
        ordered = sorted(
            handed_in, key=lambda s: _parse_time(str(s["timestamp"]), zone)
        )
        changed = bool(
            ordered and notebook and _is_changed(notebook, ordered[-1]["path"])
        )
        return AssignmentStatus(
            name=name,
            folder=folder,
            notebook=notebook,
            submissions=tuple(_make_submission(s, zone) for s in ordered),
            changed=changed,
            kept=tuple(sorted(p for p in older if p.is_dir())),
        )

    def fetch(self, name: str) -> Path | None:
        """Fetch the assignment; where older work was kept, or None."""
        with explain_errors(f"{name} could not be fetched; your files are unchanged"):
            plugin = self._make_plugin("FetchAssignment", self._make_config(name))
            plugin.start()
            older: Path | None = getattr(plugin, "kept", None)
            return older

    def hand_in(self, name: str) -> datetime:
        """Hand in what is saved now; when it was handed in."""
        with explain_errors(f"{name} was not handed in"):
            plugin = self._make_plugin("Submit", self._make_config(name))
            plugin.start()
            time: datetime = getattr(plugin, "time", datetime.now(UTC))
            return time

    def fetch_feedback(self, name: str) -> None:
        """Fetch the feedback that there is."""
        with explain_errors(f"The feedback for {name} could not be fetched"):
            self._make_plugin("FetchFeedback", self._make_config(name)).start()


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
    # A page that was released anew since has another score than the fetched one.
    page = there[0] if there and not values["feedback_updated"] else None
    return Submission(
        _parse_time(str(values["timestamp"]), zone),
        feedback=bool(there) or bool(values["has_exchange_feedback"]),
        page=there[0] if there else None,
        score=_read_score(page) if page else "",
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
            return " / ".join(f"{float(g):g}" for g in match.groups() if g)
    return ""


class StudentFacingError(Exception):
    """An error whose message is a sentence for the student."""


ASK = "Please tell your instructor."
_ERRNOS = {
    errno.ENOSPC: "the disk is full. Delete what you no longer need and try again.",
    errno.EDQUOT: "your disk quota is used up. Delete what you no longer need and "
    "try again.",
    errno.EACCES: f"you have no permission to read or write there. {ASK}",
    errno.EROFS: f"the disk is read-only. {ASK}",
}
# nbgrader's errors have no types of their own: a part of the message tells them apart.
_SIGNS = {
    "Assignment not found": "it does not exist, or is not released any more.",
    "missing notebooks": "its notebook is not in your folder. If you renamed or "
    "moved it, put it back under its old name, or get a fresh copy.",
    "Unwritable directory": f"the exchange folder is not writable. {ASK}",
    "Inbound directory": f"the folder to hand it in to is missing. {ASK}",
    "do not have access": f"this account is not enrolled in the course. {ASK}",
    "have write permissions": f"the exchange folder is not writable. {ASK}",
    "have read permissions": f"the exchange folder is not readable. {ASK}",
    "No space left": _ERRNOS[errno.ENOSPC],
    "Disk quota exceeded": _ERRNOS[errno.EDQUOT],
    "too big": "the folder is too large. Delete large files that are not needed.",
}


@contextmanager
def explain_errors(what: str) -> Iterator[None]:
    """Turn every error into a StudentFacingError: `what` happened, and why."""
    try:
        yield
    except StudentFacingError:
        raise
    except Exception as error:
        log.exception("%s", what)
        raise StudentFacingError(f"{what}: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    text = _format_message(error)
    for sign, why in _SIGNS.items():
        if sign in text:
            return why
    kind = type(error)
    if kind.__module__.startswith(("requests", "nbgrader.auth")):
        return f"the hub does not answer. Try again in a minute. If that fails: {ASK}"
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return _ERRNOS[error.errno]
    if isinstance(error, ExchangeError):
        return f"{text}."
    return f"{kind.__name__}: {text}. {ASK}"


def _format_message(error: Exception) -> str:
    """The message in one line; of a failed copy, that of its first file."""
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        first = error.args[0][0]
        return str(first[-1] if isinstance(first, tuple) else first)
    return " ".join(str(error).split()).rstrip(".")
