"""The student's notebook session: IPython without a kernel, with capped outputs."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import random
import re
import sys
import traceback
import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def make_child_shell(*, warm: bool) -> StudentShell:
    """A shell; a warm one has the usual libraries imported and used once."""
    drop_working_folder_from_path()
    shell = make_shell()
    shell.enable_matplotlib("inline")  # figures as in Jupyter: shown after their cell
    if warm:
        run_cell(shell, _WARM_UP)
        run_cell(shell, "1 / 0")
        shell.reset(new_session=True)
    random.seed(0)  # forks inherit it
    np.random.seed(0)
    return shell


_WARM_UP = """
import numpy as np, numpy.testing, unittest
import matplotlib.pyplot as plt
from unrolled.lab import check, explore, show, style
fig, ax = plt.subplots(); ax.plot([0, 1])
"""


MAX_STREAM = 50_000
MAX_OUTPUTS = 100
MAX_PICTURE = 2**20
_CELL_NAME = re.compile(r"<ipython-input-(\d+)-")

Output = dict[str, Any]


@dataclass
class OutputRecorder:
    """Collects the outputs of the cell that runs, in the order in which they came."""

    outputs: list[Output] = field(default_factory=list)
    room: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    displays: dict[str, Output] = field(default_factory=dict)

    def display(self, data: Output, name: str | None, *, update: bool) -> None:
        """Show a bundle; an update takes the place of what it names, in this cell."""
        if update:
            if name in self.displays:
                self.displays[name]["data"] = data
            return
        output: Output = {"output_type": "display_data", "data": data}
        if name is not None:
            self.displays[name] = output
        self.add(output)

    def add(self, output: Output) -> None:
        """Keep an output unless the cell has shown too many already."""
        if len(self.outputs) < MAX_OUTPUTS:
            self.outputs.append(output)

    def write(self, name: str, text: str) -> None:
        """Keep what still fits of a stream's text, joined to what it wrote last."""
        room = self.room.setdefault(name, MAX_STREAM)
        fits = text[:room]
        self.room[name] -= len(fits)
        self.dropped[name] = self.dropped.get(name, 0) + len(text) - len(fits)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") == name:
            last["text"] += fits
        elif fits:
            self.add({"output_type": "stream", "name": name, "text": fits})

    def finish(self) -> list[Output]:
        """All outputs; where a stream was cut, a line says how much is missing."""
        for name, count in self.dropped.items():
            if count:
                text = f"\n... {count} more characters"
                self.outputs.append(
                    {"output_type": "stream", "name": name, "text": text}
                )
        return self.outputs


class _RecordedStream(io.TextIOBase):
    """Standard output or error of a cell."""

    def __init__(self, recorder: OutputRecorder, name: str) -> None:
        super().__init__()
        self.recorder = recorder
        self.stream = name

    def writable(self) -> bool:
        """Whether the stream takes text: yes."""
        return True

    def write(self, text: str) -> int:
        """Hand the text to the recorder."""
        self.recorder.write(self.stream, text)
        return len(text)


def _filter_bundle(data: Any) -> Output:
    """Only text and PNG pictures of a bundle; anything else may hold a script."""
    bundle: Output = {}
    for kind, limit in (("text/plain", MAX_STREAM), ("image/png", MAX_PICTURE)):
        content = data.get(kind) if isinstance(data, dict) else None
        if isinstance(content, str) and len(content) <= limit:
            bundle[kind] = content
    return bundle


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    recorder: OutputRecorder | None = None

    def publish(self, data: Any, *_: Any, **more: Any) -> None:
        bundle = _filter_bundle(data)
        if bundle and self.recorder is not None:
            transient = more.get("transient")
            name = transient.get("display_id") if isinstance(transient, dict) else None
            name = name if isinstance(name, str) else None
            self.recorder.display(bundle, name, update=bool(more.get("update")))

    def clear_output(self, *_: Any, **__: Any) -> None:
        """What was shown stays."""


