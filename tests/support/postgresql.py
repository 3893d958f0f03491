"""A PostgreSQL server of the tests' own: in a folder that goes away, on a socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

ACCOUNT = "postgres"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps them off PATH."""
    found = [Path(p).parent for p in [shutil.which("initdb")] if p]
    found += sorted(p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1] if found else None


needs_postgresql = pytest.mark.skipif(
    programs() is None or find_spec("psycopg") is None,
    reason="needs PostgreSQL's server (Debian: apt-get install postgresql) and psycopg",
)


@dataclass(frozen=True)
class Server:
    """A running server; `folder` has its socket."""

    folder: Path

    def url(self, name: str) -> str:
        """The address of a database, for course.toml."""
        return f"postgresql://{ACCOUNT}@/{name}?host={self.folder}"

    def create(self, name: str) -> str:
        """Make an empty database; its address."""
        self.sql(f'create database "{name}"')
        return self.url(name)

    def sql(self, text: str, name: str = "postgres") -> None:
        """Run a statement."""
        address = name if "://" in name else self.url(name)
        _run(["psql", "--quiet", "--command", text, address])


def _run(words: list[str]) -> None:
    folder = programs()
    assert folder is not None
    other = ["runuser", "-u", ACCOUNT, "--"] if os.getuid() == 0 else []
    subprocess.run(
        [*other, str(folder / words[0]), *words[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        cwd="/",
        timeout=600,
    )


@contextmanager
def server() -> Iterator[Server]:
    """Start a server, and stop it."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as made:
        folder = Path(made)
        if os.getuid() == 0:
            shutil.chown(folder, ACCOUNT)
        data, log = str(folder / "data"), str(folder / "log")
        _run(["initdb", "-D", data, "-U", ACCOUNT, "-A", "trust", "-E", "UTF8"])
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        _run(["pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start"])
        try:
            yield Server(folder)
        finally:
            _run(["pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
