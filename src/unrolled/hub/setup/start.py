"""`unrolled hub`: prepare everything that a hub needs, and remove all of it again."""

from __future__ import annotations

import logging
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from unrolled.course import Course, load_course
from unrolled.errors import UserError
from unrolled.hub.accounts import make_account, make_accounts, remove_accounts
from unrolled.hub.clone import close_clones, require_closed
from unrolled.hub.commands import run_as_grader
from unrolled.hub.lti.settings import read_lti_settings
from unrolled.hub.members import enroll_as_grader
from unrolled.hub.plan import HubPlan, claim_folder, make_plan, remove_folder
from unrolled.hub.setup.course_folder import build_course, copy_course, make_exchange
from unrolled.hub.setup.install import install, require_same_environments
from unrolled.hub.setup.jupyter_config import write_environment_files
from unrolled.hub.setup.process import prepare_state, require_free, stop_hub

Say = Callable[[str], None]
PROJECT = Path(__file__).resolve().parents[4]


def prepare_hub(course: Course, say: Say, running: HubPlan | None = None) -> HubPlan:
    """Install, make accounts and folders, place and build the course: its plan.

    Everything that is there already stays; doing it twice changes nothing. With a hub
    that is `running`, for its next start: UserError says what only a stop can change.
    """
    say("reading course.toml")
    plan = make_plan(course)
    if running is None:
        require_free(plan)
    else:
        if (plan.folder, plan.port) != (running.folder, running.port):
            raise UserError(
                "course.toml now has another port or folder for the hub, which a "
                "restart cannot change. Run `unrolled hub down`, then `unrolled hub`."
            )
        require_same_environments(plan, PROJECT, _list_extras(plan, course))
    claim_folder(plan, course)
    if plan.sign_in == "lti":
        read_lti_settings(plan)
    plan.state.mkdir(mode=0o700, exist_ok=True)
    close_clones(plan, [course.root.resolve(), PROJECT], say)
    install(plan, PROJECT, say, _list_extras(plan, course))
    prepare_state(plan)
    make_account(plan, plan.grader)
    say("copying and building the course")
    copy_course(plan, course)
    make_exchange(plan)
    write_environment_files(plan)
    build_course(plan)
    say("making accounts")
    plan = _add_students(plan, course)
    prepare_state(plan)  # once more: now the plan has all students
    make_accounts(plan)
    require_closed(plan)
    return plan


def _list_extras(plan: HubPlan, course: Course) -> tuple[str, ...]:
    """What the gradebook's database needs, as the hub's copy of the course says."""
    copied = (plan.course_root / "course.toml").exists()
    current = load_course(plan.course_root) if copied else course
    return ("postgresql",) if current.database.url else ()


def _add_students(plan: HubPlan, course: Course) -> HubPlan:
    """The plan with the gradebook's students; demo students only in an empty one."""
    enrolled = enroll_as_grader(plan, course.hub.students)
    if not enrolled:
        enrolled = enroll_as_grader(plan, plan.students)
    staff = {*plan.instructors, *plan.assistants}
    return replace(plan, students=tuple(n for n in enrolled if n not in staff))


def _back_up_gradebook(plan: HubPlan) -> None:
    """A copy of a gradebook in PostgreSQL, in the course folder, made as the grader.

    The server keeps the gradebook itself, so that a copy that fails stops nothing.
    """
    try:
        in_server = bool(load_course(plan.course_root).database.url)
        python = plan.staff_env / "bin" / "python"
        if in_server:
            run_as_grader(
                plan, [python, "-m", "unrolled.gradebook.open", plan.course_root]
            )
    except UserError as error:
        text = "the archive will have no copy of the gradebook: %s"
        logging.getLogger("unrolled").warning(text, error)


def purge_hub(plan: HubPlan, keep: Path) -> Path:
    """Remove the hub, the accounts it made and their homes; an archive stays.

    So does what somebody else has put into the hub's folder.

    The archive holds the course folder with the gradebook and all that was handed
    in, and can only be read by its owner. Its path is returned. A gradebook in
    PostgreSQL stays where it is; the archive has a copy of it in build/backups/.
    """
    stop_hub(plan)
    _back_up_gradebook(plan)
    keep.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    archive = keep / f"{plan.course}-{stamp}.tar.gz"
    archive.touch(mode=0o600)  # before anything is in it
    with tarfile.open(archive, "w:gz") as tar:
        for folder in (plan.course_root, plan.exchange / plan.course):
            if folder.exists():
                tar.add(folder, arcname=f"{folder.parent.name}/{folder.name}")
    remove_accounts(plan)
    remove_folder(plan)
    return archive
