"""A new term: last term's students, work and grades move aside, nothing is deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from unrolled.author import build_assignments
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.hub import MemberChanges, sync_hub
from unrolled.hub.plan import EXCHANGE_MODES

FOLDERS = ("submitted", "autograded", "feedback")
MORE = ("canvas-records", "course.secret", "build/results", "build/regrades")
LISTS = ("canvas.csv", "extensions.csv")
DATABASE = ("gradebook.db", "gradebook.db-wal", "gradebook.db-shm")
README = "README.md"


@dataclass(frozen=True)
class Move:
    """A file or folder of last term and where it goes."""

    old: Path
    new: Path


@dataclass(frozen=True)
class TermPlan:
    """What moves aside; `folder` is where the course's own things go."""

    folder: Path
    moves: tuple[Move, ...]
    exchange: Path | None = None


def plan_term(course: Course, exchange: Path | None = None) -> TermPlan:
    """What a new term would move; `exchange` is nbgrader's, if there is one.

    Raises UserError if the gradebook is no file, but in PostgreSQL.
    """
    if course.database.url:
        raise UserError(
            "the gradebook is in PostgreSQL, which new-term does not move. Make an "
            "empty database for the new term, name it in course.toml, move submitted/, "
            "autograded/ and feedback/ aside, and run `unrolled build`."
        )
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    folder = course.build / "terms" / stamp
    moves = [
        Move(path, folder / path.relative_to(course.root))
        for path in _list_moved_paths(course)
    ]
    shared = exchange / course.id if exchange else None
    if shared is not None and shared.is_dir():
        aside = shared / ".terms" / stamp
        moves += [
            Move(shared / n, aside / n) for n in EXCHANGE_MODES if (shared / n).is_dir()
        ]
    return TermPlan(folder, tuple(moves), shared)


def _list_moved_paths(course: Course) -> Iterator[Path]:
    for name in FOLDERS:
        if (course.root / name).is_dir():
            paths = sorted((course.root / name).iterdir())
            yield from (path for path in paths if path.name != README)
    for name in (*MORE, *LISTS, *DATABASE):
        if (course.root / name).exists():
            yield course.root / name


def begin_term(course: Course, plan: TermPlan) -> MemberChanges | None:
    """Move everything, then build anew; what the hub was told, where there is one.

    If a move fails, what was moved is put back and UserError says why.
    """
    done: list[Move] = []
    try:
        for move in plan.moves:
            move.new.parent.mkdir(parents=True, exist_ok=True)
            move.old.rename(move.new)
            done.append(move)
    except OSError as error:
        for move in reversed(done):
            move.new.rename(move.old)
        raise UserError(
            f"{error.filename}: {error.strerror}. Nothing was moved: the term goes on."
        ) from error
    if plan.exchange is not None:
        _empty_exchange(plan.exchange)
    # Before the build, which may fail: last term's members are gone in any case.
    changes = sync_hub(course, ())
    try:
        build_assignments(course, list(course.assignments))
    except UserError as error:
        raise UserError(
            f"the new term has begun, and the last one is in {plan.folder}; but the "
            f"notebooks could not be built: {error} Then run `unrolled build`."
        ) from error
    return changes


def _empty_exchange(folder: Path) -> None:
    """Empty folders with nbgrader's modes; last term's are closed to students."""
    if (folder / ".terms").is_dir():
        (folder / ".terms").chmod(0o700)
    for name, mode in EXCHANGE_MODES.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(mode)


def find_exchange() -> Path | None:
    """The exchange of the hub that this process belongs to; None without a hub."""
    given = os.environ.get("UNROLLED_EXCHANGE")
    return Path(given) if given else None
