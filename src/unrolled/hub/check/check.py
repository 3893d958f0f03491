"""`unrolled hub check`: whether a running hub is as it should be, by trying it."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import requests

from unrolled.errors import UserError
from unrolled.hub.accounts import has_account, list_open_homes
from unrolled.hub.check.finding import Finding, HubCheck
from unrolled.hub.check.secrets import (
    check_command_lines,
    check_file_owners,
    check_for_answers,
    check_student_groups,
    check_student_reads,
)
from unrolled.hub.commands import run_as_grader, wrap_for_account
from unrolled.hub.members import HubClient
from unrolled.hub.plan import HubPlan
from unrolled.hub.setup.hub_config import list_groups
from unrolled.hub.setup.jupyter_config import (
    ALL,
    NBGRADER,
    STAFF,
    STUDENTS,
    get_extension_module,
)
from unrolled.hub.setup.process import find_runner, is_answering, list_service_pages
from unrolled.sandbox.isolate import TIERS

Probe = Callable[[HubPlan], Iterator[Finding]]


def check_hub(plan: HubPlan) -> HubCheck:
    """Try everything; a probe that cannot be made is a finding, not an end.

    The slow probes wait for programs and do so at the same time; they begin when the
    others are done, for those make children of this process.
    """
    quick = [_run_probe(probe, plan) for probe in QUICK_PROBES]
    with ThreadPoolExecutor() as pool:
        slow = list(pool.map(partial(_run_probe, plan=plan), SLOW_PROBES))
    return HubCheck(tuple(f for found in (*quick, *slow) for f in found))


def _run_probe(probe: Probe, plan: HubPlan) -> list[Finding]:
    try:
        return list(probe(plan))
    except (UserError, OSError, ValueError, KeyError) as error:
        what = str(probe.__doc__).split(".")[0]
        return [Finding(what, False, str(error), "see the hub's log")]


def _check_running(plan: HubPlan) -> Iterator[Finding]:
    """The hub runs and answers."""
    start = "start it: unrolled hub"
    yield Finding("the hub runs", find_runner(plan) is not None, plan.address, start)
    for page in ("/hub/login", *list_service_pages(plan)):
        mend = f"see {plan.state / 'hub.log'}; start the hub again"
        yield Finding(f"{page} answers", is_answering(plan.address + page), "", mend)


def _check_loopback(plan: HubPlan) -> Iterator[Finding]:
    """Everything listens on this machine only."""
    open_ = sorted(
        f"{c.laddr.ip}:{c.laddr.port}"
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN
        and c.laddr.port in plan.ports
        and c.laddr.ip not in ("127.0.0.1", "::1")
    )
    mend = "put a web server with TLS in front of the loopback address"
    yield Finding("it listens on loopback only", not open_, ", ".join(open_), mend)
    routes = f"http://127.0.0.1:{plan.proxy_port}/api/routes"
    refused = requests.get(routes, timeout=10).status_code == 403
    mend = "start the hub again: students could send each other's pages elsewhere"
    yield Finding("the proxy obeys the hub only", refused, routes, mend)


def _check_permissions(plan: HubPlan) -> Iterator[Finding]:
    """Homes, the hub's state and the exchange have the right modes."""
    homes = list_open_homes(plan)
    names = " ".join(map(str, homes))
    yield Finding("homes are closed to others", not homes, names, f"chmod 700 {names}")
    for path, mode in _list_modes(plan):
        now = stat.S_IMODE(path.stat().st_mode)
        yield Finding(
            f"{path} has mode {mode:04o}",
            now == mode,
            f"{now:04o}" if now != mode else "",
            f"chmod {mode:o} {path}",
        )


def _list_modes(plan: HubPlan) -> list[tuple[Path, int]]:
    course = plan.exchange / plan.course
    return [
        (plan.state, 0o700),
        (plan.homes / plan.grader, 0o700),
        (plan.exchange, 0o1777),
        (course / "inbound", 0o3733),
        (course / "outbound", 0o755),
        (course / "feedback", 0o711),
    ]


def _check_roles(plan: HubPlan) -> Iterator[Finding]:
    """The hub knows who is who."""
    token = (plan.state / "check.token").read_text(encoding="ascii").strip()
    hub = HubClient(f"http://127.0.0.1:{plan.hub_port}/hub/api", token)
    for name, wanted in list_groups(plan).items():
        there = set(hub.get(f"/groups/{name}")["users"])
        missing = sorted(set(wanted["users"]) - there)
        mend = "start the hub again: it reads course.toml then"
        found = (
            f"missing: {', '.join(missing)}" if missing else ", ".join(sorted(there))
        )
        yield Finding(f"group {name}", not missing, found, mend)
    staff = {*plan.instructors, *plan.assistants}
    both = sorted(staff & set(hub.get(f"/groups/nbgrader-{plan.course}")["users"]))
    mend = "take them out of the roster or of [hub] in course.toml"
    yield Finding("nobody is both student and staff", not both, ", ".join(both), mend)


def _check_extensions(plan: HubPlan) -> Iterator[Finding]:
    """Each environment has its own nbgrader extensions, and no others."""
    for env, wanted in ((plan.students_env, STUDENTS), (plan.staff_env, STAFF)):
        path = env / "etc" / "jupyter" / "jupyter_server_config.d" / "nbgrader.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        on = document["ServerApp"]["jpserver_extensions"]
        found = [name for name in ALL if on.get(get_extension_module(name))]
        found += [f"{NBGRADER}.formgrader"] * bool(on.get(f"{NBGRADER}.formgrader"))
        right = sorted(found) == sorted(wanted)
        mend = "start the hub again: it writes these files"
        yield Finding(
            f"{env.name} have {', '.join(wanted)}", right, ", ".join(found), mend
        )


def _check_student_python(plan: HubPlan) -> Iterator[Finding]:
    """A student's Python has the course."""
    code = "import unrolled.lab, torch, ipywidgets; print('yes')"
    python = str(plan.students_env / "bin" / "python")
    who = next((n for n in plan.students if has_account(n)), plan.grader)
    done = subprocess.run(
        wrap_for_account(who, [python, "-c", code]),
        capture_output=True,
        text=True,
        cwd="/",
    )
    mend = f"delete {plan.folder / 'installed'} and start the hub again"
    yield Finding(
        "a student's Python has the course", "yes" in done.stdout, done.stderr, mend
    )


def _check_sandbox(plan: HubPlan) -> Iterator[Finding]:
    """Student code is graded in a sandbox.

    Grading takes the first that starts; to try the others takes many times as long.
    """
    mend = "see docs/grading.md: user namespaces or Landlock must be allowed"
    why = "none starts"
    for tier in (t for t in TIERS if t != "none"):
        doctor = f"{plan.staff_env / 'bin' / 'unrolled'} doctor --json --tier {tier}"
        (found,) = json.loads(run_as_grader(plan, ["sh", "-c", f"{doctor} || true"]))
        if not found["trouble"]:
            yield Finding("a sandbox holds", found["sufficient"], tier, mend)
            return
        why = f"{tier}: {found['trouble']}"
    yield Finding("a sandbox holds", False, why, mend)


QUICK_PROBES: tuple[Probe, ...] = (
    *(
        _check_running,
        _check_loopback,
        _check_permissions,
        check_student_reads,
        check_student_groups,
    ),
    *(check_for_answers, check_command_lines, check_file_owners),
    *(_check_roles, _check_extensions),
)
SLOW_PROBES: tuple[Probe, ...] = (_check_student_python, _check_sandbox)
