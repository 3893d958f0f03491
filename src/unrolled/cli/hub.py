"""The commands of the hub: options only."""

from __future__ import annotations

import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unrolled.cli.shared import Json, err, open_course, out, print_result
from unrolled.errors import UserError
from unrolled.hub import HubPlan, load_plan, make_plan
from unrolled.report import StatusLine

if TYPE_CHECKING:
    from unrolled.hub.setup import RunningHub


hub = typer.Typer(invoke_without_command=True)


def _load_plan(context: typer.Context) -> HubPlan:
    """The plan of the hub that was started, found by course.toml."""
    return load_plan(make_plan(open_course(context)).folder)


@hub.callback()
def start(context: typer.Context) -> None:
    """Start a JupyterHub for the course on this machine; Ctrl-C stops it.

    Run it as root, on Debian or Ubuntu. It installs what is missing, creates an account
    for everybody and one for the grader, copies the course to the grader's home (only
    the first time), and starts the hub on the loopback address. `[hub]` in course.toml
    says who students, assistants and instructors are. For more see docs/hub.md.
    """
    if context.invoked_subcommand is not None:
        return
    from unrolled.hub.commands import require_root
    from unrolled.hub.setup import prepare_hub

    require_root("unrolled hub")
    with StatusLine(err) as status:
        plan = prepare_hub(open_course(context), status.say)
    with _Signals() as signals:
        while True:
            plan = _run(context, plan, signals)


def _run(context: typer.Context, plan: HubPlan, signals: _Signals) -> HubPlan:
    """Run the hub until a restart; what it starts with then."""
    from unrolled.hub.setup import RunningHub
    from unrolled.report.hub import render_welcome

    with ExitStack() as stack:
        with StatusLine(err) as status:
            status.say("starting the hub")
            running = RunningHub(plan, _print, signals.is_hurried)
            stack.enter_context(running)
        out.print(render_welcome(plan))
        plan = _wait_for_restart(context, running, signals)
        running.keep_servers = True
    return plan


def _wait_for_restart(
    context: typer.Context, running: RunningHub, signals: _Signals
) -> HubPlan:
    """Wait until a restart is asked for, and make ready for it.

    A course.toml that is wrong stops nothing: the hub runs on as it was.
    """
    from unrolled.hub.setup import prepare_hub
    from unrolled.hub.setup.process import READY_FILE

    while True:
        running.wait(signals.has_restart_request)
        running.announce_restart()
        try:
            with StatusLine(err) as status:
                plan = prepare_hub(open_course(context), status.say, running.plan)
        except UserError as error:
            running.withdraw_notice()
            _print(f"not restarted: {error}")
            # `unrolled hub restart` waits for this file, and shows what it says.
            (running.plan.state / READY_FILE).write_text(str(error), encoding="utf-8")
        else:
            _print("the hub restarts; running notebook servers keep running")
            return plan


def _print(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        err.print(line, markup=False)


class _Signals:
    """What Ctrl-C, SIGTERM and SIGUSR1 ask for.

    The first of Ctrl-C and SIGTERM stops the hub tidily, a second one at once; SIGUSR1
    (`unrolled hub restart`) restarts it.
    """

    def __init__(self) -> None:
        self.stops = 0
        self.restarts = 0

    def __enter__(self) -> _Signals:
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGUSR1, self._restart)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if kind is not KeyboardInterrupt:
            return False
        _print("the hub has stopped; all saved and submitted work is kept.")
        return True

    def _stop(self, number: int, frame: Any) -> None:
        self.stops += 1
        if self.stops == 1:
            raise KeyboardInterrupt

    def _restart(self, number: int, frame: Any) -> None:
        self.restarts += 1

    def is_hurried(self) -> bool:
        """Whether somebody does not want to wait."""
        return self.stops > 1

    def has_restart_request(self) -> bool:
        """Whether a restart was asked for since this was last called."""
        requested, self.restarts = self.restarts > 0, 0
        return requested


@hub.command()
def restart(context: typer.Context) -> None:
    """Read course.toml again and restart the hub; notebook servers keep running.

    The hub's pages do not answer for a few seconds. Notebooks and kernels go on, and
    JupyterLab reconnects by itself.
    """
    from unrolled.hub.commands import require_root
    from unrolled.hub.setup import restart_hub

    require_root("unrolled hub restart")
    with StatusLine(err) as status:
        status.say("restarting the hub")
        names = restart_hub(_load_plan(context))
    at_work = f"; {len(names)} people kept working: {', '.join(names)}" if names else ""
    err.print(f"the hub is ready{at_work}.")


@hub.command()
def check(context: typer.Context, *, as_json: Json = False) -> None:
    """Check whether the running hub is set up correctly; exit code 1 if not.

    It tests addresses, permissions, roles, extensions, the sandbox, and whether a
    student can read another student's work. For each failure it says how to fix it.
    """
    from unrolled.hub.check import check_hub
    from unrolled.hub.commands import require_root
    from unrolled.report.hub import render_hub_check

    require_root("unrolled hub check")
    with StatusLine(err) as status:
        status.say("checking")
        report = check_hub(_load_plan(context))
    print_result(report.as_dict(), render_hub_check(report), as_json=as_json)
    raise typer.Exit(0 if report.passed else 1)


@hub.command()
def down(
    context: typer.Context,
    *,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge",
            help="Also remove the hub's folder and the accounts it created, with their "
            "homes. Asks first. The course folder is kept in an archive.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Give people no time to save.")
    ] = False,
) -> None:
    """Stop the hub, and whatever a killed hub has left running.

    People who are working are warned and have time to save: `stop_seconds` of [hub] in
    course.toml.
    """
    from unrolled.hub.commands import require_root
    from unrolled.hub.setup import stop_hub

    require_root("unrolled hub down")
    plan = _load_plan(context)
    keep = open_course(context).build / "hub"
    if purge:
        _confirm_purge(plan, keep, yes=yes)
    with StatusLine(err) as status:
        status.say(_describe_stop(plan, now=now))
        was_running = stop_hub(plan, now=now)
    err.print("stopped." if was_running else "no hub was running.")
    if purge:
        from unrolled.hub.setup import purge_hub

        err.print(f"removed; the archive is {purge_hub(plan, keep)}")
        for path in sorted(plan.folder.glob("*")):
            err.print(f"kept, as it does not belong to the hub: {path}")


def _describe_stop(plan: HubPlan, *, now: bool) -> str:
    from unrolled.hub.servers import list_owners, list_student_servers

    names = list_owners(list_student_servers(plan))
    if not names or now:
        return "stopping"
    return f"stopping; {len(names)} people have {plan.stop_seconds} s to save"


def _confirm_purge(plan: HubPlan, keep: Path, *, yes: bool) -> None:
    """Say what goes, and ask while everything still runs; No stops nothing."""
    from unrolled.hub.accounts import list_made_accounts
    from unrolled.hub.servers import list_owners, list_student_servers

    at_work = list_owners(list_student_servers(plan))
    if at_work:
        err.print(f"Working now: {', '.join(at_work)}.")
    names = ", ".join(list_made_accounts(plan)) or "(none)"
    err.print(
        f"This stops the hub and removes {plan.folder} and the accounts {names} with "
        f"their homes. The course folder and the exchange are archived in {keep}."
    )
    if not yes:
        typer.confirm("Continue?", abort=True)
