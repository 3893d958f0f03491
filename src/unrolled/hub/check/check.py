"""`unrolled hub check`: try whether a running hub is as it should be."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import requests

from unrolled.errors import UserError
from unrolled.hub.accounts import has_account, list_open_homes
from unrolled.hub.check import secrets
from unrolled.hub.check.secrets import Finding
from unrolled.hub.commands import run_as_grader, wrap_for_account
from unrolled.hub.members import HubClient
from unrolled.hub.plan import EXCHANGE_MODES, HubPlan
from unrolled.hub.servers import list_student_servers
from unrolled.hub.setup.hub_config import list_groups
from unrolled.hub.setup.jupyter_config import (
    ALL,
    NBGRADER,
    REPLACED,
    STAFF,
    STUDENTS,
    get_extension_module,
)
from unrolled.hub.setup.memory import MEGABYTE, compute_limit, open_groups
from unrolled.hub.setup.process import find_runner, is_answering, list_service_pages

Probe = Callable[[HubPlan], Iterator[Finding]]


@dataclass(frozen=True)
class HubCheck:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return all(f.holds for f in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {"passed": self.passed, "findings": [asdict(f) for f in self.findings]}


def check_hub(plan: HubPlan) -> HubCheck:
    """Try everything; a probe that fails by an error is a finding, and no end.

    The slow probes wait for programs and do so at the same time; they begin when the
    others are done, for those make children of this process.
    """
    quick = [_run_probe(probe, plan) for probe in QUICK_PROBES]
    with ThreadPoolExecutor() as pool:
        slow = list(pool.map(partial(_run_probe, plan=plan), SLOW_PROBES))
    return HubCheck(tuple(f for findings in (*quick, *slow) for f in findings))


def _run_probe(probe: Probe, plan: HubPlan) -> list[Finding]:
    try:
        return list(probe(plan))
    except (UserError, OSError, ValueError, KeyError) as error:
        what = str(probe.__doc__).split(".")[0]
        mend = "look into the hub's log"
        return [Finding(what, holds=False, found=str(error), mend=mend)]


def _check_running(plan: HubPlan) -> Iterator[Finding]:
    """The hub runs and answers."""
    running = find_runner(plan) is not None
    mend = "start it with `unrolled hub`"
    yield Finding("the hub is running", holds=running, found=plan.address, mend=mend)
    mend = f"look into {plan.state / 'hub.log'} and start the hub again"
    for page in ("/hub/login", *list_service_pages(plan)):
        answers = is_answering(plan.address + page)
        yield Finding(f"{page} answers", holds=answers, mend=mend)


def _check_loopback(plan: HubPlan) -> Iterator[Finding]:
    """Everything listens on this machine only."""
    exposed = sorted(
        f"{c.laddr.ip}:{c.laddr.port}"
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN
        and c.laddr.port in plan.ports
        and c.laddr.ip not in ("127.0.0.1", "::1")
    )
    what, found = "the hub listens on loopback only", ", ".join(exposed)
    mend = "put a web server with TLS in front of the loopback address"
    yield Finding(what, holds=not exposed, found=found, mend=mend)
    routes = f"http://127.0.0.1:{plan.proxy_port}/api/routes"
    what = "the proxy takes orders from the hub only"
    closed = requests.get(routes, timeout=10).status_code == 403
    mend = "start the hub again: students could redirect each other's pages"
    yield Finding(what, holds=closed, found=routes, mend=mend)


def _check_permissions(plan: HubPlan) -> Iterator[Finding]:
    """Homes, the hub's state and the exchange have the right modes."""
    homes = list_open_homes(plan)
    names = " ".join(map(str, homes))
    mend = f"chmod 700 {names}"
    yield Finding("homes are closed to others", holds=not homes, found=names, mend=mend)
    for path, mode in _list_modes(plan):
        now = stat.S_IMODE(path.stat().st_mode)
        what, found = f"{path} has mode {mode:04o}", f"{now:04o}" if now != mode else ""
        mend = f"chmod {mode:o} {path}"
        yield Finding(what, holds=now == mode, found=found, mend=mend)


def _list_modes(plan: HubPlan) -> list[tuple[Path, int]]:
    closed = [(plan.state, 0o700), (plan.homes / plan.grader, 0o700)]
    course = plan.exchange / plan.course
    folders = [(course / name, mode) for name, mode in EXCHANGE_MODES.items()]
    return [*closed, (plan.exchange, 0o1777), *folders]


