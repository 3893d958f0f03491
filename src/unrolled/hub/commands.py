"""Run other programs; if one fails, its last words become the error message."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from unrolled.errors import UserError
from unrolled.hub.plan import HubPlan


def run_program(
    command: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    given: str | None = None,
) -> str:
    """Run a program to its end; what it wrote on standard output.

    `given` is its standard input.

    Raises UserError with the program's last words if it fails or is missing.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise UserError(f"{words[0]} is not installed.") from error
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        text = "\n  ".join(lines[-6:])
        raise UserError(f"`{' '.join(words)}` failed:\n  {text}")
    return done.stdout


def run_as_grader(plan: HubPlan, command: Sequence[str | Path]) -> str:
    """Run a program of the staff's environment in the course folder, as the grader."""
    home = plan.homes / plan.grader
    path = f"{plan.staff_env / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    env = {"HOME": str(home), "USER": plan.grader, "PATH": path}
    return run_program(wrap_for_account(plan.grader, command), plan.course_root, env)


def wrap_for_account(account: str, command: Sequence[str | Path]) -> list[str]:
    """The command that runs `command` as another account (for root only)."""
    return ["runuser", "-u", account, "--", *(str(word) for word in command)]


def require_root(what: str) -> None:
    """Raise UserError unless this process is root's."""
    if os.geteuid() != 0:
        raise UserError(
            f"{what} must run as root, because it creates accounts and starts servers "
            f"for other people: `sudo {what}`. To work without a hub: `make lab`."
        )
