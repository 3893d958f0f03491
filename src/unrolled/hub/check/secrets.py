"""The probes that look for secrets on a hub's machine that a student could read."""

from __future__ import annotations

import grp
import json
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from unrolled.assignment.cells import find_answers
from unrolled.hub.accounts import PRIVILEGED_GROUPS, has_account, list_readable
from unrolled.hub.clone import list_clones, list_readers, list_samples
from unrolled.hub.plan import HubPlan

# In this package; a module of it is called witness.py.
LESSON_FILES = ("misconceptions.py", "oracle.py")
SECRET_FILES = ("password", "check.token", "cookie_secret")
MIN_SECRET_LENGTH = 8  # a shorter word would be found anywhere


@dataclass(frozen=True)
class Finding:
    """One thing that must hold; `mend` says what to do where it does not."""

    what: str
    holds: bool = field(kw_only=True)
    found: str = ""
    mend: str = ""


def check_student_reads(plan: HubPlan) -> Iterator[Finding]:
    """A student reads nothing that is not theirs."""
    secrets = list(_list_secret_paths(plan))
    homes = {n: Path(pwd.getpwnam(n).pw_dir) for n in plan.people if has_account(n)}
    mend = "chmod 700 these homes"
    secrets.append(("the homes of others", [*homes.values()], mend))
    existing = [p for _, paths, _ in secrets for p in paths if os.path.lexists(p)]
    readers: dict[Path, str] = {}
    for name in list_readers(plan):
        others = [p for p in existing if p != homes.get(name)]
        readers |= dict.fromkeys(list_readable(name, others), name)
    for what, paths, mend in secrets:
        bad = [f"{readers[p]}: {p}" for p in paths if p in readers]
        usual = ", ".join(map(str, paths[:1]))
        yield _make_finding(f"a student cannot read {what}", bad, mend, usual)


def _list_secret_paths(plan: HubPlan) -> Iterator[tuple[str, list[Path], str]]:
    """What holds secrets, where it lies, and how to close it."""
    again = "start the hub again: it sets the permissions"
    for root in list_clones(plan):
        mend = f"chmod o-rwx {root}, or move it into a closed folder"
        yield f"the clone {root}", list_samples(root), mend
    root, exchange = plan.course_root, plan.exchange / plan.course
    mend = f"chmod 700 {root.parent}"
    yield "the course folder", list_existing_samples(root), mend
    yield "the gradebook", sorted(root.glob("gradebook.db*")), mend
    yield "copies of the gradebook", list_existing_samples(root / "build"), mend
    yield "the grader's home", _list_folder(root.parent), mend
    state = [plan.state, *_list_folder(plan.state)]
    yield "the hub's state", state, f"chmod 700 {plan.state}"
    yield "what others have handed in", [exchange / "inbound"], again
    yield "the list of feedback", [exchange / "feedback"], again
    terms = exchange / ".terms"
    yield "the exchange of past terms", [terms, *_list_folder(terms)], again
    cache = Path(pwd.getpwuid(0).pw_dir, ".cache")
    yield "root's caches", [cache, *_list_folder(cache)], f"chmod 700 {cache}"
    environments = [Path(f"/proc/{p}/environ") for p in _list_staff_processes(plan)]
    yield "the environment of a service", environments, "stop the hub, start it again"
    yield "grading's temporary files", _list_temporary_folders(), "remove them"


def list_existing_samples(folder: Path) -> list[Path]:
    """A folder and samples of what is in it, if it is there."""
    return list_samples(folder) if folder.is_dir() else [folder]