class _Hook(DisplayHook):  # type: ignore[misc]
    recorder: OutputRecorder | None = None

    def write_output_prompt(self) -> None:
        """The prompt belongs to a terminal."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        del md_dict
        bundle = _filter_bundle(format_dict)
        if bundle and self.recorder is not None:
            self.recorder.add({"output_type": "execute_result", "data": bundle})

    def finish_displayhook(self) -> None:
        """Nothing to end: no prompt was begun."""


class StudentShell(InteractiveShell):  # type: ignore[misc]
    """An IPython shell that records outputs instead of printing them."""

    displayhook_class = _Hook
    display_pub_class = _Publisher
    recorder: OutputRecorder = OutputRecorder()

    def start_recording(self) -> OutputRecorder:
        """Begin a new cell's outputs."""
        self.recorder = OutputRecorder()
        self.display_pub.recorder = self.recorder
        self.displayhook.recorder = self.recorder
        return self.recorder

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.recorder.add(
            {
                "output_type": "error",
                "ename": str(getattr(etype, "__name__", etype))[:200],
                "evalue": format_safely(evalue),
                "traceback": [str(line)[:2000] for line in list(stb)[-30:]],
            }
        )

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window to show anything in."""

    def ask_exit(self) -> None:
        """exit() ends nothing here."""


def format_safely(value: object, limit: int = 300) -> str:
    """str(value), shortened; an object that cannot say what it is stays silent."""
    try:
        return str(value)[:limit]
    except BaseException:
        return ""


class QuickTransformer(TransformerManager):  # type: ignore[misc]
    """IPython's own, without its search for magics in what is plain Python already."""

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """Each of them mends what is no Python (`%time f()`, `x = !ls`, `f?`)."""
        try:
            ast.parse("".join(lines))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            mended: list[str] = super().do_token_transforms(lines)
            return mended
        return lines


def make_shell() -> StudentShell:
    """A shell that leaves no history and writes no profile."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.autoindent = False
    shell: StudentShell = StudentShell.instance(config=config)
    shell.input_transformer_manager = QuickTransformer()
    shell.start_recording()
    return shell


def run_cell(
    shell: StudentShell, source: str
) -> tuple[BaseException | None, list[Output]]:
    """Run a cell: what stopped it, if anything did, and its nbformat outputs."""
    recorder = shell.start_recording()
    out, err = _RecordedStream(recorder, "stdout"), _RecordedStream(recorder, "stderr")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        result = shell.run_cell(source, store_history=True)
    return result.error_before_exec or result.error_in_exec, recorder.finish()


def find_operand_shapes(error: BaseException) -> list[list[int]]:
    """The shapes of both sides of the `@` at which it was raised, if they are names."""
    try:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        *_, summary = traceback.extract_tb(error.__traceback__)
        source = "".join(linecache.getlines(frame.f_code.co_filename))
        node = _find_product(ast.parse(source), summary)
        sides = (node.left, node.right)
        return [_read_shape(side, frame) for side in sides]
    except Exception:
        return []


def _find_product(tree: ast.AST, where: traceback.FrameSummary) -> ast.BinOp:
    """The product at the place of a traceback; StopIteration if there is none."""
    span = (where.lineno, where.colno, where.end_lineno, where.end_colno)
    return next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
        if (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset) == span
    )


def _read_shape(side: ast.expr, frame: types.FrameType) -> list[int]:
    """The shape of a variable, or of an item or attribute of it; of no call."""
    if any(isinstance(node, ast.Call | ast.Await) for node in ast.walk(side)):
        raise ValueError("a call may do something")
    code = compile(ast.Expression(side), "<operand>", "eval")
    return [int(n) for n in eval(code, frame.f_globals, frame.f_locals).shape]


def find_notebook_frames(error: BaseException) -> list[tuple[int, int]]:
    """(execution count, line) of each frame of `error` that is notebook code."""
    lines = []
    for frame in traceback.extract_tb(error.__traceback__)[-50:]:
        match = _CELL_NAME.match(frame.filename)
        if match and frame.lineno is not None:
            lines.append((int(match.group(1)), frame.lineno))
    return lines


def drop_working_folder_from_path() -> None:
    """A file of the student must not shadow a library."""
    sys.path[:] = [entry for entry in sys.path if entry not in ("", ".")]
