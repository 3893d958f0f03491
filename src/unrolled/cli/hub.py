"""The commands of the hub: options only."""

from __future__ import annotations

import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unrolled.cli.shared import Json, err, open_course, out, print_report
from unrolled.errors import UserError
from unrolled.hub import HubPlan, load_plan, make_plan
from unrolled.report import StatusLine

if TYPE_CHECKING:
    from unrolled.hub.setup import PreparedHub, RunningHub


hub = typer.Typer(invoke_without_command=True)


def _load_plan(context: typer.Context) -> HubPlan:
    """The plan of the hub that was started, found by course.toml."""
    return load_plan(make_plan(open_course(context)).folder)


@hub.callback()
def start(context: typer.Context) -> None:
    """A JupyterHub for the course on this machine: starts it; Ctrl-C stops it.

    As root, on Debian or Ubuntu. It installs what is missing, makes an account for
    everybody and one for the grader, copies the course to the grader's home (the
    first time), and starts the hub on loopback. `[hub]` in course.toml says who is
    who; docs/hub.md tells the rest.
    """
    if context.invoked_subcommand is not None:
        return
    from unrolled.hub.commands import require_root
    from unrolled.hub.setup import prepare_hub

    require_root("unrolled hub")
    with StatusLine(err) as talk:
        prepared = prepare_hub(open_course(context), talk.say)
    with _Signals() as signals:
        while True:
            prepared = _run(context, prepared, signals)


def _run(
    context: typer.Context, prepared: PreparedHub, signals: _Signals
) -> PreparedHub:
    """Run the hub until it must start anew; what it starts with then."""
    from unrolled.hub.setup import RunningHub
    from unrolled.report.hub import render_welcome

    with ExitStack() as stack:
        with StatusLine(err) as talk:
            talk.say("starting the hub")
            running = RunningHub(prepared.plan, _tell, signals.hurried)
            stack.enter_context(running)
        out.print(render_welcome(prepared))
        again = _wait_for_restart(context, running, signals)
        running.keep_servers = True
    return again


def _wait_for_restart(
    context: typer.Context, running: RunningHub, signals: _Signals
) -> PreparedHub:
    """Wait until a restart is asked for, and make ready for it.

    A course.toml that is wrong stops nothing: the hub runs on as it was.
    """
    from unrolled.hub.setup import prepare_hub
    from unrolled.hub.setup.process import READY_FILE

    while True:
        running.wait(signals.has_restart_request)
        try:
            with StatusLine(err) as talk:
                prepared = prepare_hub(open_course(context), talk.say, running.plan)
        except UserError as error:
            _tell(f"no restart: {error}")
            (running.plan.state / READY_FILE).write_text(str(error), encoding="utf-8")
        else:
            _tell("the hub starts anew; people's servers run on")
            return prepared


def _tell(what: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        err.print(what, markup=False, highlight=False, soft_wrap=True)


class _Signals:
    """What Ctrl-C, SIGTERM and SIGUSR1 ask for.

    The first of Ctrl-C and SIGTERM stops the hub tidily, a second one at once; SIGUSR1
    (`unrolled hub restart`) starts it anew.
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
        _tell("the hub is stopped; what students saved and handed in is kept.")
        return True

    def _stop(self, number: int, frame: Any) -> None:
        self.stops += 1
        if self.stops == 1:
            raise KeyboardInterrupt

    def _restart(self, number: int, frame: Any) -> None:
        self.restarts += 1

    def hurried(self) -> bool:
        """Whether somebody does not want to wait."""
        return self.stops > 1

    def has_restart_request(self) -> bool:
        """Whether a restart was asked for since this was last called."""
        asked, self.restarts = self.restarts > 0, 0
        return asked


@hub.command()
def restart(context: typer.Context) -> None:
    """Read course.toml again and start the hub anew; people's servers run on.

    Pages do not answer for some seconds; notebooks and kernels go on, and JupyterLab
    connects again by itself.
    """
    from unrolled.hub.commands import require_root
    from unrolled.hub.setup import restart_hub as again

    require_root("unrolled hub restart")
    with StatusLine(err) as talk:
        talk.say("starting the hub anew")
        names = again(_load_plan(context))
    told = f"; {len(names)} at work went on: {', '.join(names)}" if names else ""
    err.print(f"the hub is ready{told}.", soft_wrap=True)


@hub.command()
def check(context: typer.Context, as_json: Json = False) -> None:
    """Look whether the running hub is as it should be; exit 1 if something is not.

    It tries: addresses, permissions, who is who, extensions, the sandbox, and
    whether a student can read another's work. What fails comes with how to mend it.
    """
    from unrolled.hub.check.check import check_hub
    from unrolled.hub.commands import require_root
    from unrolled.report.hub import render_hub_check

    require_root("unrolled hub check")
    with StatusLine(err) as talk:
        talk.say("looking")
        found = check_hub(_load_plan(context))
    print_report(found, render_hub_check, as_json=as_json)
    raise typer.Exit(0 if found.passed else 1)


@hub.command()
def down(
    context: typer.Context,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge",
            help="Also remove the hub's folder and the accounts it made, with their "
            "homes. Asks first; the course folder is kept in an archive.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Give those who work no time to save.")
    ] = False,
) -> None:
    """Stop a hub, and whatever a killed one has left running.

    Whoever works is warned, and has `stop_seconds` of [hub] in course.toml to save.
    """
    from unrolled.hub.commands import require_root
    from unrolled.hub.setup import stop_hub as stop

    require_root("unrolled hub down")
    plan = _load_plan(context)
    keep = open_course(context).build / "hub"
    if purge:
        _confirm_purge(plan, keep, yes)
    with StatusLine(err) as talk:
        talk.say(_describe_stop(plan, now))
        ran = stop(plan, now=now)
    err.print("stopped." if ran else "no hub was running.")
    if purge:
        from unrolled.hub.setup import purge_hub as remove

        err.print(f"removed; archive: {remove(plan, keep)}", soft_wrap=True)
        for path in sorted(plan.folder.glob("*")):
            err.print(f"not the hub's, left there: {path}", soft_wrap=True)


def _describe_stop(plan: HubPlan, now: bool) -> str:
    from unrolled.hub.servers import list_owners, list_student_servers

    names = list_owners(list_student_servers(plan))
    if not names or now:
        return "stopping"
    return f"stopping; {len(names)} at work have {plan.stop_seconds} s to save"


def _confirm_purge(plan: HubPlan, keep: Path, yes: bool) -> None:
    """Say what goes, and ask while everything still runs; No stops nothing."""
    from unrolled.hub.accounts import list_made_accounts
    from unrolled.hub.servers import list_owners, list_student_servers

    at_work = list_owners(list_student_servers(plan))
    if at_work:
        err.print(f"At work now: {', '.join(at_work)}.", soft_wrap=True)
    names = ", ".join(list_made_accounts(plan)) or "(none)"
    err.print(
        f"This stops the hub and removes {plan.folder} and the accounts {names} with "
        f"their homes. The course folder and the exchange go to an archive in {keep}.",
        soft_wrap=True,
    )
    if not yes:
        typer.confirm("Go on?", abort=True)
