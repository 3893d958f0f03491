"""Which tiers of the sandbox start on this machine, asked once for all tests."""

from __future__ import annotations

from functools import cache

from unrolled.grade.doctor.doctor import check_start
from unrolled.grade.worker.errors import GradingError
from unrolled.grade.worker.zygote_worker import ZygoteWorker
from unrolled.sandbox.isolate import Tier


@cache
def starts(tier: Tier) -> bool:
    """Whether a tier starts here; what it holds is the doctor's to try."""
    try:
        with ZygoteWorker(tier) as worker:
            check_start(worker)
    except GradingError:
        return False
    return True
