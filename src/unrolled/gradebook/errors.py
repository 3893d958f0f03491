"""What is wrong with the gradebook's database, and the way out, in two sentences."""

from __future__ import annotations

_UPGRADE = "It is of another nbgrader: `nbgrader db upgrade`, run again."
_LINE = "[grading] database in course.toml"
_SQLITE = (
    ("locked", "Another program is writing it: wait, or close formgrader; run again."),
    ("full", "Make room on the disk and run again; nothing was written."),
    ("readonly", "This account may not write it; mend that and run again."),
    ("unable to open", "This account may not write there; mend that and run again."),
    ("no such column", _UPGRADE),
    ("no such table", _UPGRADE),
    ("", "Backups: build/backups/."),
)
_POSTGRESQL = (
    ("lock timeout", "Another program is writing it: wait, or close it; run again."),
    ("password", "Put it into ~/.pgpass (mode 600) or PGPASSWORD, never course.toml."),
    ("authentication failed", f"The server knows who may come in; see {_LINE}."),
    ("No space left", "Make room on the server's disk and run again."),
    ("permission denied", "The role may not do that: make it the database's owner."),
    ('database "', f"Make it (`createdb`), or mend {_LINE}; then `unrolled build`."),
    ('role "', f"Make it (`createuser`), or mend {_LINE}."),
    ('relation "', _UPGRADE),
    ("column", _UPGRADE),
    ("connection", f"Does the server run, and is {_LINE} right?"),
    ("", f"See {_LINE}; backups: build/backups/, or the server's own."),
)


def is_gradebook_error(error: Exception) -> bool:
    """Whether an error comes from the database, and from no bug of ours."""
    module = type(error).__module__
    return module in ("sqlalchemy.exc", "sqlite3") or _is_psycopg(error)


def _is_psycopg(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] == "psycopg"


def explain_gradebook_error(error: Exception) -> str:
    """The trouble and what to do."""
    reason = str(error).split("\n")[0]
    other = _is_psycopg(error) or "psycopg" in reason
    name, known = (
        ("the gradebook in PostgreSQL", _POSTGRESQL)
        if other
        else ("gradebook.db", _SQLITE)
    )
    way_out = next(w for sign, w in known if sign in reason)
    return f"{name} cannot be used: {reason}. {way_out}"
