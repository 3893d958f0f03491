"""A gradebook as plain rows, comparable between two databases of any kind."""

from __future__ import annotations

from typing import Any

from nbgrader.api import Base
from sqlalchemy import Connection, create_engine, inspect, select, text

from unrolled.course.model import Course

Row = tuple[Any, ...]


def dump(course: Course) -> dict[str, list[Row]]:
    """Every table with every column, sorted; random ids are replaced by names."""
    engine = create_engine(course.db_url)
    try:
        with engine.connect() as db:
            names = _names(db)
            return {
                table: sorted(
                    (tuple(names.get(v, v) for v in row) for row in _rows(db, table)),
                    key=repr,
                )
                for table in sorted(inspect(db).get_table_names())
            }
    finally:
        engine.dispose()


def _rows(db: Connection, table: str) -> list[Row]:
    """All rows; what the database has beyond nbgrader's columns is an error."""
    known = Base.metadata.tables.get(table)
    there = [c["name"] for c in inspect(db).get_columns(table)]
    if known is None:
        return [tuple(row) for row in db.execute(text(f"select * from {table}"))]
    assert sorted(known.columns.keys()) == sorted(there)
    return [tuple(row) for row in db.execute(select(known))]


def _names(db: Connection) -> dict[str, str]:
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
        for row_id, path in db.execute(text(query)):
            parts = (found.get(part, part) for part in path.split("/"))
            found[row_id] = f"{kind}:" + "/".join(parts)
    return found
