"""What runs on a worker of a cluster: one job, in a judge process of its own.

The sandbox holds here as well: the first job on a worker tries it, and a worker
where it does not hold says so and grades nothing.
"""

from __future__ import annotations

import atexit
import threading

from unrolled.errors import UserError
from unrolled.grade.engine import engine_digest
from unrolled.grade.parcel import Answer, pack_answer, unpack_job
from unrolled.grade.pool import JudgePool

_mine = threading.local()


def grade_far(material: bytes, job: bytes, allow_weak: bool) -> bytes:
    """Grade a job; the answer as bytes, whatever happens."""
    try:
        (graded,) = _pool(allow_weak).run([unpack_job(material, job)])
    except UserError as error:
        return pack_answer(Answer(engine_digest(), None, str(error)))
    return pack_answer(Answer(engine_digest(), graded))


def _pool(allow_weak: bool) -> JudgePool:
    """This thread's judge, kept warm until the worker ends."""
    found: JudgePool | None = getattr(_mine, "pool", None)
    if found is None or found.allow_weak != allow_weak:
        found = _mine.pool = JudgePool(1, allow_weak)
        atexit.register(found.__exit__)
    return found
