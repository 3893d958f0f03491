"""The commands `unrolled trace` and `unrolled live`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from unrolled.cli.shared import Force, Json, err, open_course, out, print_result

Out = Annotated[
    Path | None,
    typer.Option("--out", help="The file. Default: the one of lesson 07_hardware."),
]
Limit = Annotated[int | None, typer.Option(min=8, help="Leave out larger sizes.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of the CPU. Default: all cores.")
]
ClockOption = Annotated[
    Literal["wall", "cpu"],
    typer.Option(
        help="Wall-clock seconds, or processor seconds (for a shared machine without "
        "a GPU)."
    ),
]


def trace(
    context: typer.Context,
    *,
    to: Out = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="Measured runs of each training step.")
    ] = 9,
    warmup: Annotated[
        int, typer.Option(min=0, help="Unmeasured runs before those.")
    ] = 3,
    limit: Limit = None,
    threads: Threads = None,
    clock: ClockOption = "wall",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Record how long training steps take on this CPU and, if there is one, its GPU.

    Lesson 07_hardware shows this trace. Use a machine that does nothing else. On a GPU
    it also counts the calls of the fused kernel. It takes a few minutes.
    """
    from unrolled.report import show_progress
    from unrolled.trace import record

    course = open_course(context)
    path = (to or record.locate_trace(course)).resolve()
    record.refuse_overwrite(path, force=force)
    settings = record.TraceSettings(
        warmup=warmup, repeat=repeat, limit=limit, threads=threads, clock=clock
    )
    with show_progress(err, "trace") as step:
        names = record.load_lesson_names(course)
        document = record.record_trace(names, settings, step)
    record.write_trace(document, path)
    report = record.TraceReport(document, path)
    print_result(report.as_dict(), Text(report.as_text()), as_json=as_json)
    raise typer.Exit(1 if report.proved is False else 0)


def live(
    context: typer.Context,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Default: build/live/cpu_against_gpu.ipynb."),
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Run it now, without a browser, and write a page."
        ),
    ] = False,
    no_lab: Annotated[
        bool, typer.Option("--no-lab", help="Write the notebook, and start nothing.")
    ] = False,
    force: Force = False,
) -> None:
    """Show Keras on the CPU against the GPU in the lecture: a notebook, two minutes.

    It needs no solved exercise, and runs on a laptop as on a machine with a GPU, which
    it then measures. JupyterLab opens on it; Ctrl-C stops that.
    """
    from unrolled.trace import live as demo

    course = open_course(context)
    notebook = demo.prepare_demo(
        course, (to or course.root / demo.NOTEBOOK).resolve(), force=force
    )
    out.print(Text(str(notebook)), soft_wrap=True)
    if rehearse:
        with err.status("running the demo ..."):
            done = demo.rehearse_demo(notebook)
        out.print(Text(f"{done.page}: {done.seconds:.0f} s"), soft_wrap=True)
    elif not no_lab:
        raise typer.Exit(demo.open_in_lab(notebook))
