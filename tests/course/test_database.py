"""`database` in course.toml: what is taken, what is refused, and no password ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from unrolled.course.database import Database, read_database
from unrolled.course.toml import TomlTable
from unrolled.errors import UserError


def read(**values: Any) -> Database:
    """`[grading]` with these values."""
    return read_database(TomlTable(Path("course.toml"), "grading", values))


def test_nothing_said_is_gradebook_db_and_a_minute() -> None:
    """Does a course without the line stay with its file?"""
    assert read() == Database("", 60.0)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://grader@db.example.edu/course",
        "postgresql://db.example.edu:5433/course?sslmode=verify-full",
        "postgresql:///course?host=/var/run/postgresql",
    ],
)
def test_an_address_reaches_sqlalchemy_whole(address: str) -> None:
    """Are driver and time to wait added, and nothing else changed?"""
    url = make_url(read(database=address, lock_seconds=2.5).sqlalchemy_url)
    assert url.get_driver_name() == "psycopg"
    assert url.query["options"] == "-clock_timeout=2500"
    plain = url.set(drivername="postgresql").difference_update_query(["options"])
    assert plain == make_url(address)


def test_options_of_ones_own_are_kept() -> None:
    """May somebody say what the server is to be told?"""
    address = "postgresql://h/n?options=-csearch_path=course"
    assert read(database=address).sqlalchemy_url.count("options") == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://me:secret@h/n", "must hold no password: put it into ~/.pgpass"),
        ("postgresql://me:@h/n", "must hold no password"),
        ("postgresql://h/n?password=secret", "must hold no password"),
        ("postgresql://h/n?sslpassword=", "must hold no password"),
        ("mysql://h/n", "must be like 'postgresql://"),
        ("postgres://h/n", "must be like 'postgresql://"),
        ("postgresql://h", "must be like 'postgresql://"),
        ("postgresql://h:port/n", "must be like 'postgresql://"),
        ("sqlite:///gradebook.db", "must be like 'postgresql://"),
        ("postgresql://%2Frun/n", "must hold no %"),
        (5, "is of the wrong kind"),
    ],
)
def test_a_wrong_address_is_told(address: Any, said: str) -> None:
    """Is each named by its key, and is no password repeated?"""
    with pytest.raises(
        UserError, match=r"^course\.toml: grading\.database: "
    ) as caught:
        read(database=address)
    assert said in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, 3601])
def test_a_wrong_time_to_wait_is_told(seconds: float) -> None:
    """Is it more than nothing and at most an hour?"""
    with pytest.raises(UserError, match=r"grading\.lock_seconds: "):
        read(lock_seconds=seconds)


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does it say what to install, at the moment when it is needed?"""
    monkeypatch.setattr("unrolled.course.database.find_spec", lambda _: None)
    found = read(database="postgresql://h/n")
    with pytest.raises(UserError, match=r"grading,postgresql"):
        _ = found.sqlalchemy_url
