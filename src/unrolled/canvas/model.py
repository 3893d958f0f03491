"""A student, an assignment and a grade, as they are sent to Canvas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Student:
    """A student of the gradebook and the roster; "" is what neither says.

    `name` is the user name, `canvas_id` nbgrader's lms_user_id.
    """

    name: str
    canvas_id: str = ""
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    sis_id: str = ""
    login: str = ""


@dataclass(frozen=True)
class ExportedAssignment:
    """An assignment to export: its name here, its title and points in Canvas.

    `factor` takes our points to Canvas's, where those differ and --scale was said.
    """

    name: str
    title: str
    points: float
    factor: float = 1.0


@dataclass(frozen=True)
class Grade:
    """A result in points of Canvas, after the late penalty; None if not handed in."""

    points: float | None
    waits: bool = False
