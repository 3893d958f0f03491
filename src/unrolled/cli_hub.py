"""The commands of the hub: options only."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from unrolled.cli_common import Json, err, out, print_json, the_course
from unrolled.hub.plan import HubPlan, load_plan, make_plan

hub = typer.Typer(invoke_without_command=True)


def _plan(context: typer.Context) -> HubPlan:
    """The plan of the hub that was started, found by course.toml."""
    return load_plan(make_plan(the_course(context)).folder)


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
    from unrolled.hub.running import RunningHub
    from unrolled.hub.start import prepare
    from unrolled.hub.system import require_root
    from unrolled.report.hub import welcome

    require_root("unrolled hub")
    course = the_course(context)
    with err.status("preparing ...") as status:
        prepared = prepare(course, lambda what: status.update(f"{what} ..."))
        status.update("starting the hub ...")
        with _stoppable(), RunningHub(prepared.plan) as running:
            status.stop()
            out.print(welcome(prepared))
            running.wait()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what is inside, tidily; a second one is not heard."""

    def stop(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        err.print("the hub is stopped; what students saved and handed in is kept.")


@hub.command()
def check(context: typer.Context, as_json: Json = False) -> None:
    """Look whether the running hub is as it should be; exit 1 if something is not.

    It tries: addresses, permissions, who is who, extensions, the sandbox, and
    whether a student can read another's work. What fails comes with how to mend it.
    """
    from unrolled.hub.check import check_hub
    from unrolled.hub.system import require_root
    from unrolled.report.hub import check_table

    require_root("unrolled hub check")
    with err.status("looking ..."):
        found = check_hub(_plan(context))
    print_json(found.as_dict()) if as_json else out.print(check_table(found))
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
) -> None:
    """Stop a hub, and whatever a killed one has left running."""
    from unrolled.hub.running import down as stop
    from unrolled.hub.system import require_root

    require_root("unrolled hub down")
    plan = _plan(context)
    keep = the_course(context).build / "hub"
    if purge:
        _agree_to_purge(plan, keep, yes)
    with err.status("stopping ..."):
        ran = stop(plan)
    err.print("stopped." if ran else "no hub was running.")
    if purge:
        from unrolled.hub.start import purge as remove

        err.print(f"removed; archive: {remove(plan, keep)}", soft_wrap=True)
        for path in sorted(plan.folder.glob("*")):
            err.print(f"not the hub's, left there: {path}", soft_wrap=True)


def _agree_to_purge(plan: HubPlan, keep: Path, yes: bool) -> None:
    """Say what goes, and ask while everything still runs; No stops nothing."""
    from unrolled.hub.accounts import made_accounts

    names = ", ".join(made_accounts(plan)) or "(none)"
    err.print(
        f"This stops the hub and removes {plan.folder} and the accounts {names} with "
        f"their homes. The course folder and the exchange go to an archive in {keep}.",
        soft_wrap=True,
    )
    if not yes:
        typer.confirm("Go on?", abort=True)
