"""The folders from which a hub was started: students must not read any of them.

A clone made under umask 022 can be read by every account of the machine, with lessons,
solutions, hidden tests, the gradebook and its copies. So it is closed at the start.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

from unrolled.errors import UserError
from unrolled.hub.accounts import has_account, list_readable
from unrolled.hub.plan import HubPlan

CLONES_FILE = "started-from.txt"
SAMPLES_PER_FOLDER = 3  # files that are tried in each folder of a clone


def close_clones(plan: HubPlan, roots: list[Path], say: Callable[[str], None]) -> None:
    """Close the folders to everybody but their owner and group, and keep a list.

    Raises UserError if a part of the hub that students need lies inside.
    """
    for root in roots:
        for path in (plan.folder, plan.homes):
            if path.resolve().is_relative_to(root):
                raise UserError(
                    f"{path} is inside {root}, which holds solutions and hidden tests "
                    "and is closed to students. Name a folder elsewhere with `folder` "
                    "below [hub] in course.toml."
                )
    for root in roots:
        mode = stat.S_IMODE(root.stat().st_mode)
        if mode & stat.S_IRWXO:
            with suppress(OSError):  # whether it worked is tried as a student
                root.chmod(mode & ~stat.S_IRWXO)
                say(f"closing {root} to other accounts: it holds solutions and tests")
    known = dict.fromkeys((*list_clones(plan), *roots))
    text = "".join(f"{root}\n" for root in known)
    (plan.state / CLONES_FILE).write_text(text, encoding="utf-8")


def list_clones(plan: HubPlan) -> list[Path]:
    """The folders from which this hub was ever started and that are still there."""
    with suppress(OSError):
        lines = (plan.state / CLONES_FILE).read_text(encoding="utf-8").splitlines()
        return [Path(line) for line in lines if Path(line).is_dir()]
    return []


def require_closed(plan: HubPlan) -> None:
    """Raise UserError if a student can read anything in such a folder."""
    for root in list_clones(plan):
        for name in list_readers(plan):
            paths = list_readable(name, list_samples(root))
            if not paths:
                continue
            raise UserError(
                f"{paths[0]}: the account {name} can read this, and {root} holds "
                "solutions and hidden tests. Closing it with chmod was not enough: see "
                "its owner, group and access list (`ls -ld`, `getfacl`), or move it "
                "into a folder that students cannot enter, such as /root. Then start "
                "the hub again."
            )


def list_samples(root: Path) -> list[Path]:
    """A folder, what lies directly in it, and some files of each folder there."""
    samples = [root]
    for path in sorted(root.iterdir()):
        if path.name == ".venv":
            continue  # Python's own files
        samples.append(path)
        if path.is_dir() and not path.is_symlink():
            files = (p for p in path.rglob("*") if p.is_file())
            samples += islice(files, SAMPLES_PER_FOLDER)
    return samples


def list_readers(plan: HubPlan) -> list[str]:
    """The accounts of students, and one for those who are still to come."""
    # "nobody" has no group of ours either, as a student who is enrolled tomorrow.
    return [n for n in dict.fromkeys((*plan.students, "nobody")) if has_account(n)]
