"""A gradebook as plain rows, comparable between two databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from unrolled.course import Course

Row = tuple[Any, ...]


def dump(course: Course) -> dict[str, list[Row]]:
    """Every table with every column, sorted; random ids are replaced by names."""
    with closing(sqlite3.connect(course.gradebook)) as db:
        names = _names(db)
        tables = db.execute("select name from sqlite_master where type = 'table'")
        return {
            table: sorted(
                (tuple(names.get(v, v) for v in row) for row in _rows(db, table)),
                key=repr,
            )
            for (table,) in tables.fetchall()
        }


def _rows(db: sqlite3.Connection, table: str) -> list[Row]:
    return db.execute(f"select * from {table}").fetchall()


def _names(db: sqlite3.Connection) -> dict[str, str]:
    """What stands for each random id: the names that lead to its row."""
    found: dict[str, str] = {}
    queries = (
        ("assignment", "select id, name from assignment"),
        ("notebook", "select id, assignment_id || '/' || name from notebook"),
        ("cell", "select id, notebook_id || '/' || name from base_cell"),
        ("source", "select id, notebook_id || '/' || name from source_cell"),
        (
            "submission",
            "select id, assignment_id || '/' || student_id from submitted_assignment",
        ),
        (
            "part",
            "select id, assignment_id || '/' || notebook_id from submitted_notebook",
        ),
        ("grade", "select id, notebook_id || '/' || cell_id from grade"),
        ("comment", "select id, notebook_id || '/' || cell_id from comment"),
    )
    for kind, query in queries:
        for row_id, path in db.execute(query):
            parts = (found.get(part, part) for part in path.split("/"))
            found[row_id] = f"{kind}:" + "/".join(parts)
    return found