def _check_memory(plan: HubPlan) -> Iterator[Finding]:
    """Each student's memory is bounded."""
    groups = open_groups(plan)
    if not plan.memory_mb:
        yield Finding("memory is not bounded, as course.toml says", holds=True)
    elif groups is None:
        what = "each process of a student has a limit of memory"
        alone = "all together have none: no control groups can be written here"
        yield Finding(what, holds=True, found=f"{plan.memory_mb} MB; {alone}")
    else:
        outside = [
            f"{server.username()} ({server.pid})"
            for server in list_student_servers(plan)
            if server.pid not in groups.list_members(server.username())
        ]
        limit = f"{compute_limit(plan) // MEGABYTE} MB, each process {plan.memory_mb}"
        yield Finding(
            "all that a student runs has one limit of memory",
            holds=not outside,
            found=f"without: {', '.join(outside)}" if outside else limit,
            mend="end these servers: the next start of each puts it under the limit",
        )


def _check_roles(plan: HubPlan) -> Iterator[Finding]:
    """The hub knows who is who."""
    token = (plan.state / "check.token").read_text(encoding="ascii").strip()
    hub = HubClient(f"http://127.0.0.1:{plan.hub_port}/hub/api", token)
    for name, group in list_groups(plan).items():
        members = set(hub.get(f"/groups/{name}")["users"])
        missing = sorted(set(group["users"]) - members)
        text = ", ".join(missing or sorted(members))
        yield Finding(
            f"group {name} is complete",
            holds=not missing,
            found=f"missing: {text}" if missing else text,
            mend="start the hub again, so that it reads course.toml",
        )
    staff = {*plan.instructors, *plan.assistants}
    both = sorted(staff & set(hub.get(f"/groups/nbgrader-{plan.course}")["users"]))
    what, found = "nobody is both student and staff", ", ".join(both)
    mend = "remove them from the roster or from [hub] in course.toml"
    yield Finding(what, holds=not both, found=found, mend=mend)


def _check_extensions(plan: HubPlan) -> Iterator[Finding]:
    """Each environment has its own nbgrader extensions, and no others."""
    for env, names in ((plan.students_env, STUDENTS), (plan.staff_env, STAFF)):
        path = env / "etc" / "jupyter" / "jupyter_server_config.d" / "nbgrader.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        on = document["ServerApp"]["jpserver_extensions"]
        enabled = [name for name in ALL if on.get(get_extension_module(name))]
        # nbgrader's own, beside ours or instead of it: its formgrader lets students'
        # scripts run, its list shows times of UTC
        stock = [f"{NBGRADER}.{name}" for name in REPLACED]
        enabled += [name for name in stock if on.get(name)]
        yield Finding(
            f"the extensions of {env.name} are {', '.join(names)}",
            holds=sorted(enabled) == sorted(names),
            found=", ".join(enabled),
            mend="start the hub again: it writes these files",
        )


def _check_student_python(plan: HubPlan) -> Iterator[Finding]:
    """A student's Python has the course."""
    code = "import unrolled.lab, torch, ipywidgets; print('yes')"
    python = str(plan.students_env / "bin" / "python")
    who = next((n for n in plan.students if has_account(n)), plan.grader)
    command = wrap_for_account(who, [python, "-c", code])
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    what, holds = "a student's Python has the course", "yes" in done.stdout
    mend = f"delete {plan.folder / 'installed'} and start the hub again"
    yield Finding(what, holds=holds, found=done.stderr, mend=mend)


def _check_sandbox(plan: HubPlan) -> Iterator[Finding]:
    """Student code is graded in a sandbox.

    Grading takes the first tier that starts. One `doctor` tries those that isolate side
    by side, which costs less than one after the other: each has to load the libraries.
    """
    doctor = f"{plan.staff_env / 'bin' / 'unrolled'} doctor --json"
    # It fails where the sandbox is too weak, and its report is wanted then, too.
    reports = json.loads(run_as_grader(plan, ["sh", "-c", f"{doctor} || true"]))
    started = [r for r in reports if not r["trouble"] and r["tier"] != "none"]
    found = started[0]["tier"] if started else "no sandbox starts: "
    if not started:
        found += "; ".join(f"{r['tier']}: {r['trouble']}" for r in reports)
    yield Finding(
        "student code is graded in a sandbox",
        holds=bool(started) and started[0]["sufficient"],
        found=found,
        mend="allow user namespaces or Landlock: see docs/grading.md",
    )


QUICK_PROBES: tuple[Probe, ...] = (
    _check_running,
    _check_loopback,
    _check_permissions,
    _check_memory,
    secrets.check_student_reads,
    secrets.check_student_groups,
    secrets.check_for_answers,
    secrets.check_command_lines,
    secrets.check_file_owners,
    _check_roles,
    _check_extensions,
)
SLOW_PROBES: tuple[Probe, ...] = (_check_student_python, _check_sandbox)
