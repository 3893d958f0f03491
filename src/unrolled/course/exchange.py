"""The course in the exchange, and telling students what course.toml says of it."""

from __future__ import annotations

import os
from pathlib import Path

from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from traitlets.config import Application

from unrolled.course.dates import DATES_FILE, format_dates, write_dates
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.files import explain_os_error


def find_exchange_folder(course: Course) -> Path:
    """The course's folder in the exchange, as nbgrader's configuration has it.

    A hub says where its exchange is in the environment of those who grade; elsewhere
    nbgrader's own configuration files are read, the course's last.
    """
    given = os.environ.get("UNROLLED_EXCHANGE")
    if given:
        return Path(given) / course.id
    app = NbGrader()
    app.load_cwd_config = False
    app.load_config_file()
    Application.load_config_file(app, app.config_file_name, str(course.root))
    lister = ExchangeFactory(config=app.config).List(
        coursedir=CourseDirectory(config=app.config), config=app.config
    )
    return Path(lister.root, course.id)


def publish_dates(course: Course, folder: Path) -> bool:
    """Write titles and due dates to where students look; whether they had changed.

    `folder` is the course's folder in the exchange. Nothing is written where nothing
    has been released. Raises UserError if this account may not write there.
    """
    outbound = folder / "outbound"
    try:
        if not outbound.is_dir():
            return False
        released = [p.name for p in outbound.iterdir() if p.is_dir()]
        file = folder / DATES_FILE
        there = file.read_text(encoding="utf-8") if file.exists() else ""
        if not released or there == format_dates(course, released):
            return False
        write_dates(course, folder, released)
    except OSError as error:
        raise UserError(
            f"{folder / DATES_FILE}: {explain_os_error(error)}; students still see the "
            "dates of before. Run this as the account that releases assignments."
        ) from error
    return True
