"""The list of assignments in JupyterLab, with times on the class's clock.

A Jupyter server extension in the place of `nbgrader.server_extensions.assignment_list`,
which shows the time stamps of the exchange as they are: in UTC. All else is nbgrader's.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.server_extensions import assignment_list
from nbgrader.server_extensions.assignment_list.handlers import AssignmentList

from unrolled.hub.student.exchange_client import ExchangeClient
from unrolled.timestamps import format_moment, parse_timestamp


class ZonedAssignmentList(AssignmentList):  # type: ignore[misc]
    """nbgrader's list, whose times are those of the course page."""

    def list_submitted_assignments(self, course_id: str | None = None) -> Any:
        """What was handed in, as nbgrader's page asks for it, in order of time.

        `timestamp` is only shown; paths are in fields of their own and stay.
        """
        answer = super().list_submitted_assignments(course_id=course_id)
        if answer["success"]:
            client = ExchangeClient(Path(self.root_dir), course_id or "")
            zone = client.read_dates().timezone
            for assignment in answer["value"]:
                for submission in assignment["submissions"]:
                    stamp = str(submission["timestamp"])
                    submission["timestamp"] = _format_stamp(stamp, zone)
        return answer


def _format_stamp(stamp: str, zone: tzinfo) -> str:
    """A time stamp of the exchange in words; as it is, if it is no time."""
    try:
        moment = parse_timestamp(stamp, zone)
    except ValueError:
        return stamp
    return format_moment(moment.replace(tzinfo=UTC), zone)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "unrolled.hub.student.assignment_list"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the list to a running Jupyter server: nbgrader's addresses, our rows."""
    assignment_list.load_jupyter_server_extension(server)
    ours = ZonedAssignmentList(parent=server)
    ours.root_dir = server.root_dir
    server.web_app.settings["assignment_list_manager"] = ours
