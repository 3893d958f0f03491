"""Where the gradebook lies: `database` under `[grading]` in course.toml.

Nothing said, it is the SQLite file gradebook.db in the course folder. One line makes
it a database of a PostgreSQL server.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import parse_qsl, urlsplit

from unrolled.course.toml import TomlTable
from unrolled.errors import UserError

SCHEME = "postgresql"
EXAMPLE = "postgresql://grader@db.example.edu/recurrent_2027"
LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Database:
    """The gradebook's database: `url` as course.toml has it, "" for gradebook.db.

    Whoever finds it being written waits `lock_seconds` before giving up.
    """

    url: str = ""
    lock_seconds: float = LOCK_SECONDS

    @property
    def sqlalchemy_url(self) -> str:
        """The address for SQLAlchemy; UserError if the driver is not installed."""
        require_driver()
        rest = self.url.removeprefix(SCHEME)
        if "options" in dict(parse_qsl(urlsplit(self.url).query)):
            return f"{SCHEME}+psycopg{rest}"
        # nbgrader's upgrade cannot take a % in an address, so nothing is quoted.
        wait = f"options=-clock_timeout={round(1000 * self.lock_seconds)}"
        return f"{SCHEME}+psycopg{rest}{'&' if '?' in rest else '?'}{wait}"


def require_driver() -> None:
    if find_spec("psycopg") is None:
        raise UserError(
            "course.toml puts the gradebook into PostgreSQL, and its driver is not "
            "installed: pip install 'unrolled[grading,postgresql]'."
        )


def read_database(grading: TomlTable) -> Database:
    """Read `database` and `lock_seconds`; UserError names the key that is wrong."""
    seconds = grading.seconds("lock_seconds", LOCK_SECONDS, 3600)
    return Database(_read_address(grading), seconds)


def _read_address(grading: TomlTable) -> str:
    text = str(grading.get("database", str, "")).strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        named = len(parts.path.strip("/")) > 0 and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme != SCHEME or parts.fragment:
        raise grading.fail("database", f"must be like {EXAMPLE!r}")
    given = {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.password is not None or given & {"password", "sslpassword"}:
        raise grading.fail(
            "database",
            "must hold no password: put it into ~/.pgpass (one line, "
            "host:port:database:user:password, mode 600) or into PGPASSWORD",
        )
    if "%" in text:
        why = "must hold no %: name a socket's folder with ?host=/var/run/postgresql"
        raise grading.fail("database", why)
    return text
