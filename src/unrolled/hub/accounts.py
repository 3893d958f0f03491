"""Accounts of the operating system: one for each person, one that grades."""

from __future__ import annotations

import grp
import pwd
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unrolled.course.hub import ACCOUNT_RULE, is_account_name
from unrolled.errors import UserError
from unrolled.hub.commands import run_program
from unrolled.hub.plan import HubPlan

MADE_ACCOUNTS_FILE = "accounts.made"
HAD_HOME_FILE = "accounts.had-home"
PASSWORDS_FILE = "passwords.csv"
HOME_MODE = 0o700
FIRST_PERSON_UID = 1000  # the first number that Debian gives to a person's account
NOBODY_UID = 65534
PRIVILEGED_GROUPS = frozenset(
    ("root", "sudo", "wheel", "admin", "adm", "shadow", "disk", "docker", "lxd")
)


def has_account(name: str) -> bool:
    """Whether there is such an account."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def is_safe_account(name: str, reserved: set[str]) -> bool:
    """Whether a student may have this account: nobody's who can do more than a student.

    A login in Canvas may be any word, `backup` or an administrator's name included.
    """
    if not is_account_name(name) or name in reserved or name.startswith("grader-"):
        return False
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return True
    mine = {g.gr_name for g in grp.getgrall() if name in g.gr_mem}
    mine |= {g.gr_name for g in grp.getgrall() if g.gr_gid == entry.pw_gid}
    return (
        FIRST_PERSON_UID <= entry.pw_uid != NOBODY_UID and not mine & PRIVILEGED_GROUPS
    )


def make_accounts(plan: HubPlan) -> list[str]:
    """Make what is missing; the names that were made.

    An account that is there already is used as it is. Of those made here a list is
    kept, so that `unrolled hub down --purge` removes no others.
    """
    made = [n for n in (plan.grader, *plan.people) if make_account(plan, n)]
    if plan.sign_in == "pam":
        set_initial_passwords(plan, [n for n in made if n != plan.grader])
    return made


def make_account(plan: HubPlan, name: str) -> bool:
    """Make one account with a home that is closed to others; False if it is there."""
    if not is_account_name(name):
        raise UserError(f"{name!r} cannot be an account: {ACCOUNT_RULE}.")
    if has_account(name):
        return False
    shell = "/usr/sbin/nologin" if name == plan.grader else "/bin/bash"
    home = plan.homes / name
    had = home.exists()  # of an account that is gone: it is not ours to remove
    run_program(
        ["useradd", "--create-home", "--home-dir", home, "--shell", shell, name]
    )
    home.chmod(HOME_MODE)
    with (plan.state / MADE_ACCOUNTS_FILE).open("a", encoding="utf-8") as file:
        file.write(f"{name}\n")
    if had:
        with (plan.state / HAD_HOME_FILE).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
    return True


def list_made_accounts(plan: HubPlan) -> list[str]:
    """The accounts that were made here and are still there."""
    try:
        names = (plan.state / MADE_ACCOUNTS_FILE).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []
    return [n for n in dict.fromkeys(names) if has_account(n)]


def remove_accounts(plan: HubPlan) -> None:
    """Remove the accounts that were made here; a home that was there before stays."""
    found = plan.state / HAD_HOME_FILE
    older = found.read_text(encoding="utf-8").split() if found.exists() else []
    for name in list_made_accounts(plan):
        home = [] if name in older else ["--remove"]
        run_program(["userdel", *home, "--force", name])


def set_initial_passwords(plan: HubPlan, names: Sequence[str]) -> None:
    """Passwords for new accounts, kept for handing out in a file only root reads."""
    file = plan.state / PASSWORDS_FILE
    with file.open("a", encoding="utf-8") as lines:
        for name in names:
            word = secrets.token_urlsafe(9)
            run_program(["chpasswd"], given=f"{name}:{word}\n")
            lines.write(f"{name},{word}\n")
    file.chmod(0o600)


def list_open_homes(plan: HubPlan) -> list[Path]:
    """Homes that others may look into."""
    homes = [Path(pwd.getpwnam(n).pw_dir) for n in plan.people if has_account(n)]
    return [h for h in homes if h.is_dir() and h.stat().st_mode & 0o077]


def ensure_student(spawner: Any) -> None:
    """Make the account of somebody who was enrolled while the hub was running.

    JupyterHub calls this, as root, before it starts somebody's server.
    """
    from unrolled.hub.plan import load_plan

    folder = Path(spawner.environment["UNROLLED_HUB"])
    plan = load_plan(folder)
    name = spawner.user.name
    if name == plan.grader:
        raise UserError(f"{name} grades; it has no server of its own.")
    if make_account(plan, name) and plan.sign_in == "pam":
        set_initial_passwords(plan, [name])
