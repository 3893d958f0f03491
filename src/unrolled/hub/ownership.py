"""The hub's folder is set up, and removed, only where `unrolled hub` made it."""

from __future__ import annotations

import shutil
from pathlib import Path

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.hub.plan import HubPlan

MARKER_FILE = "made-by-unrolled-hub.txt"
MARKER_TEXT = "Made by `unrolled hub`; `unrolled hub down --purge` removes it.\n"
PARTS = (
    "students",
    "staff",
    "proxy",
    "hub",
    "installed",
    "package",
    "torch",
    MARKER_FILE,
)


def claim_folder(plan: HubPlan, course: Course | None = None) -> None:
    """Make the hub's folder, or find that it is ours.

    Raises UserError if something else lies there, or if the course folder does:
    environments are made in it anew, and a purge removes them.
    """
    if course is not None and course.root.is_relative_to(plan.folder.resolve()):
        raise UserError(
            f"{course.root / 'course.toml'}: hub.folder: {plan.folder} contains the "
            "course folder. Name a folder that only the hub uses."
        )
    if plan.folder.is_dir() and any(plan.folder.iterdir()) and not _is_ours(plan):
        raise UserError(
            f"{plan.folder} is not empty, and `unrolled hub` did not make it. Set "
            "`folder` below [hub] in course.toml to a folder that only the hub uses."
        )
    plan.folder.mkdir(parents=True, exist_ok=True)
    plan.folder.chmod(0o755)
    (plan.folder / MARKER_FILE).write_text(MARKER_TEXT, encoding="utf-8")


def _is_ours(plan: HubPlan) -> bool:
    """Whether the mark lies there, or what hubs left that knew no mark.

    In a container the folders for volumes are there before the first start.
    """
    # The second and third are from hubs that left no mark yet.
    if any(
        (plan.folder / n).is_file() for n in (MARKER_FILE, "installed", "hub/plan.json")
    ):
        return True
    names = {p.name for p in plan.folder.iterdir()}
    return names <= {"hub", "exchange"} and all(
        p.is_dir() for p in plan.folder.rglob("*")
    )


def remove_folder(plan: HubPlan) -> tuple[Path, ...]:
    """Remove what the hub made in its folder; what else is there stays, and is listed.

    Raises UserError if the folder is not the hub's.
    """
    if not _is_ours(plan):
        raise UserError(f"{plan.folder} stays: `unrolled hub` did not make it.")
    for path in (*(plan.folder / n for n in PARTS), plan.exchange / plan.course):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in (plan.exchange, plan.folder):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return tuple(sorted(plan.folder.iterdir())) if plan.folder.exists() else ()
