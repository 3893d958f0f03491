"""Asking for warm judges: a run of grading takes them where there are some."""

from __future__ import annotations

import contextlib
import json

from unrolled.assignment import Material
from unrolled.course import Course
from unrolled.grade.scheduling import compute_engine_digest
from unrolled.grade.scheduling.pool import JudgeClient
from unrolled.grade.warm.address import connect
from unrolled.grade.warm.freshness import describe_process

MAX_ANSWER = 4096
ANSWER_SECONDS = 5.0


def find_warm_judges(
    course: Course, material: Material
) -> tuple[JudgeClient, str] | None:
    """Who has warm judges for this course, and the tier of their sandbox.

    None where nobody has, or other code, or another sandbox: then a run has judges of
    its own. The judges themselves are the same ones, forked a little earlier.
    """
    call = connect(course.root)
    if call is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        hello = {
            "hello": describe_process(),
            "engine": compute_engine_digest(),
            "assignment": material.assignment,
            "material": material.digest,
        }
        call.settimeout(ANSWER_SECONDS)
        call.send(json.dumps(hello).encode())
        tier = json.loads(call.recv(MAX_ANSWER))["tier"]
        if isinstance(tier, str):
            return JudgeClient(call), tier
    call.close()
    return None
