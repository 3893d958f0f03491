"""Accounts of the operating system: made, removed, and what each of them can read."""

from __future__ import annotations

import grp
import json
import os
import pwd
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from unrolled.course.hub import ACCOUNT_RULE, is_account_name
from unrolled.errors import UserError
from unrolled.hub.commands import run_program
from unrolled.hub.plan import HubPlan, load_plan

MADE_ACCOUNTS_FILE = "accounts.made"
HAD_HOME_FILE = "accounts.had-home"
PASSWORDS_FILE = "passwords.csv"
HOME_MODE = 0o700
FIRST_PERSON_UID = 1000  # the first number that Debian gives to a person's account
NOBODY_UID = 65534
_TRY_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not wait
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
    """Whether a student may have this account: it gives no rights but a student's.

    A login in Canvas may be any word, `backup` or an administrator's name included.
    """
    if not is_account_name(name) or name in reserved or name.startswith("grader-"):
        return False
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return True
    # Groups that list the account, and the one of its entry, which lists nobody.
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
    names = [n for n in (plan.grader, *plan.people) if make_account(plan, n)]
    if plan.sign_in == "pam":
        set_initial_passwords(plan, [n for n in names if n != plan.grader])
    return names


def make_account(plan: HubPlan, name: str) -> bool:
    """Make one account with a home that is closed to others; False if it is there."""
    if not is_account_name(name):
        raise UserError(f"{name!r} cannot be an account. Use {ACCOUNT_RULE}.")
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
    path = plan.state / HAD_HOME_FILE
    older = path.read_text(encoding="utf-8").split() if path.exists() else []
    for name in list_made_accounts(plan):
        home = [] if name in older else ["--remove"]
        # Without --force it refuses while a process of the account still runs.
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


def list_readable(account: str, paths: Iterable[Path]) -> list[Path]:
    """Those of the paths that an account can read, or list if they are folders.

    It is tried, not deduced from modes: a mode says nothing of access lists, of groups,
    or of the folder above. For root only: a child of this process becomes the account.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _try_paths(account, [str(p) for p in paths], writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        raise OSError(f"cannot test what the account {account} can read")
    return [Path(p) for p in json.loads(text)]


def _try_paths(account: str, paths: Sequence[str], writer: int) -> None:
    """In the child: become the account, try, tell, and end."""
    try:
        entry = pwd.getpwnam(account)
        # Groups first, the user last: who is not root any more may change neither.
        os.initgroups(account, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        with os.fdopen(writer, "wb") as answer:
            answer.write(json.dumps([p for p in paths if _is_readable(p)]).encode())
    finally:
        os._exit(0)  # at once: what Python does at its end is the parent's to do


def _is_readable(path: str) -> bool:
    with suppress(OSError):
        os.close(os.open(path, _TRY_FLAGS))
        return True
    return False


def ensure_student(spawner: Any) -> None:
    """Make the account of somebody who was enrolled while the hub was running.

    JupyterHub calls this, as root, before it starts somebody's server.
    """
    plan = load_plan(Path(spawner.environment["UNROLLED_HUB"]))
    name = spawner.user.name
    if name == plan.grader:
        raise UserError(f"The account {name} only grades. It has no server of its own.")
    if make_account(plan, name) and plan.sign_in == "pam":
        set_initial_passwords(plan, [name])
