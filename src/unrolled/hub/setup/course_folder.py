"""Copy the course to the hub, build it there, and make nbgrader's exchange."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import make_scratch_folder
from unrolled.gradebook.sqlite import copy_database, set_journal_mode
from unrolled.hub.commands import run_as_grader
from unrolled.hub.plan import EXCHANGE_MODES, HubPlan

GIVEN = ("lessons", "source", "release", "solutions")
FILES = ("course.toml", "nbgrader_config.py")
WORK = ("submitted", "autograded", "feedback", "canvas-records", "build/results")
KEPT = ("course.secret", "canvas.token", "extensions.csv", "built.sha256")


def copy_course(plan: HubPlan, course: Course) -> None:
    """Copy the course to the grader's home, with what is graded; only the first time.

    Afterwards the copy is the course: it is edited there, and nothing here is taken
    over again.
    """
    target = plan.course_root
    if (target / "course.toml").exists():
        return
    if target.is_dir() and any(target.iterdir()):
        raise UserError(
            f"{target} is not empty and has no course.toml. The hub keeps the course "
            "there: move what is in it elsewhere."
        )
    with make_scratch_folder(target, mode=0o700) as fresh:
        _copy_parts(course, fresh)
        _change_owner(fresh, plan.grader)
        fresh.rename(target)


def _copy_parts(course: Course, fresh: Path) -> None:
    for name in GIVEN:
        shutil.copytree(course.root / name, fresh / name)
    for name in FILES:
        shutil.copyfile(course.root / name, fresh / name)
    for name in WORK:
        if (course.root / name).is_dir():
            shutil.copytree(course.root / name, fresh / name)
    for name in KEPT:
        if (course.root / name).is_file():
            shutil.copy2(course.root / name, fresh / name)
    if course.gradebook.is_file():
        copy_database(course.gradebook, fresh / course.gradebook.name)
        set_journal_mode(fresh / course.gradebook.name)


def _change_owner(folder: Path, account: str) -> None:
    """Make an account the owner of a folder and all in it."""
    entry = pwd.getpwnam(account)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def make_exchange(plan: HubPlan) -> None:
    """The exchange as nbgrader wants it, and no student can move it away.

    All may write to its root (nbgrader insists), so it is sticky as /tmp is; hand-ins
    lie in a folder that students can write to but not list.
    """
    plan.exchange.mkdir(exist_ok=True)
    plan.exchange.chmod(0o1777)
    grader = pwd.getpwnam(plan.grader)
    course = plan.exchange / plan.course
    for name, mode in {"": 0o755, **EXCHANGE_MODES}.items():
        folder = course / name
        folder.mkdir(exist_ok=True)
        os.chown(folder, grader.pw_uid, grader.pw_gid)
        folder.chmod(mode)  # not by mkdir: the umask takes bits away there


def build_course(plan: HubPlan) -> None:
    """Build and register the assignments, as the grader."""
    try:
        run_as_grader(plan, [plan.staff_env / "bin" / "unrolled", "build"])
    except UserError as error:
        home = plan.homes / plan.grader
        raise UserError(
            f"{plan.course_root} could not be built as the account {plan.grader} "
            f"(home: {home}): {error}"
        ) from error
