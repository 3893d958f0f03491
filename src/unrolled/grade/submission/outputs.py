"""Verdicts as notebook outputs, in nbgrader's own terms.

An error output is no credit and no output is full credit, so SaveAutoGrades,
formgrader and the feedback pages work as they are.
"""

from __future__ import annotations

import textwrap
from typing import Any

from unrolled.grade.judge import CellVerdict
from unrolled.grade.submission.answers import is_picture

Output = dict[str, Any]
MAX_TEXT = 60_000
MAX_OUTPUTS = 60
WIDTH = 88
GUESS_PREFIX = "Likely cause: "


def make_check_outputs(verdict: CellVerdict) -> list[Output]:
    """The outputs of a check."""
    if verdict.passed and not verdict.message:
        return []
    if verdict.passed:
        return [{"output_type": "stream", "name": "stdout", "text": verdict.message}]
    error = {"output_type": "error", "ename": "CheckFailed", "evalue": verdict.message}
    return [{**error, "traceback": format_explanation(verdict).split("\n")}]


def format_explanation(verdict: CellVerdict) -> str:
    """What a student reads of a failed check: its name, the message, the hint."""
    lines = [f"{verdict.grade_id}: not passed (0 of {verdict.max_score:g} points)"]
    message = verdict.message.split("\n")
    if verdict.hint:  # the cause is known: no guess beside it
        message = [line for line in message if not line.startswith(GUESS_PREFIX)]
    lines += _wrap_lines("\n".join(message))
    if verdict.hint:
        lines += ["", *_wrap_lines(f"Hint: {verdict.hint}")]
    return "\n".join(lines)


def _wrap_lines(text: str) -> list[str]:
    return [part for line in text.split("\n") for part in textwrap.wrap(line, WIDTH)]


def sanitize_outputs(outputs: Any) -> list[Output]:
    """The outputs that a student's process claims, reduced to harmless ones."""
    if not isinstance(outputs, list):
        return []
    kept = [_sanitize_output(o) for o in outputs[:MAX_OUTPUTS] if isinstance(o, dict)]
    return _join_streams([o for o in kept if o])


def _join_streams(outputs: list[Output]) -> list[Output]:
    """Neighbouring pieces of one stream as one output: print writes in pieces."""
    joined: list[Output] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] = (last["text"] + output["text"])[:MAX_TEXT]
        else:
            joined.append(output)
    return joined


def _sanitize_output(output: Output) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        text = _clean_text(output.get("text"))
        return {"output_type": kind, "name": name, "text": text}
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else []
        return {
            "output_type": kind,
            "ename": _clean_text(output.get("ename"), 200),
            "evalue": _clean_text(output.get("evalue"), 1000),
            "traceback": [_clean_text(x, 2000) for x in lines[:40]],
        }
    if kind in ("display_data", "execute_result"):
        return _sanitize_rich(output.get("data"))
    return {}


def _sanitize_rich(data: Any) -> Output:
    if not isinstance(data, dict):
        return {}
    kept = {"text/plain": _clean_text(data.get("text/plain"))}
    if is_picture(data.get("image/png"), "image/png"):
        kept["image/png"] = data["image/png"]
    return {"output_type": "display_data", "data": kept, "metadata": {}}


def _clean_text(value: Any, limit: int = MAX_TEXT) -> str:
    text = value[:limit] if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")
