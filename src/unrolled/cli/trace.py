"""The command `unrolled trace`: options only."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from unrolled.cli.shared import Force, Json, err, open_course, out, print_json


class Clock(Enum):
    """What a trace's seconds are."""

    wall = "wall"
    cpu = "cpu"


def trace(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="The file; else the one of lesson 07_hardware."),
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="Measured runs of each training step.")
    ] = 9,
    warmup: Annotated[
        int, typer.Option(min=0, help="Unmeasured runs before them.")
    ] = 3,
    limit: Annotated[
        int | None, typer.Option(min=8, help="Leave out sizes above this one.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of the CPU; else all cores.")
    ] = None,
    clock: Annotated[
        Clock,
        typer.Option(
            help="Seconds on the wall, or of the processor (a shared machine, no GPU).",
        ),
    ] = Clock.wall,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Record how long training steps take on this CPU and, if there is one, its GPU.

    The lesson 07_hardware shows this trace. Take a machine that does nothing else; on
    a GPU, calls of the fused kernel are counted. Takes a few minutes.
    """
    from unrolled.report.progress import show_progress
    from unrolled.trace import TraceReport
    from unrolled.trace.record import (
        TraceSettings,
        load_lesson_names,
        locate_trace,
        record_trace,
        refuse_overwrite,
        write_trace,
    )

    course = open_course(context)
    path = (to or locate_trace(course)).resolve()
    refuse_overwrite(path, force=force)
    settings = TraceSettings(
        warmup=warmup,
        repeat=repeat,
        limit=limit,
        threads=threads,
        clock=clock.value,
    )
    with show_progress(err, "trace") as step:
        document = record_trace(load_lesson_names(course), settings, step)
    write_trace(document, path)
    report = TraceReport(document, path)
    if as_json:
        print_json(report.as_dict())
    else:
        out.print(report.as_text(), markup=False, soft_wrap=True)
    raise typer.Exit(1 if report.proved is False else 0)
