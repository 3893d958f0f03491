"""Jobs and results as bytes, for workers on other machines.

JSON, not pickle: another version of the package at the other end must give a clear
answer and no crash.
"""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from unrolled.assignment import Material
from unrolled.course import Limits
from unrolled.grade.scheduling.job import GradingJob, JobResult


class WireError(ValueError):
    """The bytes are no job or answer of this version of the grader."""


def encode_material(material: Material) -> bytes:
    """The trusted side of an assignment, compressed."""
    document = {f.name: getattr(material, f.name) for f in fields(material)}
    document["data"] = {n: _encode_bytes(data) for n, data in material.data.items()}
    return zlib.compress(json.dumps(document).encode(), 6)


@lru_cache(8)
def decode_material(data: bytes) -> Material:
    """The material; a worker keeps the last few, with what hangs on them."""
    document = json.loads(zlib.decompress(data))
    files = {name: _decode_bytes(text) for name, text in document.pop("data").items()}
    return Material(**document, data=files)


def encode_job(job: GradingJob) -> bytes:
    """All of a job but its material."""
    document = {
        "student": job.student,
        "name": job.name,
        "submission": _encode_bytes(job.submission),
        "seed": job.seed,
        "limits": asdict(job.limits),
    }
    return json.dumps(document).encode()


def decode_job(material: bytes, data: bytes) -> GradingJob:
    """The job; the seed is this student's only."""
    document = json.loads(data)
    document["submission"] = _decode_bytes(document["submission"])
    document["limits"] = Limits(**document["limits"])
    return GradingJob(material=decode_material(material), **document)


@dataclass(frozen=True)
class WorkerAnswer:
    """What a worker says: its version of everything that matters, and the result,
    or why it must not grade."""

    engine: str
    graded: JobResult | None
    unfit: str = ""


def encode_answer(answer: WorkerAnswer) -> bytes:
    """An answer as bytes."""
    graded = asdict(answer.graded) if answer.graded else None
    document = {"engine": answer.engine, "graded": graded, "unfit": answer.unfit}
    return json.dumps(document).encode()


def decode_answer(data: Any, job: GradingJob) -> WorkerAnswer:
    """A worker's answer to a job; WireError if it is none to this job."""
    try:
        document = json.loads(data)
        engine, unfit = str(document["engine"]), str(document["unfit"])
        result = document["graded"]
        graded = None if result is None else _parse_result(**result)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WireError(
            f"its answer is not one that `unrolled worker` gives ({error})"
        ) from error
    if graded is not None:
        _validate_result(graded, job)
    return WorkerAnswer(engine, graded, unfit)


def _parse_result(
    student: str,
    reason: str,
    notebook: str,
    scores: dict[str, float | None],
    comments: dict[str, str | None],
) -> JobResult:
    """A result whose parts are of the kinds they should be; TypeError else."""
    if any(type(text) is not str for text in (student, reason, notebook)):
        raise TypeError("student, reason or notebook is not a string")
    number, text = (int, float, type(None)), (str, type(None))
    if any(type(score) not in number for score in dict.values(scores)):
        raise TypeError("a score is not a number")
    if any(type(comment) not in text for comment in dict.values(comments)):
        raise TypeError("a comment is not a string")
    texts = {"student": student, "reason": reason, "notebook": notebook}
    return JobResult(**texts, scores=scores, comments=comments)


def _validate_result(graded: JobResult, job: GradingJob) -> None:
    """Whether a result can be one of this job; scores stay within their cells."""
    if graded.student != job.student:
        raise WireError(f"it answered for {graded.student!r}, not {job.student!r}")
    if graded.reason:
        return
    points = {c.grade_id: c.points for c in job.material.release_cells if c.graded}
    if graded.scores.keys() != points.keys():
        raise WireError("the cells of its result are not those of the assignment")
    for name, score in graded.scores.items():
        if score is not None and not 0 <= score <= points[name]:
            raise WireError(f"it gives {score:g} of {points[name]:g} for {name}")
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        if "verdict" in graded.details():
            return
    raise WireError("its result has no graded notebook")


def _encode_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
