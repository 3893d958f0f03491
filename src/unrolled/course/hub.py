"""What course.toml says of the hub: its `[hub]` table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.course.toml import TomlTable

ACCOUNT_PATTERN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
SIGN_IN_KINDS = ("password", "pam", "lti")
MIN_MEMORY_MB = 600  # MB; a notebook with PyTorch and Keras takes about 430
DEMO_STUDENTS = ("ada", "emmy", "sophie")


@dataclass(frozen=True, kw_only=True)
class HubSettings:
    """The hub of a course; names of people are accounts of the operating system.

    `students` are added to those of the gradebook; if both are empty, three demo
    students are made. `folder` is where all of the hub lies ("" is /srv/unrolled/
    and the course's id). `port` is that of the hub's address; the next six are used
    as well, all on loopback. A server, or a kernel, that nobody has used for
    `idle_minutes` is ended (0: never). Each process of a student has `memory_mb` MB of
    memory for data (0: no limit). When the hub stops, those who work have
    `stop_seconds` to save.
    """

    port: int = 8000
    sign_in: str = "password"
    instructors: tuple[str, ...] = ("instructor",)
    assistants: tuple[str, ...] = ("ta",)
    students: tuple[str, ...] = ()
    folder: str = ""
    idle_minutes: int = 60
    memory_mb: int = 2048
    stop_seconds: int = 40


def read_hub_settings(table: TomlTable) -> HubSettings:
    """Read the table; UserError names a key that is wrong."""
    usual = HubSettings()
    table.only(*HubSettings.__dataclass_fields__)
    sign_in = str(table.get("sign_in", str, usual.sign_in))
    if sign_in not in SIGN_IN_KINDS:
        raise table.fail(
            "sign_in", f"{sign_in!r} is none of {', '.join(SIGN_IN_KINDS)}"
        )
    port = table.whole("port", usual.port, 65529)
    if port < 1024:
        raise table.fail("port", f"{port} is below 1024; a web server stands in front")
    folder = str(table.get("folder", str, usual.folder))
    if folder and not Path(folder).is_absolute():
        raise table.fail("folder", f"{folder!r} must begin with /")
    memory = table.whole("memory_mb", usual.memory_mb, 1 << 24)
    if 0 < memory < MIN_MEMORY_MB:  # too little starts no notebook
        raise table.fail("memory_mb", f"{memory} is too little: {MIN_MEMORY_MB}, or 0")
    return HubSettings(
        port=port,
        sign_in=sign_in,
        instructors=_read_accounts(table, "instructors", usual.instructors),
        assistants=_read_accounts(table, "assistants", usual.assistants),
        students=_read_accounts(table, "students", usual.students),
        folder=folder,
        idle_minutes=table.whole("idle_minutes", usual.idle_minutes, 100_000),
        memory_mb=memory,
        stop_seconds=table.whole("stop_seconds", usual.stop_seconds, 3600),
    )


def _read_accounts(table: TomlTable, key: str, usual: Sequence[str]) -> tuple[str, ...]:
    names = table.get(key, list, list(usual))
    for name in names:
        if not isinstance(name, str) or not is_account_name(name):
            raise table.fail(key, f"{name!r} cannot be an account: {ACCOUNT_RULE}")
    return tuple(dict.fromkeys(names))


ACCOUNT_RULE = "small letters, digits, - and _, at most 32, a letter or _ first"


def is_account_name(name: str) -> bool:
    """Whether a name can be an account of the operating system."""
    return ACCOUNT_PATTERN.fullmatch(name) is not None and name != "root"