def _list_folder(folder: Path) -> list[Path]:
    """What is directly in a folder; nothing if it cannot be listed."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _list_temporary_folders() -> list[Path]:
    """Folders of ours where all may write."""
    folders = {tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"}
    return [
        p
        for f in folders
        for p in _list_folder(Path(f))
        if p.name.startswith("unrolled-")
    ]


def _make_finding(what: str, bad: list[str], mend: str, usual: str = "") -> Finding:
    """A finding that holds if nothing is bad; it names the first three, or `usual`."""
    more = f"; {len(bad) - 3} more" if len(bad) > 3 else ""
    found = "; ".join(bad[:3]) + more or usual
    return Finding(what, holds=not bad, found=found, mend=mend)


def check_student_groups(plan: HubPlan) -> Iterator[Finding]:
    """No student is in a group with more rights."""
    bad = []
    for name in filter(has_account, plan.students):
        entry = pwd.getpwnam(name)
        mine = {_find_group_name(g) for g in os.getgrouplist(name, entry.pw_gid)}
        powerful = sorted(mine & {*PRIVILEGED_GROUPS, plan.grader})
        if entry.pw_uid == 0 or powerful:
            bad.append(f"{name}: {', '.join(powerful) or 'root'}")
    mend = "remove them from it: gpasswd -d NAME GROUP"
    yield _make_finding("no student is in a privileged group", bad, mend)


def _find_group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def check_for_answers(plan: HubPlan) -> Iterator[Finding]:
    """What students' Python and the exchange hold has no answers in it."""
    site = list((plan.students_env / "lib").glob("python3*/site-packages"))
    bad = [
        str(path)
        for folder in site
        for path in (folder / "unrolled").rglob("*")
        if path.name in LESSON_FILES or path.suffix == ".ipynb"
    ]
    bad += [str(p) for folder in site if (p := _find_editable(folder))]
    mend = f"delete {plan.folder / 'installed'} and start the hub again"
    yield _make_finding("the students' Python holds no answers", bad, mend)
    outbound = plan.exchange / plan.course / "outbound"
    bad = [str(p) for p in outbound.rglob("*") if p.is_file() and _has_answers(p)]
    mend = "as an instructor: unrolled build, then release the assignment again"
    yield _make_finding("the released notebooks hold no answers", bad, mend)


def _find_editable(site: Path) -> Path | None:
    """The file that says that this package is imported from a clone; None if not."""
    for path in site.glob("unrolled-*.dist-info/direct_url.json"):
        with suppress(OSError, ValueError):
            if json.loads(path.read_text("utf-8")).get("dir_info", {}).get("editable"):
                return path
    return None


def _has_answers(path: Path) -> bool:
    with suppress(OSError):
        text = path.read_text(encoding="utf-8", errors="replace")
        return bool(find_answers(path.name, text))
    return False


def check_command_lines(plan: HubPlan) -> Iterator[Finding]:
    """No program's command line holds a secret: every account can read those."""
    known = _read_secrets(plan)
    bad = []
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        bad += [
            f"{process.info['name']} ({process.info['pid']}): {what}"
            for what, secret in known
            if secret in words
        ]
    mend = "stop that program; give it the secret in a file or an environment"
    yield _make_finding("no command line holds a secret", bad, mend)


def _list_staff_processes(plan: HubPlan) -> Iterator[int]:
    """The programs of root and the grader that belong to the hub."""
    staff = {"root", plan.grader}
    for process in psutil.process_iter(["pid", "username", "cmdline"]):
        words = process.info["cmdline"] or ()
        ours = any(w.startswith(f"{plan.folder}/") for w in words[:2])
        if ours and process.info["username"] in staff:
            yield int(process.info["pid"])


def _read_secrets(plan: HubPlan) -> list[tuple[str, str]]:
    """Every secret that is kept in a file, by its name.

    (A database's password is in none: course.toml refuses to hold it.)
    """
    root = plan.course_root
    files = [plan.state / name for name in SECRET_FILES]
    files += [root / "canvas.token", root / "course.secret"]
    secrets = []
    for path in files:
        with suppress(OSError, UnicodeDecodeError):
            secrets.append((path.name, path.read_text(encoding="utf-8").strip()))
    return [(name, word) for name, word in secrets if len(word) >= MIN_SECRET_LENGTH]


def check_file_owners(plan: HubPlan) -> Iterator[Finding]:
    """Nobody but root changes what everybody runs."""
    bad = []
    for folder in (plan.folder, plan.students_env, plan.staff_env, plan.proxy.parent):
        if folder.exists():
            info = folder.stat()
            if info.st_uid != 0 or stat.S_IMODE(info.st_mode) & 0o022:
                bad.append(str(folder))
    mend = "run `chown root` and `chmod go-w` on these folders"
    yield _make_finding("only root can change the hub's programs", bad, mend)
