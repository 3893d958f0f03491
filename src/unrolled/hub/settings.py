"""What course.toml says of the hub: its `[hub]` table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.toml_table import Table

ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
SIGN_IN = ("password", "pam", "lti")
DEMO_STUDENTS = ("ada", "emmy", "sophie")


@dataclass(frozen=True)
class HubSettings:
    """The hub of a course; names of people are accounts of the operating system.

    `students` are added to those of the gradebook; if both are empty, three demo
    students are made. `folder` is where all of the hub lies ("" is /srv/unrolled/
    and the course's id). `port` is that of the hub's address; the next six are used
    as well, all on loopback.
    """

    port: int = 8000
    sign_in: str = "password"
    instructors: tuple[str, ...] = ("instructor",)
    assistants: tuple[str, ...] = ("ta",)
    students: tuple[str, ...] = ()
    folder: str = ""


def read_hub(table: Table) -> HubSettings:
    """Read the table; UserError names a key that is wrong."""
    usual = HubSettings()
    table.only("port", "sign_in", "instructors", "assistants", "students", "folder")
    sign_in = str(table.get("sign_in", str, usual.sign_in))
    if sign_in not in SIGN_IN:
        raise table.fail("sign_in", f"{sign_in!r} is none of {', '.join(SIGN_IN)}")
    port = table.whole("port", usual.port, 65529)
    if port < 1024:
        raise table.fail("port", f"{port} is below 1024; a web server stands in front")
    folder = str(table.get("folder", str, usual.folder))
    if folder and not Path(folder).is_absolute():
        raise table.fail("folder", f"{folder!r} must begin with /")
    return HubSettings(
        port,
        sign_in,
        _accounts(table, "instructors", usual.instructors),
        _accounts(table, "assistants", usual.assistants),
        _accounts(table, "students", usual.students),
        folder,
    )


def _accounts(table: Table, key: str, usual: Sequence[str]) -> tuple[str, ...]:
    names = table.get(key, list, list(usual))
    for name in names:
        if not isinstance(name, str) or not is_account(name):
            raise table.fail(key, f"{name!r} cannot be an account: {RULE}")
    return tuple(dict.fromkeys(names))


RULE = "small letters, digits, - and _, at most 32, a letter or _ first"


def is_account(name: str) -> bool:
    """Whether a name can be an account of the operating system."""
    return ACCOUNT.fullmatch(name) is not None and name != "root"
